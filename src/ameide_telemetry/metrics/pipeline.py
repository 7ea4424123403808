"""Collect on an interval and on flush, then send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricReader, MetricsData
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
)

from ameide_telemetry import guard
from ameide_telemetry.export.worker import Batch, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.sdk.metrics.view import Aggregation

    from ameide_telemetry.export.destination import Destination
    from ameide_telemetry.ledger import SignalLedger
    from ameide_telemetry.settings import MetricSettings

__all__ = ["MetricPipeline", "PipelineReader", "aggregation_of", "temporality_of"]

_COLLECT: Final = guard.site("metrics.collect", foreign=True)
# The last collection is a part of the exit, whose budget is for sending.
_LAST_SECONDS: Final = 1.0
_DELTA: Final = AggregationTemporality.DELTA
# OpenTelemetry specification, OTLP metrics exporter; what is not named is cumulative.
_TEMPORALITIES: Final[Mapping[str, tuple[type, ...]]] = {
    "cumulative": (),
    "delta": (Counter, Histogram, ObservableCounter),
    "lowmemory": (Counter, Histogram),
}
# Without boundaries of its own the explicit aggregation takes the instrument's advisory ones (SDK 1.45).
_AGGREGATIONS: Final[Mapping[str, Callable[[], Aggregation]]] = {
    "explicit_bucket_histogram": ExplicitBucketHistogramAggregation,
    "base2_exponential_bucket_histogram": ExponentialBucketHistogramAggregation,
}


def temporality_of(settings: MetricSettings) -> dict[type, AggregationTemporality]:
    """Return the preference as the SDK's readers and exporters take it."""
    preferred: dict[type, AggregationTemporality] = dict.fromkeys(
        _TEMPORALITIES[settings.temporality], _DELTA
    )
    return preferred


def aggregation_of(settings: MetricSettings) -> dict[type, Aggregation]:
    """Return the histogram aggregation as the SDK's readers and exporters take it."""
    return {Histogram: _AGGREGATIONS[settings.histogram_aggregation]()}


class PipelineReader(MetricReader):
    """Keeps the last collection for the pipeline that asked for it.

    Args:
        settings: temporality, aggregation and collection timeout.

    Attributes:
        error: `collect_failed` when the last collection did not end well.
        closing: whether the collections from now on are the last: no thread is started for them.
    """

    def __init__(self, settings: MetricSettings) -> None:
        super().__init__(
            preferred_temporality=temporality_of(settings), preferred_aggregation=aggregation_of(settings)
        )
        self._seconds = settings.timeout
        self._collected: MetricsData | None = None
        self._removed = False
        self.error: str | None = None
        self.closing = False
        # SDK 1.45.2 brings a cap of its own, 2000 unless told. Ours comes first, and must not be cut short.
        limits = getattr(self, "_instrument_class_cardinality_limit", {})
        limits.update(dict.fromkeys(limits, settings.cardinality_limit))

    def pull(self, *, closing: bool = False) -> MetricsData | None:
        """Collect now and return what there is; a callback that fails or hangs costs its own metric only."""
        self.closing = closing
        seconds = min(self._seconds, _LAST_SECONDS) if closing else self._seconds
        self._collected, self.error = None, None
        if not self._removed:
            self.error = "collect_failed"
            with _COLLECT:
                self.collect(timeout_millis=seconds * 1000)
                self.error = None
        return self._collected

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:  # noqa: ARG002 the SDK's signature
        """Collect no more: the provider calls this when it lets go of the reader."""
        self._removed = True

    def _receive_metrics(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 the SDK's signature
        **kwargs: Any,  # noqa: ARG002 the SDK's signature
    ) -> None:
        self._collected = metrics_data


class MetricPipeline(Pipeline):
    """Collects and sends every `interval`, on every flush, and a last time at shutdown.

    Its thread starts with `start`, and in a forked child with the first measurement there. The ledger
    counts data points, from the moment that they are collected.

    Args:
        ledger: the signal's balance.
        destination: where the metrics go.
        interval: seconds between two collections.
        reader: collects.
        on_fork: called in a forked child, before anything is collected there.
    """

    def __init__(
        self,
        *,
        ledger: SignalLedger,
        destination: Destination,
        interval: float,
        reader: PipelineReader,
        on_fork: Callable[[], None],
    ) -> None:
        self.reader = reader
        self._begun = 0
        self._on_fork = on_fork
        super().__init__("metrics", ledger=ledger, destination=destination, delay=interval)

    def after_fork(self) -> None:
        """Begin anew in a forked child, every instrument at zero."""
        super().after_fork()
        self._on_fork()

    def _position(self) -> int:
        # A collection that is under way may have missed the latest measurement: wait for the next one.
        return self._begun + 1

    def _batches(self, *, everything: bool) -> Iterator[Batch]:
        if not everything:
            return
        with self._lock:
            self._begun += 1
            end, epoch = self._begun, self._epoch
        data = self.reader.pull(closing=self._closing)
        count = 0 if data is None else _points(data)
        with self._lock:
            if epoch != self._epoch:
                return
            self._ledger.emit(count)
            self._inflight = count
        if data is None or not count:
            error = self.reader.error
            self._settle(Batch((), 0, end, epoch), error, gave_up=error, connected=False)
            return
        yield Batch(data, count, end, epoch)

    def _discard(self) -> int:
        self._begun = self._sent
        return 0


def _points(data: MetricsData) -> int:
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )
