"""OTLP messages as records, made by the real SDK wherever it can make them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from ameide_telemetry.local.decode import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.util.types import AttributeValue

_RESOURCE = Resource({"service.name": "shop", "k": 1})
_LARGEST = 2**63 - 1


class _Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


def test_spans_of_the_sdk() -> None:
    """A real span arrives with its parent, kind, status, exception, link and every kind of value."""
    kept = _Kept()
    provider = TracerProvider(resource=_RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer", kind=trace.SpanKind.SERVER) as outer:
        values: dict[str, AttributeValue] = {
            "tenant_id": "acme",
            "request_id": "r",
            "f": 0.5,
            "b": True,
            "l": ["x", "y"],
        }
        with (
            pytest.raises(KeyError),
            tracer.start_as_current_span(
                "inner", attributes=values, links=[trace.Link(outer.get_span_context())]
            ),
        ):
            raise KeyError("lost")
    provider.shutdown()
    inner, outer_span = decode(encode_spans(kept.spans)).spans
    assert (outer_span.kind, outer_span.parent_id, outer_span.service) == ("server", "", "shop")
    assert inner.parent_id == outer_span.span_id
    assert (inner.status, inner.failed, inner.tenant_id, inner.request_id) == ("error", True, "acme", "r")
    assert inner.attributes == values
    assert inner.resource == {"service.name": "shop", "k": 1}
    assert inner.events[0].attributes["exception.type"] == "KeyError"
    assert inner.links[0].span_id == outer_span.span_id
    assert 0 < inner.duration <= outer_span.duration


def test_metrics_of_the_sdk() -> None:
    """Every kind of instrument arrives as a point, exemplars with their trace."""
    reader = InMemoryMetricReader()
    views = [View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())]
    provider = MeterProvider(
        [reader],
        resource=_RESOURCE,
        views=views,
        exemplar_filter=AlwaysOnExemplarFilter(),
        shutdown_on_exit=False,
    )
    meter = provider.get_meter("test")
    tracers = TracerProvider(shutdown_on_exit=False)
    with tracers.get_tracer("test").start_as_current_span("work") as span:
        meter.create_counter("counter", unit="1").add(3, {"a": "b"})
        meter.create_histogram("histogram", unit="s").record(0.5)
        meter.create_histogram("exponential").record(2.0)
        meter.create_gauge("gauge").set(7)
    data = reader.get_metrics_data()
    assert data is not None
    points = {point.metric: point for point in decode(encode_metrics(data)).points}
    provider.shutdown()
    assert {name: (point.kind, point.value, point.count) for name, point in points.items()} == {
        "counter": ("sum", 3.0, 1),
        "histogram": ("histogram", 0.5, 1),
        "exponential": ("exponential_histogram", 2.0, 1),
        "gauge": ("gauge", 7.0, 1),
    }
    assert (points["counter"].unit, points["counter"].attributes, points["counter"].service) == (
        "1",
        {"a": "b"},
        "shop",
    )
    assert points["histogram"].detail["temporality"] == "cumulative"
    context = span.get_span_context()
    exemplar = points["histogram"].exemplars[0]
    assert (exemplar.trace_id, exemplar.span_id) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert (exemplar.metric, exemplar.service, exemplar.value) == ("histogram", "shop", 0.5)


def test_points_the_sdk_does_not_make() -> None:
    """Summaries are read; metrics without data and exemplars without a trace are left out; NaN is None."""
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    metrics.add(name="empty")
    summary = metrics.add(name="summary").summary.data_points.add(count=2**64 - 1, sum=float("nan"))
    summary.quantile_values.add(quantile=0.5, value=float("inf"))
    gauge = metrics.add(name="gauge").gauge.data_points.add(time_unix_nano=2**64 - 1)
    gauge.exemplars.add(as_int=3)
    gauge.exemplars.add(as_int=3, trace_id=b"t" * 16)
    found = decode(request).points
    assert [point.metric for point in found] == ["summary", "gauge"]
    assert (found[0].value, found[0].count, found[0].detail) == (None, _LARGEST, {"quantiles": [[0.5, None]]})
    assert (found[1].value, found[1].time, found[1].service) == (None, _LARGEST, "unknown_service")
    assert [(each.value, each.span_id) for each in found[1].exemplars] == [(3.0, "")]


def test_invalid_ids_are_rejected_and_counted() -> None:
    """Spans whose ids are of the wrong length or all zero are left out, the others stay."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="good", parent_span_id=b"short", kind=99)
    for trace_id, span_id in ((b"", b"s" * 8), (b"t" * 16, bytes(8)), (b"t" * 15, b"s" * 8)):
        spans.add(trace_id=trace_id, span_id=span_id)
    batch = decode(request)
    assert [(span.name, span.parent_id, span.kind) for span in batch.spans] == [("good", "", "internal")]
    assert (batch.rejected, batch.reason) == (3, "trace or span ids are not valid")


def test_every_value_is_json() -> None:
    """Bytes, lists, maps, nothing and numbers that JSON lacks become what JSON has."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.attributes.add(key="bytes").value.bytes_value = b"\x00\xff"
    span.attributes.add(key="nan").value.double_value = float("nan")
    span.attributes.add(key="none")
    span.attributes.add(key="list").value.array_value.values.add().int_value = 1
    span.attributes.add(key="map").value.kvlist_value.values.add(key="k").value.bool_value = True
    attributes = decode(request).spans[0].attributes
    assert attributes == {"bytes": "AP8=", "nan": "nan", "none": None, "list": [1], "map": {"k": True}}
    json.dumps(attributes, allow_nan=False)


@pytest.mark.parametrize(
    ("number", "text", "level"),
    [
        (1, "", "debug"),
        (4, "", "debug"),
        (5, "", "debug"),
        (8, "", "debug"),
        (9, "INFO", "info"),
        (12, "", "info"),
        (13, "", "warning"),
        (14, "", "warning"),
        (16, "", "warning"),
        (17, "", "error"),
        (24, "", "critical"),
        (0, "WARN", "warn"),
        (-3, "", ""),
    ],
)
def test_log_records(number: int, text: str, level: str) -> None:
    """A log record becomes a line with the contract's keys, so that one view shows both."""
    request = ExportLogsServiceRequest()
    of_resource = request.resource_logs.add()
    of_resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    of_scope = of_resource.scope_logs.add()
    of_scope.scope.name = "a.b"
    record = of_scope.log_records.add(
        severity_number=number,
        severity_text=text,
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        time_unix_nano=5,
    )
    record.body.string_value = "hi"
    record.attributes.add(key="tenant_id").value.string_value = "acme"
    record.attributes.add(key="exception.type").value.string_value = "KeyError"
    line = decode(request).lines[0]
    assert (line.source, line.time, line.level, line.message) == ("otlp", 5, level, "hi")
    assert (line.service, line.logger, line.tenant_id) == ("shop", "a.b", "acme")
    assert (line.trace_id, line.span_id) == (b"t".hex() * 16, b"s".hex() * 8)
    assert line.get("exception_type") == "KeyError"
    assert json.loads(line.text) == line.fields


def test_log_record_without_anything() -> None:
    """A bare record has the time of its arrival and claims nothing."""
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add()
    line = decode(request).lines[0]
    assert line.fields == {}
    assert line.time > 0
