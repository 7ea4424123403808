"""Records -> OTLP messages: what cannot be encoded is known, and takes nothing else with it."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from ameide_telemetry.export.encoding import Encoding
from ameide_telemetry.export.portions import portions_of


def collected(*poison: str) -> Any:
    """Return metrics data: good ones, and the named bad ones."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("test")
    meter.create_counter("before").add(1, {"a": 1})
    if "sum" in poison:
        counter = meter.create_counter("half")
        counter.add(2**63, {"a": 1})
        counter.add(5, {"a": 2})
    if "description" in poison:
        meter.create_counter("whole", description="\ud800").add(1)
    if "scope" in poison:
        provider.get_meter("bad \ud800").create_counter("lost").add(1)
    meter.create_histogram("after").record(2.5)
    return reader.get_metrics_data()


def names(body: bytes) -> dict[str, int]:
    """Return the metrics of a message with the numbers of their points."""
    return {
        metric.name: len(getattr(metric, str(metric.WhichOneof("data"))).data_points)
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_a_bad_metric_is_found() -> None:
    """A sum beyond 64 bits, a bad description and a bad scope are told apart from their neighbours."""
    encoding = Encoding("metrics")
    data = collected("sum", "description", "scope")
    assert encoding.message(data) is None
    bad = encoding.unsendable(data)
    assert bad == [1, 2, 4]
    body = encoding.message(portions_of("metrics").without(data, bad))
    assert body is not None
    assert names(body) == {"before": 1, "after": 1}


def test_good_metrics_are_all_sendable() -> None:
    """Nothing is found where everything can be encoded."""
    encoding = Encoding("metrics")
    body = encoding.message(collected())
    assert body is not None
    assert names(body) == {"before": 1, "after": 1}
    assert encoding.unsendable(collected()) == []


def test_each_signal_has_its_method() -> None:
    """The gRPC method is that of the OTLP specification."""
    methods = [Encoding(signal).method for signal in ("traces", "metrics", "logs")]
    assert methods == [
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    ]
