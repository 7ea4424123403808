"""A stdlib log record -> one line. The formatter stands on python-json-logger's base formatter."""

from __future__ import annotations

import logging
from typing import Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS, BaseJsonFormatter

from ameide_telemetry import guard
from ameide_telemetry.logs.failure import exc_info_of
from ameide_telemetry.logs.line import Event, LineRenderer
from ameide_telemetry.logs.sanitise import text_of

__all__ = ["DONE_ATTRIBUTE", "FIELDS_ATTRIBUTE", "JsonFormatter", "event_of"]

# The structured front ends put their fields here in one piece, so that a field may be called `name` or
# `args` without clashing with the attributes of a log record.
FIELDS_ATTRIBUTE: Final = "_ameide_fields"

# Marks a record that was written as a line, so that it is not written again nearer to the root.
DONE_ATTRIBUTE: Final = "_ameide_line_written"

# uvicorn repeats its messages with terminal colours in `color_message`.
_NOT_FIELDS: Final = frozenset({*RESERVED_ATTRS, "color_message"})
# How many attributes a record has by itself: 20, and `taskName` from Python 3.12 on.
_BARE_SIZE: Final = len(logging.makeLogRecord({}).__dict__)
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
    # Counting is much cheaper than looking at every name, and most records have no extras.
    if len(values) > _BARE_SIZE:
        fields = values.get(FIELDS_ATTRIBUTE)
        # A dict keeps the order of insertion: what a record has by itself comes first.
        added = list(values)[_BARE_SIZE:]
        extras = {key: values[key] for key in added if key not in _NOT_FIELDS and _public(key)}
        if extras:
            fields = {**fields, **extras} if fields else extras
    message, fields = _message(record, fields)
    exc_info = exc_info_of(record.exc_info) if record.exc_info else None
    if exc_info is None and record.exc_text:
        fields = {**(fields or {}), "exc_text": record.exc_text}
    return Event(record.created, record.levelno, record.name, message, fields, exc_info, record.stack_info)


def _message(record: logging.LogRecord, fields: Any) -> tuple[str, Any]:
    message = record.msg
    if type(message) is str and not record.args:
        return message, fields
    if isinstance(message, dict):
        fields = {**message, **(fields or {})}
        return text_of(fields.pop("message", "")), fields
    text = _MESSAGE.call(record.getMessage)
    if type(text) is str:
        return text, fields
    problem = "the arguments do not fit the message"
    return text_of(message), {**(fields or {}), "format_error": problem}


def _public(key: object) -> bool:
    return not (isinstance(key, str) and key.startswith("_"))
