"""Logging, warnings and context as they were before a test.

What telemetry itself has installed stays in force, because it is one per process: a test that starts or
ends it has done so for those after it too, as the service does.
"""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context
from opentelemetry import trace

from ameide_telemetry.testing.routes import lines, spans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Before", "before_test", "without_foreign_span"]

_STRUCTLOG: Final = "structlog.contextvars"


@dataclass(slots=True)
class Before:
    """How it was.

    Attributes:
        handlers: of the root logger.
        levels: of every logger that has one.
        disabled: the level of `logging.disable`.
        filters: of warnings.
        context: of OpenTelemetry; tenant, request and session are in it.
        bound: what structlog's context variables held.
        installation: our log side, and whether it was in force.
    """

    handlers: list[logging.Handler]
    levels: dict[str, int]
    disabled: int
    filters: list[Any]
    context: Any
    bound: dict[str, Any]
    installation: tuple[Any, bool]

    def restore(self) -> None:
        """Make it so again."""
        _restore_context(self)
        if warnings.filters != self.filters:
            warnings.filters[:] = self.filters  # type: ignore[index]
            # Entering and leaving one makes the interpreter forget what it has worked out.
            with warnings.catch_warnings():
                pass
        logging.disable(self.disabled)
        root = logging.getLogger()
        changed = _installation() != self.installation
        kept = [
            each
            for each in root.handlers
            if (lines.is_ours(each) or _is_pytest(each)) and each not in self.handlers
        ]
        before = [each for each in self.handlers if not (changed and lines.is_ours(each))]
        # In place: others hold on to the list.
        if root.handlers != [*before, *kept]:
            root.handlers[:] = [*before, *kept]
        _restore_levels(self.levels, root=not changed)


def before_test(stay: Collection[logging.Handler]) -> Before:
    """Return how it is now.

    Args:
        stay: pytest's own handlers that are there between tests; its others come and go by themselves.
    """
    return Before(
        handlers=[each for each in logging.getLogger().handlers if each in stay or not _is_pytest(each)],
        levels=_levels(),
        disabled=logging.root.manager.disable,
        filters=list(warnings.filters),
        context=otel_context.get_current(),
        bound=_bound(),
        installation=_installation(),
    )


@contextmanager
def without_foreign_span() -> Iterator[None]:
    """Run the block without the span that a plugin has started for the test, so that it is no parent."""
    span = trace.get_current_span()
    if not span.get_span_context().is_valid or not spans.is_apart(span):
        yield
        return
    token = otel_context.attach(trace.set_span_in_context(trace.INVALID_SPAN))
    try:
        yield
    finally:
        otel_context.detach(token)


def _is_pytest(handler: logging.Handler) -> bool:
    return type(handler).__module__.startswith("_pytest.")


def _installation() -> tuple[Any, bool]:
    current = lines.current_installation()
    return id(current), current is not None and current._installed  # noqa: SLF001


def _levels() -> dict[str, int]:
    found = {
        name: logger.level
        for name, logger in list(logging.root.manager.loggerDict.items())
        if isinstance(logger, logging.Logger) and logger.level
    }
    return {"": logging.root.level, **found}


def _restore_levels(before: dict[str, int], *, root: bool) -> None:
    now = _levels()
    if now == before:
        return
    for name in now.keys() | before.keys():
        if name and now.get(name, 0) != before.get(name, 0):
            logging.getLogger(name).setLevel(before.get(name, 0))
    if root and now[""] != before[""]:
        logging.root.setLevel(before[""])


def _bound() -> dict[str, Any]:
    variables: Any = sys.modules.get(_STRUCTLOG)
    return {} if variables is None else dict(variables.get_contextvars())


def _restore_context(before: Before) -> None:
    if otel_context.get_current() is not before.context:
        otel_context.attach(before.context)
    variables: Any = sys.modules.get(_STRUCTLOG)
    if variables is not None and variables.get_contextvars() != before.bound:
        variables.clear_contextvars()
        variables.bind_contextvars(**before.bound)
