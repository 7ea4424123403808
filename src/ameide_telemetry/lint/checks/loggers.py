"""The log calls of a file, whichever library they go through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ameide_telemetry.lint.checks.making import argument
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from ameide_telemetry.lint.names import Names, Use
    from ameide_telemetry.lint.scopes import Call
    from ameide_telemetry.lint.source import Parsed

__all__ = ["NEEDLES", "LogCall", "library_of", "log_calls"]

_Library = Literal["logging", "structlog", "loguru", "unknown"]
_METHODS: Final = frozenset(
    {
        *("debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "msg"),
        *("adebug", "ainfo", "awarning", "aerror", "aexception", "acritical", "alog", "success", "trace"),
    }
)
_ADAPTER: Final = "logging.LoggerAdapter()"
_WITH_LEVEL: Final = frozenset({"log", "alog"})
_LIBRARIES: Final[dict[str, _Library]] = {
    **dict.fromkeys(
        (
            *(
                "logging",
                "logging.root",
                "logging.getLogger()",
                "logging.Logger()",
                "logging.LoggerAdapter()",
            ),
            *("logging.getLoggerClass()()", "celery.utils.log.get_task_logger()", "flask.Flask().logger"),
            *("celery.utils.log.get_logger()", "flask.current_app.logger", "logging.RootLogger()"),
        ),
        "logging",
    ),
    **dict.fromkeys(
        (
            *("structlog.get_logger()", "structlog.getLogger()", "structlog.stdlib.get_logger()"),
            *("structlog.wrap_logger()", "structlog.stdlib.BoundLogger()", "structlog.BoundLogger()"),
            *("structlog.typing.FilteringBoundLogger()", "structlog.types.FilteringBoundLogger()"),
            *("structlog.stdlib.AsyncBoundLogger()", "structlog.typing.BindableLogger()"),
            *("structlog.types.BoundLogger()", "ameide_telemetry.get_logger()"),
        ),
        "structlog",
    ),
    "loguru.logger": "loguru",
}
# What gives back a logger of the same kind.
_SAME_KIND: Final = (
    *(".bind()", ".new()", ".unbind()", ".try_unbind()", ".opt()", ".patch()", ".getChild()"),
)
_USUAL: Final = frozenset({"logger", "log", "_logger", "_log", "LOG", "LOGGER"})
NEEDLES: Final = tuple(f"{each}(".encode() for each in sorted(_METHODS))
"""Bytes of which at least one is in a file with log calls."""


class LogCall(NamedTuple):
    """A call that logs.

    Attributes:
        node: the call.
        call: where it stands.
        library: of the logger; `unknown` where another module of the tree makes it.
        event: the message; None without one.
        values: arguments behind the message.
        keeps: whether fields that the call is given are in the line. An adapter may put its own in their
            place; where the logger may be one of several libraries, one of them may refuse them.
    """

    node: ast.Call
    call: Call
    library: _Library
    event: ast.expr | None
    values: list[ast.expr]
    keeps: bool = True


def log_calls(file: Parsed) -> list[LogCall]:
    """Return the log calls of a file, in order."""
    known = vars(file).get("_log_calls")
    if known is None:
        known = vars(file)["_log_calls"] = list(_found(names_of(file)))
    return known


def _found(names: Names) -> Iterator[LogCall]:
    told: set[ast.Call] = set()
    meant: dict[ast.Call, set[str | None]] = {}
    for use in names.uses:
        kind = "adapter" if _ADAPTER in use.name else _library(use)
        meant.setdefault(use.node, set()).add(kind)
    for use in names.uses:
        library = _library(use)
        if library is None or use.node in told:
            continue
        told.add(use.node)
        keeps = len(meant[use.node]) == 1 and "adapter" not in meant[use.node]
        behind = 2 if use.name.rpartition(".")[2] in _WITH_LEVEL else 1
        event = argument(use.node, "event" if library == "structlog" else "msg", behind - 1)
        yield LogCall(use.node, use.call, library, event, use.node.args[behind:], keeps)


def _library(use: Use) -> _Library | None:
    base, _, method = use.name.rpartition(".")
    return library_of(base) if method in _METHODS else None


def library_of(base: str) -> _Library | None:
    """Return the library of a logger, by the dotted name of what makes it; None for no logger."""
    while base.endswith(_SAME_KIND):
        base = base.rpartition(".")[0]
    known = _LIBRARIES.get(base)
    if known is None and base.rpartition(".")[2] in _USUAL and "()" not in base:
        return "unknown"
    return known
