"""The same event as an OpenTelemetry log record, for services that ask for logs over OTLP."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import SeverityNumber

from ameide_telemetry.context import current_bindings
from ameide_telemetry.contract import names
from ameide_telemetry.logs.failure import failure_of
from ameide_telemetry.logs.line import level_name
from ameide_telemetry.logs.sanitise import key_text, plain

if TYPE_CHECKING:
    from ameide_telemetry.export.log_records import LogRecords
    from ameide_telemetry.logs.line import Event

__all__ = ["RecordEmitter"]

_SEVERITIES: Final = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "critical": SeverityNumber.FATAL,
}


class RecordEmitter:
    """Emits events through the process's OpenTelemetry logger provider.

    Args:
        records: the installed OTLP side of logs.
    """

    __slots__ = ("_loggers", "_records")

    def __init__(self, records: LogRecords) -> None:
        self._records = records
        self._loggers: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        """Emit one event with the ids in force; trace ids are taken from the current span."""
        logger = self._loggers.get(event.logger)
        if logger is None:
            logger = self._loggers[event.logger] = self._records.logger(event.logger)
        if logger is None:
            return
        level = level_name(event.level)
        logger.emit(
            timestamp=int(event.created * 1e9),
            severity_number=_SEVERITIES[level],
            severity_text=logging.getLevelName(event.level) if level != "debug" else "DEBUG",
            body=plain(event.message),
            attributes=_attributes(event),
        )


def _attributes(event: Event) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        key_text(key): plain(value)
        for key, value in (event.fields or {}).items()
        if key not in names.RESERVED_LOG_KEYS and not key_text(key).startswith("_")
    }
    bindings = current_bindings()
    if bindings is not None:
        attributes |= bindings.span_attributes()
    if event.exc_info is not None:
        failure = failure_of(event.exc_info)
        attributes["exception.type"] = failure.type
        attributes["exception.message"] = failure.message
        attributes["exception.stacktrace"] = failure.stacktrace
    return attributes
