"""Log records over OTLP: the logger provider of the process and the way into a pipeline.

`opentelemetry.sdk._logs` is imported when logs over OTLP are installed, and not before: importing it runs the
SDK's resource detectors in a thread pool (1.45, a default of `ReadWriteLogRecord`).
"""

from __future__ import annotations

import copy
import weakref
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

from opentelemetry.context import Context

from ameide_telemetry import guard
from ameide_telemetry.export.fit import fit_log_record
from ameide_telemetry.export.foreign_records import RecordRedaction
from ameide_telemetry.export.forks import once_per_process
from ameide_telemetry.export.otlp import destination
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.export.quiet import exports
from ameide_telemetry.redaction import redactor_of
from ameide_telemetry.resource import quick_to_fork, replace_resource

if TYPE_CHECKING:
    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.sdk.resources import Resource

    from ameide_telemetry.export.budget import ByteBudget
    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.settings import LogSettings, TelemetrySettings

__all__ = ["LogRecords", "PipelineLogProcessor", "install"]

Origin = Literal["owned", "adopted", "disabled"]
_EMIT: Final = guard.site("export.log_emit")


@dataclass(frozen=True, slots=True)
class LogRecords:
    """Log records over OTLP as they were installed.

    Attributes:
        provider: where loggers come from; None when nothing was installed.
        origin: `owned`: made here; `adopted`: the operator's, which gets our processor besides its own;
            `disabled`: nothing was installed.
        pipeline: where the records go; None without an exporter of ours.
    """

    provider: LoggerProvider | None
    origin: Origin
    pipeline: QueuePipeline | None = None
    _processor: PipelineLogProcessor | None = None

    def logger(self, name: str) -> Logger | None:
        """Return an OpenTelemetry logger for the scope `name`; None when nothing was installed.

        Its records are sent as they are: whoever asks for it has redacted them.
        """
        if self.provider is None or self._processor is None:
            return None
        # With attributes the SDK makes one that nobody else gets.
        logger = self.provider.get_logger(name, attributes={})
        self._processor.trust(logger)
        return logger

    def undo(self) -> None:
        """Stop taking records. The provider stays, because loggers made of it do."""
        if self._processor is not None and self._processor.pipeline is self.pipeline:
            self._processor.pipeline = None


class PipelineLogProcessor:
    """Hands log records to a pipeline, except those about exporting itself.

    It has the methods of the SDK's `LogRecordProcessor` without being one, so that this module can be
    imported without `opentelemetry.sdk._logs`.

    Attributes:
        pipeline: takes the records now; None drops them silently.
        redaction: for the records of others.
    """

    def __init__(self, redaction: RecordRedaction) -> None:
        self.pipeline: QueuePipeline | None = None
        self.redaction = redaction
        self._trusted: dict[int, Any] = {}
        self._readable: Any = import_module("opentelemetry.sdk._logs").ReadableLogRecord

    def trust(self, logger: Any) -> None:
        """Send the records of a logger as they are."""
        # Private (SDK 1.45); without it they are redacted a second time, which changes nothing.
        scope = getattr(logger, "_instrumentation_scope", None)
        if scope is not None:
            self._trusted[id(scope)] = scope

    def on_emit(self, log_record: Any) -> None:
        """Queue one record; never raises."""
        pipeline = self.pipeline
        if pipeline is None:
            return
        with _EMIT:
            scope = log_record.instrumentation_scope
            if exports(scope.name if scope is not None else ""):
                return
            # As the SDK's batch processor does: the ids are on the record, its context would be kept alive.
            record = copy.copy(log_record.log_record)
            record.context = Context()
            if self._trusted.get(id(scope)) is not scope or scope is None:
                self.redaction.apply(record)
                scope = self.redaction.scope(scope)
            pipeline.put(
                *fit_log_record(self._readable(record, log_record.resource, scope, log_record.limits))
            )

    def enabled(self, **_: Any) -> bool:
        """Return whether records would be taken."""
        return self.pipeline is not None

    def shutdown(self) -> None:
        """Do nothing: the pipeline is what is shut down."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 the SDK's signature
        """Do nothing: the pipeline is what is flushed."""
        return True


class _Process:
    """What this process has made so far."""

    def __init__(self) -> None:
        self.owned: Any = None
        self.processors: weakref.WeakKeyDictionary[Any, PipelineLogProcessor] = weakref.WeakKeyDictionary()


_process: Final = _Process()


def install(
    settings: TelemetrySettings, resource: Resource, ledger: Ledger, budget: ByteBudget | None = None
) -> LogRecords:
    """Install log records over OTLP, if the settings ask for them; may be called again after `undo`.

    Whoever turns lines into OpenTelemetry records gets loggers from the result.
    """
    exporter = "otlp" if settings.logs.sink in {"otlp", "both"} else "none"
    where = destination("logs", exporter, settings.logs.otlp, timeout=settings.logs.export_timeout)
    if settings.disabled or not settings.logs.enabled or where is None:
        return LogRecords(None, "disabled")
    with once_per_process():
        provider, origin = _provider(settings.logs, resource)
        if provider is None:
            return LogRecords(None, "disabled")
        redaction = RecordRedaction(redactor_of(settings))
        processor = _process.processors.get(provider)
        if processor is None:
            processor = _process.processors[provider] = PipelineLogProcessor(redaction)
            provider.add_log_record_processor(processor)
        processor.redaction = redaction
        processor.pipeline = QueuePipeline(
            "logs",
            ledger=ledger.logs,
            destination=where,
            delay=settings.logs.schedule_delay,
            max_queue_size=settings.logs.max_queue_size,
            max_batch_size=settings.logs.max_export_batch_size,
            budget=budget,
        )
        return LogRecords(provider, origin, processor.pipeline, processor)


def _provider(settings: LogSettings, resource: Resource) -> tuple[Any, Origin]:
    api, sdk = import_module("opentelemetry._logs"), import_module("opentelemetry.sdk._logs")
    present = api.get_logger_provider()
    if _process.owned is not None and present is _process.owned:
        replace_resource(present, resource)
        return present, "owned"
    if hasattr(present, "add_log_record_processor"):
        return present, "adopted"
    unset = sdk.LogRecordLimits.UNSET
    count, length = settings.limits.max_attributes, settings.limits.max_attribute_length
    limits = sdk.LogRecordLimits(
        max_attributes=unset if count is None else count,
        max_attribute_length=unset if length is None else length,
        max_log_record_attributes=unset if count is None else count,
        max_log_record_attribute_length=unset if length is None else length,
    )
    made = _process.owned or quick_to_fork(sdk.LoggerProvider)(
        resource=resource, shutdown_on_exit=False, log_record_limits=limits
    )
    api.set_logger_provider(made)
    if api.get_logger_provider() is not made:
        guard.note("export.logger_provider_foreign", "another logger provider is installed: it is left alone")
        return None, "disabled"
    _process.owned = made
    return made, "owned"
