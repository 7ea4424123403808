"""Records in a form that can be sent, and what they weigh."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from ameide_telemetry import guard
from ameide_telemetry.export.fit import fit_log_record, fit_span
from ameide_telemetry.export.trim import MAX_RECORD, TRUNCATED

CONTEXT = SpanContext(1, 2, is_remote=False)
RESOURCE = Resource({"service.name": "orders"})
SCOPE = InstrumentationScope("orders", "1")


def _span(values: dict[str, Any] | None = None, **parts: Any) -> ReadableSpan:
    given: dict[str, Any] = {
        "name": "work",
        "context": CONTEXT,
        "resource": RESOURCE,
        "attributes": BoundedAttributes(attributes=values, immutable=False),
        "start_time": 1,
        "end_time": 2,
        "instrumentation_scope": SCOPE,
        "kind": SpanKind.SERVER,
    }
    return ReadableSpan(**{**given, **parts})


def _log(attributes: dict[str, Any] | None = None, **parts: Any) -> ReadableLogRecord:
    given = {"timestamp": 1, "observed_timestamp": 1, "severity_number": SeverityNumber.INFO, "body": "hello"}
    record = LogRecord(**{**given, **parts}, attributes=BoundedAttributes(attributes=attributes))
    return ReadableLogRecord(record, RESOURCE, SCOPE)


def _sent(record: Any) -> Any:
    """Encode a record as a sender does, and return it as a receiver sees it."""
    message = (encode_spans if isinstance(record, ReadableSpan) else encode_logs)([record])
    data = message.SerializeToString()
    assert len(data) < MAX_RECORD + 1_000
    (resource,) = type(message).FromString(data).ListFields()[0][1]
    (scope,) = resource.ListFields()[1][1]
    return scope.ListFields()[1][1][0]


FINE: Any = [
    {},
    {"a": "x", "b": 1, "c": 1.5, "d": True, "e": ("x", "y"), "f": b"raw", "g": None},
    {"é": "東京😀", "n": {"k": [1, {"m": "x"}]}},
    {"inf": float("inf"), "nan": float("nan"), "min": -(2**63), "max": 2**63 - 1},
]


@pytest.mark.parametrize("attributes", FINE)
def test_what_can_be_sent_stays_the_same_object(attributes: dict[str, Any]) -> None:
    """No copy of what nobody has to repair."""
    span, log = _span(attributes), _log(attributes)
    assert fit_span(span)[0] is span
    assert fit_log_record(log)[0] is log
    _sent(span)
    _sent(log)


def test_a_record_weighs_what_it_occupies() -> None:
    """Within a factor of two, measured: the bytes that wait in a queue are bounded by this figure."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = [_span({f"key{n}": f"value {number} {n}" * 20 for n in range(9)}) for number in range(500)]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    said = sum(fit_span(span)[1] for span in kept)
    assert 0.5 < said / (after - before) < 2


BAD_PARTS: Any = [
    {"name": "\ud800x"},
    {"name": 7},
    {"name": None},
    {"status": Status(StatusCode.ERROR, "\ud800")},
    {"status": Status("bad")},  # type: ignore[arg-type]
    {"kind": "server"},
    {"kind": []},
    {"start_time": 1.5},
    {"start_time": "now", "end_time": -1},
    {"end_time": 2**70},
    {"start_time": float("nan")},
    {"context": SpanContext(1, 2, False, trace_state="odd")},  # type: ignore[arg-type]
    {"events": [Event("\ud800", {"a": "\ud800"}, timestamp="x")]},  # type: ignore[arg-type]
    {"links": [Link(SpanContext(2**200, 1, False), {"a": 1}), Link(CONTEXT, {"\ud800": 1})]},
    {"instrumentation_scope": InstrumentationScope("\ud800", "\ud800")},
]


@pytest.mark.parametrize("parts", BAD_PARTS, ids=range(len(BAD_PARTS)))
def test_a_part_that_cannot_be_sent_is_repaired(parts: dict[str, Any]) -> None:
    """The rest of the span stays as it was."""
    span, _ = fit_span(_span({"kept": 1}, **parts))
    received = _sent(span)
    assert [(each.key, each.value.int_value) for each in received.attributes] == [("kept", 1)]
    assert received.span_id == (2).to_bytes(8)
    assert received.start_time_unix_nano > 0


class Text(str):
    """A subclass."""

    __slots__ = ()


BAD_VALUES: Any = [
    ("a\ud800b", "a\ufffdb"),
    (Text("x"), "x"),
    (2**63, str(2**63)),
    (-(2**64), str(-(2**64))),
    (10**5000, "<integer of 16610 bits>"),
]


@pytest.mark.parametrize(
    ("value", "expected"), BAD_VALUES, ids=["surrogate", "subclass", "big", "small", "huge"]
)
def test_a_value_that_otlp_has_no_type_for_becomes_text(value: object, expected: str) -> None:
    """Wherever it stands: alone, in a list, in a mapping, as the body of a log record."""
    attributes = {"v": value, "list": (value, 1), "map": {"k": value}}
    for record in (fit_span(_span(attributes))[0], fit_log_record(_log(attributes))[0]):
        found = {each.key: each.value for each in _sent(record).attributes}
        assert found["v"].string_value == expected
        assert found["list"].array_value.values[0].string_value == expected
        assert found["map"].kvlist_value.values[0].value.string_value == expected
    assert _sent(fit_log_record(_log(body=value))[0]).body.string_value == expected


def _deep(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = (value,)
    return value


HUGE: Any = {
    "one text": {"v": "x" * 5_000_000},
    "one text of emoji": {"v": "😀" * 5_000_000},
    "bytes": {"v": b"x" * 5_000_000},
    "many texts": {f"k{n}": "x" * 100_000 for n in range(300)},
    "many small texts": {f"k{n}": "x" * 200 for n in range(20_000)},
    "a long key": {"k" * 2_000_000: 1},
    "a wide list": {"v": tuple(range(500_000))},
    "a list of texts": {"v": ("x" * 1_000,) * 5_000},
    "deep": {"v": _deep(50)},
}


@pytest.mark.parametrize("attributes", HUGE.values(), ids=HUGE)
def test_a_huge_record_is_cut_to_a_mebibyte(attributes: dict[str, Any]) -> None:
    """It says how much is gone; its name and what is small stay."""
    for record, size in (fit_span(_span({**attributes, "kept": 1})), fit_log_record(_log({**attributes}))):
        received = _sent(record)
        found = {each.key: each.value for each in received.attributes}
        assert size <= MAX_RECORD
        if "v" not in attributes or not isinstance(attributes["v"], tuple) or len(attributes["v"]) > 1:
            assert found[TRUNCATED].int_value > 0


def test_many_huge_events_and_links_are_cut() -> None:
    """What has no room is left out and counted where OTLP counts it."""
    events = [Event(f"event {n}", {f"k{m}": "x" * 50_000 for m in range(100)}) for n in range(100)]
    links = [Link(CONTEXT, {f"k{m}": "x" * 5_000 for m in range(10)}) for _ in range(100)]
    received = _sent(fit_span(_span({"kept": 1}, events=events, links=links))[0])
    assert received.name == "work"
    assert 0 < len(received.events) == 100 - received.dropped_events_count
    assert len(received.links) == 100 - received.dropped_links_count


def test_a_huge_text_is_not_copied() -> None:
    """Seventy megabytes cost as much as what is kept of them."""
    span = _span({"body": "x" * 70_000_000})
    tracemalloc.start()
    fit_span(span)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_counts_of_what_the_sdk_dropped_stay() -> None:
    """A repair does not make them wrong."""
    attributes = BoundedAttributes(2, {"a": 1, "b": 2, "c": "\ud800"}, immutable=False)
    span, _ = fit_span(_span(None, attributes=attributes))
    assert span.dropped_attributes == 1


BAD_LOGS: Any = [
    {"severity_text": "\ud800"},
    {"event_name": "\ud800"},
    {"timestamp": -1},
    {"timestamp": "x", "observed_timestamp": 1.5},
    {"body": object()},
    {"body": {"k": {1, 2}}},
    {"body": _deep(100)},
]


@pytest.mark.parametrize("parts", BAD_LOGS, ids=range(len(BAD_LOGS)))
def test_a_part_of_a_log_record_that_cannot_be_sent_is_repaired(parts: dict[str, Any]) -> None:
    """Its attributes stay."""
    received = _sent(fit_log_record(_log({"kept": 1}, **parts))[0])
    assert received.attributes[0].value.int_value == 1
    assert received.time_unix_nano > 0


def test_ids_that_are_none_are_left_out() -> None:
    """A record made by hand may carry anything."""
    log = _log()
    log.log_record.trace_id, log.log_record.trace_flags = "x", "y"  # type: ignore[assignment]
    received = _sent(fit_log_record(log)[0])
    assert (received.trace_id, received.flags) == (b"", 0)


def test_something_else_comes_back_as_it_is() -> None:
    """The sender will say of it that it cannot be sent; here nothing is raised in production."""
    guard.reraise_in_tests(False)
    try:
        assert fit_span("no span") == ("no span", MAX_RECORD)  # type: ignore[arg-type, comparison-overlap]
        assert fit_log_record(None) == (None, MAX_RECORD)
    finally:
        guard.reraise_in_tests("auto")
