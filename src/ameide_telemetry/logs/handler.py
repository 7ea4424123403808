"""The stdlib handler behind every logger: a record goes to the sink as one line, once."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context

from ameide_telemetry import guard
from ameide_telemetry.context import restore
from ameide_telemetry.export.quiet import exports
from ameide_telemetry.logs.event import Event
from ameide_telemetry.logs.formatter import DONE_ATTRIBUTE, FIELDS_ATTRIBUTE, TEMPLATE_ATTRIBUTE, event_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.logs.line import LineRenderer
    from ameide_telemetry.logs.pretty import PrettyRenderer
    from ameide_telemetry.logs.sink import Sink

__all__ = ["LineHandler", "LineWriter"]

_RENDER: Final = guard.site("logs.render")
_RECORD: Final = guard.site("logs.otlp_record")
_WRITE: Final = guard.site("logs.write")
_EMIT: Final = guard.site("logs.emit")
# Export workers have their own outage line; what their libraries say per retry would only repeat it. The
# name is the quick test: a thread of the service may be called so too.
_WORKER_THREADS: Final = "ameide-telemetry-"
_OWN_LOGGER: Final = "ameide_telemetry"
# asyncio reports a failed task when somebody drops the last reference to it, in that somebody's context.
_NO_OWN_CONTEXT: Final = "asyncio"


class LineWriter:
    """Renders events and writes them; shared by every front end of the process.

    Attributes:
        renderer: event -> bytes.
        sink: takes the bytes.
        records: takes the event as well, for logs over OTLP; None when nobody asked.
        lines: whether lines are written; False where OTLP is the only way asked for.
    """

    __slots__ = ("lines", "records", "renderer", "sink")

    # Whether events of log records come with their template, which costs a copy.
    needs_template = False

    def __init__(self, renderer: LineRenderer | PrettyRenderer, sink: Sink) -> None:
        self.renderer = renderer
        self.sink = sink
        self.records: Callable[[Event], None] | None = None
        self.lines = True

    def write(self, event: Event) -> None:
        """Write one event as one line, and as an OTLP record where that is asked for. Never raises."""
        if self.records is not None:
            with _RECORD:
                self.records(event)
        if not self.lines:
            return
        data = _RENDER.call(self.renderer.render, event)
        if data is None:
            problem = Event(time.time(), event.level, _OWN_LOGGER, "a log record could not be rendered")
            data = _RENDER.call(self.renderer.render, problem) or b""
        self.sink.write(data)

    def log(self, logger: logging.Logger, event: Event) -> None:
        """Write what the service logs by `logger`: directly, where no other handler would see a record.

        Building a log record costs more than rendering the line, and where every handler on the way to
        the root is ours nobody else needs it. Filters and foreign handlers get the record as usual.
        """
        if not logger.filters and _only_lines(logger, event.level):
            self.write(event)
        else:
            logger.handle(_record(event))

    def emit(self, logger: logging.Logger, event: Event) -> None:
        """Write what is no log call, such as printed text or a crash, under the name of `logger`.

        The logger's own filters apply and foreign handlers get a record. The levels and filters of console
        handlers do not apply: without telemetry no handler would have been asked either.
        """
        if not logger.filters and _only_lines(logger, event.level):
            self.write(event)
            return
        record = _record(event)
        passed: object = not logger.disabled and logger.filter(record)
        if passed:
            record = passed if isinstance(passed, logging.LogRecord) else record
            LineHandler(self).emit(record)
            logger.callHandlers(record)


class LineHandler(logging.Handler):
    """Writes each record once, however many of these handlers it passes on its way to the root.

    It takes no lock of its own: the sink serialises the writes.
    """

    def __init__(self, writer: LineWriter, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.writer = writer

    def createLock(self) -> None:  # noqa: N802 the name is logging's
        """Do without the handler lock, as `logging.NullHandler` does."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and write one record."""
        if not self.filters:
            _WRITE.call(self._emit, record)
            return True
        passed: object = self.filter(record)
        # From Python 3.12 on a filter may give another record in the place of this one.
        if isinstance(passed, logging.LogRecord) and passed is not record:
            _WRITE.call(self._emit_instead, record, passed)
        elif passed:
            _WRITE.call(self._emit, record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. Never raises, whatever the record holds."""
        _WRITE.call(self._emit, record)

    def _emit(self, record: logging.LogRecord) -> None:
        values, thread = record.__dict__, record.threadName
        if (DONE_ATTRIBUTE in values and _is_done(record)) or (
            type(thread) is str and _WORKER_THREADS in thread and exports() and _is_foreign(record.name)
        ):
            return
        event = _EMIT.call(event_of, record)
        values[DONE_ATTRIBUTE] = id(record)
        if event is None:
            event = Event(time.time(), record.levelno, _OWN_LOGGER, "a log record could not be read")
        if self.writer.needs_template and type(record.msg) is str:
            event = event._replace(template=values.get(TEMPLATE_ATTRIBUTE, record.msg))
        if event.exc_info is not None and event.logger == _NO_OWN_CONTEXT:
            self._write_without_context(event)
        else:
            self.writer.write(event)

    def _emit_instead(self, record: logging.LogRecord, other: logging.LogRecord) -> None:
        if not _is_done(record):
            self._emit(other)
            # Nearer to the root the record comes by as it was before the filter.
            record.__dict__[DONE_ATTRIBUTE] = id(record)

    def _write_without_context(self, event: Event) -> None:
        token = otel_context.attach(otel_context.Context())
        try:
            self.writer.write(event)
        finally:
            restore(token)


def _only_lines(logger: logging.Logger, level: int) -> bool:
    found = False
    current: logging.Logger | None = logger
    while current is not None:
        for handler in current.handlers:
            if type(handler) is not LineHandler or handler.filters or handler.level > level:
                return False
            found = True
        if not current.propagate:
            break
        current = current.parent
    return found


def _record(event: Event) -> logging.LogRecord:
    record = logging.LogRecord(event.logger, event.level, "", 0, event.message, (), event.exc_info)
    record.created = event.created
    record.stack_info = event.stack
    record.__dict__[FIELDS_ATTRIBUTE] = event.fields
    if event.template is not None:
        record.__dict__[TEMPLATE_ATTRIBUTE] = event.template
    return record


def _is_done(record: logging.LogRecord) -> bool:
    # A copy of a written record has the mark of the record that it was copied from.
    return record.__dict__.get(DONE_ATTRIBUTE) == id(record)


def _is_foreign(logger: object) -> bool:
    return type(logger) is str and logger != _OWN_LOGGER
