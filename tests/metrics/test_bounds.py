"""What a measurement may carry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest as MetricsRequest,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics._internal.measurement import Measurement
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from ameide_telemetry.contract import names
from ameide_telemetry.metrics import bounds as module
from ameide_telemetry.metrics.bounds import OVERFLOW, Bounds
from support.meters import Lab, observed


def _metrics(data: Any) -> list[Any]:
    return [metric for scope in data.resource_metrics[0].scope_metrics for metric in scope.metrics]


def _keys_of(data: Any) -> list[int]:
    return [len(point.attributes) for metric in _metrics(data) for point in metric.data.data_points]


def _keys(request: Any) -> list[int]:
    metrics = request.resource_metrics[0].scope_metrics[0].metrics
    return [
        len(point.attributes)
        for metric in metrics
        for point in getattr(metric, metric.WhichOneof("data")).data_points
    ]


_OTHER_SPELLINGS = ("Tenant_ID", "tenantId", "traceId", "sessionId", "requestId", "request-id", "SAAS_TENANT")


@pytest.mark.parametrize("denied", [*sorted(names.METRIC_DENIED_ATTRIBUTES), *_OTHER_SPELLINGS])
def test_denied_attributes_never_become_metric_attributes(denied: str) -> None:
    """Neither of a synchronous nor of an observable instrument; the other attributes stay."""
    lab = Lab()
    attributes = {denied: "secret", "route": "/cart"}
    lab.meter.create_counter("sync").add(1, attributes)
    lab.meter.create_observable_gauge("async", observed(lambda: [Observation(1, attributes)]))
    for name in ("sync", "async"):
        assert [dict(point.attributes) for point in lab.points(name)] == [{"route": "/cart"}]


@pytest.mark.parametrize("name", ["user_id", "tenants", "tenant_tier", "session", "span", "request"])
def test_names_that_only_resemble_a_denied_one_stay(name: str) -> None:
    """Whole names are compared: a measurement with others is passed on as it is, again and again."""
    bounds = Bounds(2000)
    instrument: Any = object()
    measurement = Measurement(1, 0, instrument, Context(), {name: "x", "route": "/cart"})
    assert bounds.apply(measurement) is measurement
    assert bounds.apply(measurement) is measurement


def test_values_are_redacted_by_name_and_by_look() -> None:
    """Of a synchronous and of an observable instrument, in lists and mappings too; names as well."""
    lab = Lab()
    attributes: dict[str, Any] = {
        "api_key": "abc",
        "about": "mail anna@example.com",
        "all": ["anna@example.com", "b"],
        "anna@example.com": 1,
        "route": "/cart",
    }
    lab.meter.create_counter("sync").add(1, attributes)
    lab.meter.create_observable_gauge("async", observed(lambda: [Observation(1, attributes)]))
    for name in ("sync", "async"):
        (point,) = lab.points(name)
        assert dict(point.attributes) == {
            "api_key": "[redacted:key]",
            "about": "mail [redacted:email]",
            "all": ("[redacted:email]", "b"),
            "[redacted:email]": 1,
            "route": "/cart",
        }


def test_sets_that_differ_in_what_is_redacted_are_one() -> None:
    """A thousand addresses are one point; a set without any is judged once and passed on as it is."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    for number in range(1000):
        counter.add(1, {"customer_email": f"u{number}@example.com"})
    assert [(dict(each.attributes), each.value) for each in lab.points("c")] == [
        ({"customer_email": "[redacted:email]"}, 1000)
    ]


def test_half_a_secret_at_the_cut_is_redacted() -> None:
    """A text is redacted before it is cut to what an attribute may hold."""
    lab = Lab()
    lab.meter.create_counter("c").add(1, {"about": "x" * 1010 + " anna.smith@example.com"})
    (point,) = lab.points("c")
    assert "anna" not in str(point.attributes)


def test_a_flood_of_names_neither_grows_the_memory_of_names_nor_opens_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The memory of allowed names is bounded; beyond it names are still judged, each time anew."""
    allowed: set[object] = set()
    monkeypatch.setattr(module, "_ALLOWED", allowed)
    monkeypatch.setattr(module, "_MOST_ALLOWED", 10)
    lab = Lab()
    counter = lab.meter.create_counter("c")
    for number in range(20):
        counter.add(1, {f"name{number}": 1, "tenantId": "secret"})
    assert [dict(point.attributes) for point in lab.points("c")] == [{f"name{n}": 1} for n in range(20)]
    assert allowed == {f"name{number}" for number in range(10)}


@pytest.mark.parametrize("limit", [1, 10, 2000])
def test_twenty_thousand_attribute_sets_share_the_overflow_point(limit: int) -> None:
    """There are `limit` points with the overflow one, and the sum is exact."""
    lab = Lab(limit)
    counter = lab.meter.create_counter("requests")
    for number in range(20_000):
        counter.add(1, {"path": f"/{number}"})
    points = lab.points("requests")
    assert len(points) == limit
    assert sum(point.value for point in points) == 20_000
    overflow = [point for point in points if dict(point.attributes) == OVERFLOW]
    assert [point.value for point in overflow] == [20_000 - limit + 1]


def test_the_cap_holds_for_observable_instruments() -> None:
    """Their callbacks are asked at every collection; the sums stay exact and the points bounded."""
    lab = Lab(100)
    lab.meter.create_observable_counter(
        "rows", observed(lambda: [Observation(2, {"table": str(number)}) for number in range(500)])
    )
    for _ in range(2):
        points = lab.points("rows")
        assert len(points) == 100
        assert sum(point.value for point in points) == 1000


def test_the_cap_is_per_instrument() -> None:
    """One instrument under attack does not cost another its points."""
    lab = Lab(10)
    attacked, quiet = lab.meter.create_counter("attacked"), lab.meter.create_counter("quiet")
    for number in range(100):
        attacked.add(1, {"host": str(number)})
    for number in range(9):
        quiet.add(1, {"code": number})
    assert all(dict(point.attributes) != OVERFLOW for point in lab.points("quiet"))


def test_a_set_that_was_seen_stays_after_the_cap() -> None:
    """Known attribute sets go on being counted on their own; no attributes are a set like any other."""
    lab = Lab(3)
    counter = lab.meter.create_counter("c")
    counter.add(1)
    counter.add(1, {})
    for number in range(10):
        counter.add(1, {"n": number})
    counter.add(1)
    counter.add(1, dict(OVERFLOW))
    values = {frozenset(point.attributes.items()): point.value for point in lab.points("c")}
    assert values[frozenset()] == 3
    assert values[frozenset(OVERFLOW.items())] == 10
    assert len(values) == 3


_VALUES = st.one_of(
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from(["", "1", "a"]),
    st.lists(st.sampled_from(["a", "b", 1, True, 1.0]), max_size=2),
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), _VALUES, max_size=2), min_size=1, max_size=30))
def test_our_sets_are_the_sets_of_the_sdk(sets: list[dict[str, Any]]) -> None:
    """`True`, `1` and `1.0` are three values there and here; the points never exceed the cap."""
    lab, reader = Lab(6), InMemoryMetricReader()
    counter = lab.meter.create_counter("c")
    unbounded = MeterProvider([reader], shutdown_on_exit=False).get_meter("test").create_counter("c")
    for attributes in sets:
        counter.add(1, attributes)
        unbounded.add(1, attributes)
    points = lab.points("c")
    data = reader.get_metrics_data()
    assert data is not None
    assert len(points) == min(6, len(data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points))
    assert sum(point.value for point in points) == len(sets)


_ANY_TEXT = st.text(st.characters(), max_size=20)
_ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ANY_TEXT | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
_MEASUREMENTS = st.lists(
    st.tuples(st.integers(0, 2**40) | st.integers(), st.dictionaries(_ANY_TEXT, _ANY_VALUE, max_size=3)),
    min_size=1,
    max_size=40,
)


@given(_MEASUREMENTS, st.integers(1, 8), st.lists(st.integers(0, 39), max_size=3))
def test_series_are_bounded_and_sums_exact_whatever_is_measured(
    measurements: list[tuple[int, dict[str, Any]]], limit: int, collections: list[int]
) -> None:
    """No more points than the cap, in any collection; what was taken is all there; all of it encodes."""
    lab = Lab(limit)
    counter, histogram = lab.meter.create_counter("c"), lab.meter.create_histogram("h")
    taken = 0
    for number, (value, attributes) in enumerate(measurements):
        counter.add(value, attributes)
        histogram.record(value, attributes)
        taken += value if 0 <= value < 2**63 else 0
        if number in collections:
            assert len(lab.points("c")) <= limit
    data = lab.reader.get_metrics_data()
    metrics = {} if data is None else {each.name: each for each in _metrics(data)}
    sums: dict[str, Any] = {name: metric.data.data_points for name, metric in metrics.items()}
    assert all(len(points) <= limit for points in sums.values())
    if taken < 2**63:
        assert sum(point.value for point in sums.get("c", ())) == taken
        assert sum(point.sum for point in sums.get("h", ())) == taken
    valid = sum(0 <= value < 2**63 for value, _ in measurements)
    assert sum(point.count for point in sums.get("h", ())) == valid
    if data is not None:
        sent = MetricsRequest.FromString(encode_metrics(data).SerializeToString())
        assert _keys(sent) == _keys_of(data)


def test_nested_attribute_values_are_told_apart() -> None:
    """Since SDK 1.45 an attribute may be a mapping."""
    lab = Lab(4)
    counter = lab.meter.create_counter("c")
    for inner in ({"x": 1}, {"x": True}, {"x": 1}):
        counter.add(1, {"nested": inner})
    assert sorted(point.value for point in lab.points("c")) == [1, 2]


def test_long_texts_meet_the_bound_of_memory_before_the_cap() -> None:
    """Paths of a kilobyte: fewer sets are kept, and the sum is exact."""
    lab = Lab()
    counter = lab.meter.create_counter("requests")
    for number in range(5000):
        counter.add(1, {"path": f"/{number}/" + "x" * 5000, "query": "y" * 5000})
    points = lab.points("requests")
    assert sum(point.value for point in points) == 5000
    assert 500 < len(points) < 1100
    assert sum(len(str(point.attributes)) for point in points) < 3_000_000


def test_the_memory_of_attribute_sets_is_safe_to_measure_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the garbage collector finalises while a set is judged may measure with the same instrument."""
    lab = Lab(3)
    counter = lab.meter.create_counter("c")
    waiting = [{"route": "/b"}, {"route": "/c"}]

    def finalise(attributes: Any) -> int:
        if waiting:
            counter.add(1, waiting.pop(0))
        return len(str(attributes))

    monkeypatch.setattr("ameide_telemetry.metrics.bounds.text_size", finalise)
    counter.add(1, {"route": "/a"})
    # The third comes while the second is passed on to the first collection.
    lab.collected()
    points = {str(dict(point.attributes)): point.value for point in lab.points("c")}
    assert points == {"{'route': '/a'}": 1, "{'route': '/b'}": 1, str(dict(OVERFLOW)): 1}


def test_lists_are_told_apart_by_what_is_in_them() -> None:
    """`[1]`, `[True]` and `[1.0]` are equal in Python and three points in the SDK: the cap counts three."""
    lab = Lab(3)
    counter = lab.meter.create_counter("c")
    for each in (1, True, 1.0, 1):
        counter.add(1, {"list": [each]})
    points = lab.points("c")
    assert len(points) == 3
    assert sum(point.value for point in points) == 4
    assert [dict(point.attributes) for point in points][-1] == OVERFLOW
