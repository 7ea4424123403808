"""The same event as an OpenTelemetry log record, for services that ask for logs over OTLP."""

from __future__ import annotations

import logging
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import SeverityNumber

from ameide_telemetry.context import current_bindings
from ameide_telemetry.contract import names
from ameide_telemetry.logs.event import context_of, level_name
from ameide_telemetry.logs.searched import searched, searched_field
from ameide_telemetry.values.failure import failure_of
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.plain import plain
from ameide_telemetry.values.text import key_text, valid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context

    from ameide_telemetry.export.log_records import LogRecords
    from ameide_telemetry.logs.event import Event
    from ameide_telemetry.redaction import Found, Redactor

__all__ = ["RecordEmitter"]

_SEVERITIES: Final = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "critical": SeverityNumber.FATAL,
}
# Room for the three ids and the three of an exception is left.
_MAX_FIELDS: Final = 120
_MAX_SECOND: Final = 253_402_300_800


class RecordEmitter:
    """Emits events through the process's OpenTelemetry logger provider.

    Args:
        records: the installed OTLP side of logs.
        redactor: takes out what must not leave the process.
    """

    __slots__ = ("_loggers", "_records", "_redactor")

    def __init__(self, records: LogRecords, redactor: Redactor) -> None:
        self._redactor = redactor
        self._records = records
        self._loggers: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        """Emit one event with the ids in force; trace ids are taken from the current span."""
        logger = self._loggers.get(event.logger)
        if logger is None:
            logger = self._loggers[event.logger] = self._records.logger(valid(event.logger))
        if logger is None:
            return
        level = level_name(event.level)
        found: Found = {}
        body = searched(event.message, self._redactor, found)
        context = context_of(event)
        attributes = _attributes(event, context, self._redactor, found)
        if found:
            attributes[names.SPAN_REDACTED] = [f"{kind}={count}" for kind, count in sorted(found.items())]
        logger.emit(
            timestamp=_nanoseconds(event.created),
            context=context,
            severity_number=_SEVERITIES[level],
            severity_text=logging.getLevelName(event.level) if level != "debug" else "DEBUG",
            body=body,
            attributes=attributes,
        )


def _attributes(event: Event, context: Context, redactor: Redactor, found: Found) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    taken: dict[str, object] = {}
    for key, value in contained(_items_of, event.fields) or () if event.fields else ():
        name = key_text(key)
        if name in names.RESERVED_LOG_KEYS:
            taken[name] = value
        elif name and not name.startswith("_"):
            attributes[redactor.name(name, found)] = _redacted(name, value, redactor, found)
    if taken:
        attributes[names.LOG_EXTRA] = redactor.field(names.LOG_EXTRA, plain(taken), found)
    bindings = current_bindings(context)
    if bindings is not None:
        attributes |= bindings.span_attributes()
    if event.exc_info is not None:
        failure = failure_of(event.exc_info)
        attributes["exception.type"] = failure.type
        attributes["exception.message"] = redactor.text(failure.message, found)
        attributes["exception.stacktrace"] = redactor.text(failure.stacktrace, found)
    return attributes


def _redacted(name: str, value: object, redactor: Redactor, found: Found) -> object:
    # A text is searched before it is cut.
    if type(value) is str:
        return searched_field(name, value, redactor, found)
    return redactor.field(name, plain(value), found)


def _items_of(fields: Mapping[Any, object]) -> list[tuple[Any, object]]:
    # The SDK drops what is above its own limit of 128, with a warning for each record.
    return list(islice(fields.items(), _MAX_FIELDS))


def _nanoseconds(created: object) -> int:
    # A record can be made by hand, with a time that is none.
    seconds = created if isinstance(created, (int, float)) and 0 <= created < _MAX_SECOND else time.time()
    return int(seconds * 1e9)
