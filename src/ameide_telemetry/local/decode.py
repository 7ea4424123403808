"""OTLP export requests as records: what the store keeps of a message.

Spans and exemplars whose ids are not 16 and 8 bytes, or all zero, are no W3C ids; nothing could ever find
them again. Such spans are left out and counted, and the sender is told (partial success).
"""

from __future__ import annotations

import base64
import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ameide_telemetry.contract import names
from ameide_telemetry.local.records import Event, Exemplar, Kind, Line, Link, Point, Span, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1 import logs_pb2
    from opentelemetry.proto.metrics.v1 import metrics_pb2
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1 import trace_pb2

    from ameide_telemetry.local.otlp import Request

    AnyPoint = (
        metrics_pb2.NumberDataPoint
        | metrics_pb2.HistogramDataPoint
        | metrics_pb2.ExponentialHistogramDataPoint
        | metrics_pb2.SummaryDataPoint
    )

__all__ = ["Batch", "decode"]

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
# SQLite and signed readers hold 63 bits; OTLP's times and counts have 64.
_LARGEST: Final = 2**63 - 1
_KINDS: Final[dict[int, Kind]] = {2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUSES: Final[dict[int, Status]] = {1: "ok", 2: "error"}
# OTLP severity numbers, four to each name (logs data model, "Severity Fields").
_LEVELS: Final = ("debug", "debug", "info", "warning", "error", "critical")
_TEMPORALITIES: Final = {1: "delta", 2: "cumulative"}
_RESOURCE_KEYS: Final = {
    "service.name": names.LOG_SERVICE,
    "service.version": names.LOG_VERSION,
    "deployment.environment.name": names.LOG_ENV,
}
_ATTRIBUTE_KEYS: Final = {
    "exception.type": names.LOG_EXCEPTION_TYPE,
    "exception.message": names.LOG_EXCEPTION_MESSAGE,
    "exception.stacktrace": names.LOG_EXCEPTION_STACKTRACE,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one export request held.

    Attributes:
        rejected: how many of its records were left out.
        reason: why.
    """

    spans: tuple[Span, ...] = ()
    lines: tuple[Line, ...] = ()
    points: tuple[Point, ...] = ()
    rejected: int = 0
    reason: str = ""


def decode(request: Request) -> Batch:
    """Return the records of an export request of any signal."""
    if isinstance(request, ExportTraceServiceRequest):
        return _decode_traces(request)
    if isinstance(request, ExportLogsServiceRequest):
        return Batch(lines=tuple(_lines(request)))
    return Batch(points=tuple(_points(request)))


def _decode_traces(request: ExportTraceServiceRequest) -> Batch:
    found = list(_spans(request))
    spans = tuple(span for span in found if span is not None)
    rejected = len(found) - len(spans)
    return Batch(spans=spans, rejected=rejected, reason="trace or span ids are not valid" if rejected else "")


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span | None]:
    for of_resource in request.resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        service = _service(of_resource.resource)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _span(span, service, resource)


def _span(span: trace_pb2.Span, service: str, resource: dict[str, object]) -> Span | None:
    trace_id = _id(span.trace_id, _TRACE_ID_BYTES)
    span_id = _id(span.span_id, _SPAN_ID_BYTES)
    if not (trace_id and span_id):
        return None
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_id(span.parent_span_id, _SPAN_ID_BYTES),
        service=service,
        name=span.name,
        kind=_KINDS.get(span.kind, "internal"),
        start=_bounded(span.start_time_unix_nano),
        end=_bounded(span.end_time_unix_nano),
        status=_STATUSES.get(span.status.code, "unset"),
        message=span.status.message,
        attributes=_attributes(span.attributes),
        resource=resource,
        events=tuple(
            Event(time=_bounded(each.time_unix_nano), name=each.name, attributes=_attributes(each.attributes))
            for each in span.events
        ),
        links=tuple(
            Link(each.trace_id.hex(), each.span_id.hex(), attributes=_attributes(each.attributes))
            for each in span.links
        ),
    )


def _lines(request: ExportLogsServiceRequest) -> Iterator[Line]:
    for of_resource in request.resource_logs:
        resource = _attributes(of_resource.resource.attributes)
        shared = {key: resource[name] for name, key in _RESOURCE_KEYS.items() if name in resource}
        for of_scope in of_resource.scope_logs:
            for record in of_scope.log_records:
                yield _line(record, {**shared, names.LOG_LOGGER: of_scope.scope.name})


def _line(record: logs_pb2.LogRecord, shared: dict[str, object]) -> Line:
    moment = _bounded(record.time_unix_nano or record.observed_time_unix_nano) or time.time_ns()
    fields = {
        **{_ATTRIBUTE_KEYS.get(key, key): each for key, each in _attributes(record.attributes).items()},
        **shared,
        names.LOG_LEVEL: _level(record),
        names.LOG_MESSAGE: _value(record.body),
        names.LOG_TRACE_ID: _id(record.trace_id, _TRACE_ID_BYTES),
        names.LOG_SPAN_ID: _id(record.span_id, _SPAN_ID_BYTES),
    }
    kept = {key: value for key, value in fields.items() if value not in ("", None)}
    text = json.dumps(kept, ensure_ascii=False)
    return Line(text=text, fields=kept, time=moment, source="otlp")


def _level(record: logs_pb2.LogRecord) -> str:
    number = record.severity_number
    if number:
        return _LEVELS[min((number - 1) // 4, len(_LEVELS) - 1)] if number > 0 else ""
    return record.severity_text.lower()


def _points(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    for of_resource in request.resource_metrics:
        service = _service(of_resource.resource)
        for of_scope in of_resource.scope_metrics:
            for metric in of_scope.metrics:
                kind = metric.WhichOneof("data")
                if kind is not None:
                    for point in getattr(metric, kind).data_points:
                        yield _point(metric, kind, point, service)


def _point(metric: metrics_pb2.Metric, kind: str, point: AnyPoint, service: str) -> Point:
    value, count, detail = _READERS[kind](point)
    temporality = getattr(getattr(metric, kind), "aggregation_temporality", 0)
    if temporality in _TEMPORALITIES:
        detail["temporality"] = _TEMPORALITIES[temporality]
    return Point(
        metric=metric.name,
        service=service,
        kind=kind,
        time=_bounded(point.time_unix_nano),
        value=_finite(value),
        unit=metric.unit,
        count=_bounded(count),
        attributes=_attributes(point.attributes),
        detail=detail,
        exemplars=tuple(_exemplars(metric.name, service, getattr(point, "exemplars", ()))),
    )


def _exemplars(metric: str, service: str, found: Iterable[metrics_pb2.Exemplar]) -> Iterator[Exemplar]:
    for each in found:
        trace_id = _id(each.trace_id, _TRACE_ID_BYTES)
        if trace_id:
            yield Exemplar(
                metric=metric,
                service=service,
                trace_id=trace_id,
                span_id=_id(each.span_id, _SPAN_ID_BYTES),
                time=_bounded(each.time_unix_nano),
                value=_finite(_number(each)),
                attributes=_attributes(each.filtered_attributes),
            )


_Read = tuple[float | None, int, dict[str, object]]


def _read_number(point: metrics_pb2.NumberDataPoint) -> _Read:
    return _number(point), 1, {}


def _read_histogram(point: metrics_pb2.HistogramDataPoint) -> _Read:
    detail: dict[str, object] = {
        "bounds": [_finite(each) for each in point.explicit_bounds],
        "buckets": list(point.bucket_counts),
    }
    return point.sum if point.HasField("sum") else None, point.count, detail


def _read_exponential(point: metrics_pb2.ExponentialHistogramDataPoint) -> _Read:
    detail: dict[str, object] = {
        "scale": point.scale,
        "zero_count": point.zero_count,
        "positive": {"offset": point.positive.offset, "buckets": list(point.positive.bucket_counts)},
        "negative": {"offset": point.negative.offset, "buckets": list(point.negative.bucket_counts)},
    }
    return point.sum if point.HasField("sum") else None, point.count, detail


def _read_summary(point: metrics_pb2.SummaryDataPoint) -> _Read:
    quantiles = [[_finite(each.quantile), _finite(each.value)] for each in point.quantile_values]
    return point.sum, point.count, {"quantiles": quantiles}


_READERS: Final[dict[str, Callable[..., _Read]]] = {
    "gauge": _read_number,
    "sum": _read_number,
    "histogram": _read_histogram,
    "exponential_histogram": _read_exponential,
    "summary": _read_summary,
}


def _number(point: metrics_pb2.NumberDataPoint | metrics_pb2.Exemplar) -> float | None:
    which = point.WhichOneof("value")
    if which is None:
        return None
    return point.as_double if which == "as_double" else float(point.as_int)


def _finite(value: float | None) -> float | None:
    """JSON and SQLite know no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None


def _bounded(value: int) -> int:
    return min(value, _LARGEST)


def _id(value: bytes, size: int) -> str:
    return value.hex() if len(value) == size and any(value) else ""


def _service(resource: Resource) -> str:
    found = _attributes(each for each in resource.attributes if each.key == "service.name")
    return str(found.get("service.name", "unknown_service"))


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> object:
    """Return an attribute's value as JSON knows it; depth is bounded by the parser (100 messages)."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    read = _VALUES.get(kind)
    return read(value) if read is not None else getattr(value, kind)


_VALUES: Final[dict[str, Callable[[AnyValue], object]]] = {
    "double_value": lambda value: (
        value.double_value if math.isfinite(value.double_value) else str(value.double_value)
    ),
    "array_value": lambda value: [_value(each) for each in value.array_value.values],
    "kvlist_value": lambda value: _attributes(value.kvlist_value.values),
    "bytes_value": lambda value: base64.b64encode(value.bytes_value).decode(),
}
