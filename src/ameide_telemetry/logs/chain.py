"""The two ends of structlog's chain of processors: what an event passes first, and what makes it a line."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from structlog import DropEvent

from ameide_telemetry.logs.event import Event
from ameide_telemetry.logs.formatter import formatted, named
from ameide_telemetry.values.failure import exc_info_of
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact, text_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import WrappedLogger

    from ameide_telemetry.logs.handler import LineWriter
    from ameide_telemetry.values.failure import ExcInfo

__all__ = [
    "LEVELS",
    "LEVEL_FIELD",
    "Beginning",
    "Terminal",
    "set_aside",
    "without_fields",
]

_SET_ASIDE: Final = "_set_aside"
LEVEL_FIELD: Final = "_level_number"
_STACK_FIELD: Final = "_stack_text"
# structlog's own book of its context variables; empty until somebody binds the first one. None: it has moved.
_CONTEXT_VARIABLES: Final[dict[str, Any] | None] = getattr(structlog.contextvars, "_CONTEXT_VARS", None)
# Frames of ours are no part of a stack that the service asks for.
_PACKAGE: Final = f"{__name__.rpartition('.')[0]}."
LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "msg": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "err": logging.ERROR,
    "exception": logging.ERROR,
    "failure": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}


class Beginning:
    """First processor: drops what the stdlib logger of that name would not log, and adds what is bound."""

    __slots__ = ("_render_stack",)

    def __init__(self) -> None:
        self._render_stack = structlog.processors.StackInfoRenderer(additional_ignores=[_PACKAGE])

    def __call__(
        self, logger: WrappedLogger, method: str, event_dict: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Return the event dict with what is bound; raise `DropEvent` where the logger is set higher."""
        if not _stdlib_logger(logger).isEnabledFor(_level_of(method, event_dict)):
            raise DropEvent
        if _CONTEXT_VARIABLES or _CONTEXT_VARIABLES is None:
            structlog.contextvars.merge_contextvars(logger, method, event_dict)
        if "stack_info" in event_dict and contained(bool, event_dict.pop("stack_info")):
            # Apart from a field that the caller names `stack`.
            event_dict[_STACK_FIELD] = self._render_stack(logger, method, {"stack_info": True})["stack"]
        return event_dict


class Terminal:
    """Last processor: turns the event dict into a line and ends the chain."""

    __slots__ = ("_writer",)

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer

    def __call__(self, logger: WrappedLogger, method: str, event_dict: MutableMapping[str, Any]) -> Any:
        """Write the line, as a processor does that loggers of another class call."""
        self.write(logger, self.event_of(logger, method, event_dict))
        raise DropEvent

    def event_of(self, logger: WrappedLogger, method: str, event_dict: MutableMapping[str, Any]) -> Event:
        """Return the event of an event dict, which is used up."""
        level = _level_of(method, event_dict)
        fields: Any = event_dict if type(event_dict) is dict else contained(dict, event_dict)
        if fields is None:
            raise ValueError("the processors made something of the event that cannot be read")
        fields.pop(LEVEL_FIELD, None)
        message, template = _message(fields)
        exc_info = _exc_info(fields) if "exc_info" in fields else None
        stack = fields.pop(_STACK_FIELD, None)
        if _SET_ASIDE in fields and type(aside := fields.pop(_SET_ASIDE)) is dict:
            fields.update(aside)
        return Event(
            time.time(),
            level,
            _stdlib_logger(logger).name,
            message,
            fields,
            exc_info,
            stack if type(stack) is str else None,
            template,
        )

    def write(self, logger: WrappedLogger, event: Event) -> None:
        """Write an event where the stdlib logger's records go."""
        self._writer.log(_stdlib_logger(logger), event)


def set_aside(event_dict: dict[str, Any], key: str) -> None:
    """Keep a field under the name of the message or its arguments, until they have been put together."""
    others = event_dict.get(_SET_ASIDE)
    event_dict[_SET_ASIDE] = {**(others if type(others) is dict else {}), key: event_dict.pop(key)}


def without_fields(event_dict: Any, name: str) -> dict[str, Any]:
    """Return what is left to say of an event where a processor failed that may have been there to hide some.

    Args:
        event_dict: as far as the processors came.
        name: of the processor that failed.
    """
    known: dict[Any, Any] = contained(dict, event_dict) or {}
    message = known.get("event")
    text = exact(message) if issubclass(type(message), str) else ""  # type: ignore[arg-type]
    kept: dict[str, Any] = {
        key: known[key] for key in (LEVEL_FIELD, _STACK_FIELD, "exc_info") if key in known
    }
    return {**kept, "event": text, "failed_processor": name}


def _message(fields: dict[Any, Any]) -> tuple[str, str | None]:
    """Take the message out of the fields; return it, and what it was before its arguments were put in."""
    event = fields.pop("event", "")
    if type(event) is not str:
        event = _odd_message(event, fields)
    if "positional_args" not in fields:
        return event, None
    arguments = fields.pop("positional_args")
    if not issubclass(type(arguments), tuple):
        return event, None
    arguments = tuple.__getitem__(arguments, slice(None))
    # As logging does: a single mapping serves `%(name)s`.
    single = len(arguments) == 1 and issubclass(type(arguments[0]), dict)
    message = contained(formatted, event, arguments[0] if single else arguments)
    if message is not None:
        return exact(message), event
    fields["format_error"] = "the arguments do not fit the message"
    return event, None


def _odd_message(event: object, fields: dict[Any, Any]) -> str:
    given = contained(named, event) if issubclass(type(event), dict) else None
    if given is not None:
        # As on the stdlib side: a mapping instead of a message is fields, with the message inside.
        fields.update(given)
        event = fields.pop("message", "")
    return text_of(event)


def _exc_info(fields: dict[Any, Any]) -> ExcInfo | None:
    """Take the exception out of the fields; a text of that name is a field, whatever its caller meant."""
    given = fields["exc_info"]
    if not issubclass(type(given), str):
        del fields["exc_info"]
    return exc_info_of(given)


def _level_of(method: str, event_dict: MutableMapping[str, Any]) -> int:
    level = event_dict.get(LEVEL_FIELD)
    return level if type(level) is int else LEVELS.get(method, logging.INFO)


def _stdlib_logger(logger: WrappedLogger) -> logging.Logger:
    return logger if isinstance(logger, logging.Logger) else logging.getLogger("structlog")
