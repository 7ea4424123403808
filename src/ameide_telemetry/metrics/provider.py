"""The meter provider of the process: made once, kept for ever, readers come and go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from opentelemetry import metrics
from opentelemetry.sdk.metrics import (
    AlwaysOffExemplarFilter,
    AlwaysOnExemplarFilter,
    TraceBasedExemplarFilter,
)

from ameide_telemetry import guard
from ameide_telemetry.export.forks import once_per_process
from ameide_telemetry.export.otlp import destination
from ameide_telemetry.metrics.bounds import Bounds
from ameide_telemetry.metrics.consumer import BoundedConsumer
from ameide_telemetry.metrics.meter import SafeMeterProvider
from ameide_telemetry.metrics.pipeline import MetricPipeline, PipelineReader
from ameide_telemetry.metrics.runtime import RuntimeMetrics
from ameide_telemetry.redaction import redactor_of
from ameide_telemetry.resource import quick_to_fork, replace_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.sdk.metrics import ExemplarFilter
    from opentelemetry.sdk.resources import Resource

    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.redaction import Redactor
    from ameide_telemetry.settings import MetricSettings, TelemetrySettings

__all__ = ["Metrics", "install"]

Origin = Literal["owned", "adopted", "disabled"]
_EXEMPLAR_FILTERS: Final[Mapping[str, Callable[[], ExemplarFilter]]] = {
    "trace_based": TraceBasedExemplarFilter,
    "always_on": AlwaysOnExemplarFilter,
    "always_off": AlwaysOffExemplarFilter,
}


@dataclass(frozen=True, slots=True)
class Metrics:
    """Metrics as they were installed.

    Attributes:
        provider: where meters come from.
        origin: `owned`: made here; `adopted`: the operator's, left as it is; `disabled`: nothing installed.
        pipeline: collects and sends; None without an exporter of ours.
    """

    provider: metrics.MeterProvider
    origin: Origin
    pipeline: MetricPipeline | None = None
    _owned: _Owned | None = None

    def meter(self, name: str, version: str | None = None) -> metrics.Meter:
        """Return a meter for the instrumentation scope `name`."""
        return self.provider.get_meter(name, version)

    def undo(self) -> None:
        """Stop measuring. The provider and its instruments stay, because modules hold on to them."""
        if self._owned is not None and self.pipeline is not None:
            self._owned.detach(self.pipeline)


class _Owned:
    """The provider of this process, its bounds, and the pipeline behind it now."""

    def __init__(self, resource: Resource, settings: MetricSettings) -> None:
        self.provider = quick_to_fork(SafeMeterProvider)(
            resource=resource,
            exemplar_filter=_EXEMPLAR_FILTERS[settings.exemplar_filter](),
            shutdown_on_exit=False,
        )
        self.pipeline: MetricPipeline | None = None
        self._bounds = partial(Bounds, 1)
        self._runtime: RuntimeMetrics | None = None
        self.consumer: BoundedConsumer | None = _bounded(self.provider, self._used_in_child)

    def configure(self, settings: MetricSettings, redactor: Redactor) -> None:
        """Put the bounds in force, whoever reads the metrics."""
        self._bounds = partial(Bounds, settings.cardinality_limit, redactor)
        if self.consumer is not None:
            self.consumer.bounds = self._bounds()
        self._report_runtime(wanted=settings.runtime)

    def attach(self, pipeline: MetricPipeline, settings: MetricSettings) -> None:
        """Measure for a pipeline and start it."""
        if self.pipeline is not None:
            self.detach(self.pipeline)
        self.pipeline = pipeline
        config: Any = getattr(self.provider, "_sdk_config", None)
        if hasattr(config, "exemplar_filter"):
            # Constructor-only in the SDK (1.45); otherwise the filter of the first call stays.
            config.exemplar_filter = _EXEMPLAR_FILTERS[settings.exemplar_filter]()
        self.provider.add_metric_reader(pipeline.reader)
        self._expect_collections(wanted=True)
        pipeline.start()

    def detach(self, pipeline: MetricPipeline) -> None:
        """Stop measuring for a pipeline, unless another one has taken its place."""
        if self.pipeline is not pipeline:
            return
        self.pipeline = None
        self._expect_collections(wanted=False)
        self.provider.remove_metric_reader(pipeline.reader)

    def after_fork(self) -> None:
        """Set every instrument to zero in a forked child."""
        if self.consumer is not None:
            self.consumer.after_fork(self._bounds())
        self.provider.after_fork()

    def _used_in_child(self) -> None:
        pipeline = self.pipeline
        if pipeline is None:
            # Somebody else's reader is all there is.
            self.after_fork()
            return
        pipeline.check_process()
        pipeline.start()
        self._expect_collections(wanted=True)

    def _expect_collections(self, *, wanted: bool) -> None:
        if self.consumer is None:
            return
        if wanted:
            self.consumer.callbacks.expect()
        else:
            self.consumer.callbacks.rest()

    def _report_runtime(self, *, wanted: bool) -> None:
        if self._runtime is not None:
            self._runtime.enabled = wanted
        elif wanted:
            self._runtime = RuntimeMetrics(self.provider.get_meter("ameide_telemetry.runtime"))


class _Process:
    """What this process has made so far."""

    def __init__(self) -> None:
        self.owned: _Owned | None = None


_process: Final = _Process()


def install(settings: TelemetrySettings, resource: Resource, ledger: Ledger) -> Metrics:
    """Install metrics; may be called again after `undo`. Starts the worker when there is an exporter.

    Args:
        settings: of this process.
        resource: who sends the metrics.
        ledger: where data points are counted.

    Raises:
        InstrumentError: strict, and instruments that were made before contradict one another.
    """
    present = metrics.get_meter_provider()
    if settings.disabled or not settings.metrics.enabled:
        return Metrics(present, "disabled")
    with once_per_process():
        owned = _process.owned
        if owned is not None and present is owned.provider:
            owned.provider.verdicts.strict = settings.strict
            owned.provider.redactor = redactor_of(settings)
            replace_resource(owned.provider, resource, config="_sdk_config")
            return _connect(owned, settings, ledger)
        if hasattr(present, "add_metric_reader"):
            return Metrics(present, "adopted")
        if owned is None:
            owned = _process.owned = _Owned(resource, settings.metrics)
        owned.provider.verdicts.strict = settings.strict
        owned.provider.redactor = redactor_of(settings)
        # Instruments that modules made before are made for real now.
        with owned.provider.verdicts.together():
            metrics.set_meter_provider(owned.provider)
        if metrics.get_meter_provider() is not owned.provider:
            guard.note("metrics.provider_foreign", "another meter provider is installed: it is left alone")
            return Metrics(present, "disabled")
        return _connect(owned, settings, ledger)


def _connect(owned: _Owned, process: TelemetrySettings, ledger: Ledger) -> Metrics:
    settings = process.metrics
    where = destination(
        "metrics",
        settings.exporter,
        settings.otlp,
        timeout=settings.timeout,
    )
    owned.configure(settings, redactor_of(process))
    if where is None:
        return Metrics(owned.provider, "owned", None, owned)
    pipeline = MetricPipeline(
        ledger=ledger.metrics,
        destination=where,
        interval=settings.interval,
        reader=PipelineReader(settings),
        on_fork=owned.after_fork,
    )
    owned.attach(pipeline, settings)
    return Metrics(owned.provider, "owned", pipeline, owned)


def _bounded(provider: SafeMeterProvider, on_first_use: Callable[[], None]) -> BoundedConsumer | None:
    """Put our consumer before the provider's: every meter takes it over when it is made.

    It is private (SDK 1.20 to 1.45). Without it nothing is bounded or guarded but by the SDK.
    """
    inner = getattr(provider, "_measurement_consumer", None)
    if inner is None:
        guard.note("metrics.unbounded", "this OpenTelemetry SDK lets metric attributes not be bounded")
        return None
    consumer = BoundedConsumer(inner, on_first_use)
    provider.report_to(consumer)
    return consumer
