"""Loggers other than the root as they were before a test, and what our log side has changed of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.testing.routes import lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ameide_telemetry.logs.installation import LogInstallation

__all__ = [
    "Installation",
    "LoggerState",
    "installation_of",
    "is_pytest",
    "lasting",
    "logger_states",
    "restore_loggers",
    "with_ours",
]

_PACKAGE: Final = "ameide_telemetry."


class LoggerState(NamedTuple):
    """What a test can change of a logger; by default that of a new one.

    Attributes:
        level: its own.
        propagate: whether its records go on to its parents.
        disabled: whether it is off.
        handlers: its own.
        filters: likewise.
    """

    level: int = logging.NOTSET
    propagate: bool = True
    disabled: bool = False
    handlers: tuple[logging.Handler, ...] = ()
    filters: tuple[Any, ...] = ()


_NEW: Final = LoggerState()


class Installation(NamedTuple):
    """Our log side at one time.

    Attributes:
        identity: which one it is, and whether it was in force.
        replaced: the service's handlers by those of ours that stand in their places.
        quietened: names of loggers whose level it has set.
    """

    identity: tuple[int, bool]
    replaced: dict[logging.Handler, logging.Handler]
    quietened: frozenset[str]

    def handlers_in(self, now: Installation, handlers: Iterable[logging.Handler]) -> list[logging.Handler]:
        """Return handlers of the time of this one as they are where `now` is in force."""
        if now.identity == self.identity:
            return list(handlers)
        instead = {theirs: ours for ours, theirs in now.replaced.items()}
        own = [self.replaced.get(each, each) for each in handlers]
        return [instead.get(each, each) for each in own if not lines.is_ours(each)]


def installation_of(current: LogInstallation | None) -> Installation:
    """Return what there is to know of a log side; None: there is none."""
    if current is None:
        return Installation((0, False), {}, frozenset())
    wiring = current._stdlib  # noqa: SLF001 nobody else knows
    return Installation(
        (id(current), current._installed),  # noqa: SLF001 likewise
        {ours: theirs for _, ours, theirs in wiring._replaced},  # noqa: SLF001 likewise
        frozenset(each.name for each in wiring._quietened),  # noqa: SLF001 likewise
    )


def lasting(handlers: Iterable[logging.Handler], stay: Collection[logging.Handler]) -> list[logging.Handler]:
    """Return handlers without those that pytest adds for a part of a test.

    Args:
        handlers: of one logger; pytest adds its own to the root and to loggers that do not propagate.
        stay: those of pytest that are there between tests.
    """
    return [each for each in handlers if each in stay or not is_pytest(each)]


def is_pytest(handler: logging.Handler) -> bool:
    """Return whether a handler is pytest's."""
    return type(handler).__module__.startswith("_pytest.")


def logger_states(stay: Collection[logging.Handler]) -> dict[str, LoggerState]:
    """Return the state of every logger that is not as a new one, without the root's.

    Args:
        stay: pytest's own handlers that are there between tests.
    """
    return {
        name: LoggerState(
            logger.level,
            logger.propagate,
            logger.disabled,
            tuple(lasting(logger.handlers, stay)),
            tuple(logger.filters),
        )
        for name, logger in tuple(logging.root.manager.loggerDict.items())
        # Nearly all are, and this runs twice for each test.
        if isinstance(logger, logging.Logger)
        and (logger.level or logger.handlers or logger.filters or logger.disabled or not logger.propagate)
    }


def restore_loggers(
    before: dict[str, LoggerState], stay: Collection[logging.Handler], was: Installation, now: Installation
) -> None:
    """Give every logger its state again; one that was made since has that of a new one.

    Args:
        before: the states as they were.
        stay: pytest's own handlers that are there between tests.
        was: the log side of then.
        now: that of now: what it has done to loggers stays.
    """
    present = logger_states(stay)
    renewed = was.identity != now.identity
    if present == before and not renewed:
        return
    kept = was.quietened | now.quietened if renewed else frozenset()
    for name in present.keys() | before.keys():
        state = before.get(name, _NEW)
        logger = logging.getLogger(name)
        if logger.level != state.level and name not in kept:
            logger.setLevel(state.level)
        logger.propagate, logger.disabled = state.propagate, state.disabled
        # In place: others hold on to the lists.
        handlers = was.handlers_in(now, state.handlers)
        theirs = [each for each in logger.handlers if is_pytest(each) and each not in handlers]
        _exchange(logger.handlers, [*handlers, *theirs])
        _exchange(logger.filters, with_ours(state.filters, logger.filters))


def with_ours(before: Iterable[Any], now: Iterable[Any]) -> list[Any]:
    """Return filters as they were, but those of our log side as they are."""
    return [*(each for each in before if not _is_ours(each)), *(each for each in now if _is_ours(each))]


def _exchange(items: list[Any], wanted: list[Any]) -> None:
    if items != wanted:
        items[:] = wanted


def _is_ours(accept: Any) -> bool:
    module = getattr(accept, "__module__", None)
    return isinstance(module, str) and module.startswith(_PACKAGE)
