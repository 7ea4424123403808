"""A stdlib log record -> one line. The formatter stands on python-json-logger's base formatter."""

from __future__ import annotations

import logging
import time
from itertools import islice
from operator import mod
from typing import TYPE_CHECKING, Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS, BaseJsonFormatter

from ameide_telemetry import guard
from ameide_telemetry.logs.event import Event
from ameide_telemetry.values.failure import exc_info_of
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact, key_text, printable, text_of

if TYPE_CHECKING:
    from ameide_telemetry.logs.line import LineRenderer

__all__ = [
    "DONE_ATTRIBUTE",
    "FIELDS_ATTRIBUTE",
    "TEMPLATE_ATTRIBUTE",
    "JsonFormatter",
    "event_of",
    "formatted",
    "named",
]

# The structured front ends put their fields here in one piece, so that a field may be called `name` or
# `args` without clashing with the attributes of a log record.
FIELDS_ATTRIBUTE: Final = "_ameide_fields"

# The message of a structured front end before its arguments were put in, where it had any.
TEMPLATE_ATTRIBUTE: Final = "_ameide_template"

# Holds the identity of a record that was written as a line, so that it is written once on its way up.
DONE_ATTRIBUTE: Final = "_ameide_line_written"

# What a record has by itself: 20 attributes, and `taskName` from Python 3.12 on. The class is asked, because
# a record factory of the service's may add more.
_BARE: Final = tuple(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)
_BARE_SIZE: Final = len(_BARE)
_LAST: Final = _BARE[-1]
_RECORD: Final = logging.LogRecord
# uvicorn repeats its messages with terminal colours in `color_message`.
_NOT_FIELDS: Final = frozenset({*_BARE, *RESERVED_ATTRS, "color_message"})
_MAX_EXTRAS: Final = 256
_MAX_SECOND: Final = 253_402_300_800
_EVENT: Final = tuple.__new__
_MESSAGE: Final = guard.site("logs.message", foreign=True)


class JsonFormatter(BaseJsonFormatter):
    """Formats log records as lines of the contract; usable with any `logging.Handler`.

    Args:
        renderer: the process's line renderer.
    """

    def __init__(self, renderer: LineRenderer) -> None:
        super().__init__()
        self._renderer = renderer

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON without the newline."""
        return self.line(record).decode().rstrip("\n")

    def line(self, record: logging.LogRecord) -> bytes:
        """Return the record as one line of UTF-8 JSON with the newline."""
        return self._renderer.render(event_of(record))

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Render data that a subclass has put together, as python-json-logger asks."""
        created = float(log_data.pop("created", 0.0))
        event = Event(
            created, int(log_data.pop("levelno", 20)), str(log_data.pop("name", "root")), "", log_data
        )
        return self._renderer.render(event).decode().rstrip("\n")


def event_of(record: logging.LogRecord) -> Event:
    """Take the parts of a line out of a log record. Total: what cannot be formatted is said in a field."""
    values = record.__dict__
    fields = None
    # This is much cheaper than looking at every name, and most records have no extras.
    if len(values) != _BARE_SIZE or type(record) is not _RECORD or next(reversed(values)) is not _LAST:
        fields = values.get(FIELDS_ATTRIBUTE)
        extras = _extras(record, values)
        if extras:
            fields = {**fields, **extras} if fields else extras
    message, fields = _message(record, fields)
    exc_info = exc_info_of(record.exc_info) if record.exc_info is not None else None
    if exc_info is None and type(record.exc_text) is str and record.exc_text:
        fields = {**(fields or {}), "exc_text": record.exc_text}
    level = record.levelno if type(record.levelno) is int else _level(record.levelno)
    name = record.name if type(record.name) is str else text_of(record.name)
    stack = record.stack_info if type(record.stack_info) is str else None
    created = record.created if type(record.created) is float else _created(record.created)
    # Without the frame that `Event(...)` costs.
    return _EVENT(Event, (created, level, name, message, fields, exc_info, stack, None))


def _extras(record: logging.LogRecord, values: dict[Any, Any]) -> dict[Any, Any]:
    extras = {}
    keys = list(values)
    # A dict keeps the order of insertion. Where the last of a record's own attributes is in its place, all of
    # them are, unless a class of the service's made them.
    in_order = len(keys) > _BARE_SIZE and keys[_BARE_SIZE - 1] is _LAST and type(record) is _RECORD
    first = _BARE_SIZE if in_order else 0
    for key in keys[first : first + _BARE_SIZE + _MAX_EXTRAS]:
        name = key if type(key) is str else key_text(key)
        if name not in _NOT_FIELDS and not name.startswith("_"):
            extras[name] = values.get(key)
    return extras


def _message(record: logging.LogRecord, fields: Any) -> tuple[str, Any]:
    message, arguments = record.msg, record.args
    text: object = None
    if type(message) is str and type(arguments) is tuple and type(record) is _RECORD:
        for each in arguments:
            kind = type(each)
            if kind is not str and kind is not int and kind is not float:
                text = _formatted_message(record)
                break
        else:
            # No code of the caller's runs: what `getMessage` does.
            text = _MESSAGE.call(mod, message, arguments) if arguments else message
    elif issubclass(type(message), dict) and (given := contained(named, message)) is not None:
        fields = {**given, **(fields or {})}
        return text_of(fields.pop("message", "")), fields
    else:
        text = _formatted_message(record)
    if type(text) is str:
        return text, fields
    problem = "the arguments do not fit the message"
    return text_of(message), {**(fields or {}), "format_error": problem}


def named(fields: Any) -> dict[str, Any]:
    """Return a mapping with plain text for keys; raises as the mapping's own code does."""
    return {key_text(key): value for key, value in list(islice(fields.items(), _MAX_EXTRAS))}


def formatted(message: object, arguments: Any) -> str:
    """Return `message % arguments`, with what would not end cut short; raises as `%` does."""
    text = exact(str(printable(message)))
    if isinstance(arguments, dict):
        return text % {key: printable(value) for key, value in arguments.items()}
    if isinstance(arguments, tuple):
        return text % tuple([printable(value) for value in arguments]) if arguments else text
    return text % printable(arguments) if arguments else text


def _formatted_message(record: logging.LogRecord) -> str | None:
    if type(record) is logging.LogRecord:
        return contained(formatted, record.msg, record.args)
    # A service's own class of records may format in another way.
    text = contained(record.getMessage)
    return exact(text) if issubclass(type(text), str) else None  # type: ignore[arg-type]


def _created(value: object) -> float:
    # A record can be made by hand, with a time that is none.
    return float(value) if type(value) is int and 0 <= value < _MAX_SECOND else time.time()


def _level(value: object) -> int:
    return int.__index__(value) if issubclass(type(value), int) else logging.INFO  # type: ignore[arg-type]
