"""Logging, warnings and context as they were before a test.

What telemetry itself has installed stays in force, because it is one per process: a test that starts or
ends it has done so for those after it too, as the service does.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context
from opentelemetry import trace

from ameide_telemetry.testing.loggers import (
    Installation,
    LoggerState,
    installation_of,
    is_pytest,
    lasting,
    logger_states,
    restore_loggers,
    with_ours,
)
from ameide_telemetry.testing.routes import lines, spans
from ameide_telemetry.testing.variables import restore_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextvars import ContextVar

__all__ = ["Before", "without_foreign_span"]

_NOBODY: Final = installation_of(None)


class Before:
    """How it was.

    Args:
        stay: pytest's own handlers that are there between tests; its others come and go by themselves.
    """

    def __init__(self, stay: Collection[logging.Handler]) -> None:
        self._stay = stay
        root, stand_in = logging.getLogger(), lines.StandIn.current()
        self._installation = installation_of(lines.current_installation())
        standing = installation_of(stand_in)
        present = lasting(root.handlers, stay)
        # What stands in for the length of a test is none of what was there before.
        self._handlers = standing.handlers_in(_NOBODY, present) if stand_in is not None else present
        self._level = lines.StandIn.root_level(root.level)
        self._filters = tuple(root.filters)
        self._loggers = _without(standing, logger_states(stay))
        self._off = logging.root.manager.disable
        self._warnings = list(warnings.filters)
        self._context = otel_context.get_current()
        self._variables = copy_context()

    def restore(self) -> list[ContextVar[Any]]:
        """Make it so again; return the context variables that nobody can unset."""
        self._restore_warnings()
        if logging.root.manager.disable != self._off:
            logging.disable(self._off)
        now = installation_of(lines.current_installation())
        self._restore_root(now)
        restore_loggers(self._loggers, self._stay, self._installation, now)
        if otel_context.get_current() is not self._context:
            otel_context.attach(self._context)
        return restore_variables(self._variables)

    def _restore_warnings(self) -> None:
        if warnings.filters != self._warnings:
            warnings.filters[:] = self._warnings  # type: ignore[index]
            # Entering and leaving one makes the interpreter forget what it has worked out.
            with warnings.catch_warnings():
                pass

    def _restore_root(self, now: Installation) -> None:
        root = logging.getLogger()
        before = self._installation.handlers_in(now, self._handlers)
        kept = [
            each for each in root.handlers if (lines.is_ours(each) or is_pytest(each)) and each not in before
        ]
        # In place: others hold on to the lists.
        if root.handlers != [*before, *kept]:
            root.handlers[:] = [*before, *kept]
        if root.filters != (filters := with_ours(self._filters, root.filters)):
            root.filters[:] = filters
        if now.identity == self._installation.identity and root.level != self._level:
            root.setLevel(self._level)


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


def _without(standing: Installation, states: dict[str, LoggerState]) -> dict[str, LoggerState]:
    """Return the states of loggers without what a log side has done to them."""
    return {
        name: state._replace(
            level=logging.NOTSET if name in standing.quietened else state.level,
            handlers=tuple(standing.handlers_in(_NOBODY, state.handlers))
            if standing.replaced
            else state.handlers,
        )
        for name, state in states.items()
    }
