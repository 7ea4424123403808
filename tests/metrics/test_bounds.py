"""What a measurement may carry."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics._internal.measurement import Measurement
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.metrics import bounds as module
from ameide_telemetry.metrics.bounds import OVERFLOW, BoundedConsumer, Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Lab:
    """A provider with bounds and a reader in memory."""

    def __init__(self, limit: int = 2000) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider(shutdown_on_exit=False)
        self.children = 0
        self.consumer = BoundedConsumer(self.provider._measurement_consumer, self._in_child)
        self.consumer.bounds = Bounds(limit)
        self.consumer.active = True
        self.provider._measurement_consumer = self.consumer  # type: ignore[assignment]
        self.provider.add_metric_reader(self.reader)
        self.meter = self.provider.get_meter("test")

    def _in_child(self) -> None:
        self.children += 1
        self.consumer.after_fork(2000)

    def points(self, name: str) -> list[Any]:
        """Collect and return the points of a metric."""
        data = self.reader.get_metrics_data()
        if data is None:
            return []
        metrics = data.resource_metrics[0].scope_metrics[0].metrics
        return [point for metric in metrics if metric.name == name for point in metric.data.data_points]


def observed(
    values: Callable[[], Iterable[Observation]],
) -> list[Callable[[CallbackOptions], Iterable[Observation]]]:
    return [lambda _: values()]


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
    st.lists(st.sampled_from(["a", "b"]), max_size=2),
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), _VALUES, max_size=2), min_size=1, max_size=30))
def test_our_sets_are_the_sets_of_the_sdk(sets: list[dict[str, Any]]) -> None:
    """`True`, `1` and `1.0` are three values there and here; the points never exceed the cap."""
    lab = Lab(6)
    counter = lab.meter.create_counter("c")
    for attributes in sets:
        counter.add(1, attributes)
    points = lab.points("c")
    assert len(points) <= 6
    assert sum(point.value for point in points) == len(sets)


def test_nested_attribute_values_are_told_apart() -> None:
    """Since SDK 1.45 an attribute may be a mapping."""
    lab = Lab(4)
    counter = lab.meter.create_counter("c")
    for inner in ({"x": 1}, {"x": True}, {"x": 1}):
        counter.add(1, {"nested": inner})
    assert sorted(point.value for point in lab.points("c")) == [1, 2]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**400])
def test_a_value_that_does_not_fit_is_left_out(value: int) -> None:
    """OTLP carries 64-bit integers; one that is bigger would make every later export fail."""
    guard.reset()
    lab = Lab()
    lab.meter.create_up_down_counter("c").add(5)
    lab.meter.create_observable_up_down_counter("o", observed(lambda: [Observation(value), Observation(1)]))
    if abs(value) < 10**300:  # the SDK itself raises for what no float can hold
        lab.meter.create_up_down_counter("c").add(value)
    points = {name: [point.value for point in lab.points(name)] for name in ("c", "o")}
    assert points["c"] == [5]
    assert abs(value) > 10**300 or points["o"] == [1]


def test_inactive_costs_nothing_and_keeps_nothing() -> None:
    """After `undo` measurements go nowhere."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    lab.consumer.active = False
    counter.add(1)
    assert lab.points("c") == []


def test_the_sums_of_a_parent_are_not_the_childs() -> None:
    """After a fork every instrument starts at zero, observable ones are still asked."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    ticks = itertools.count(1)
    lab.meter.create_observable_counter("o", observed(lambda: [Observation(next(ticks))]))
    counter.add(100)
    lab.consumer._pid = -1
    counter.add(1)
    counter.add(1)
    assert lab.children == 1
    assert [point.value for point in lab.points("c")] == [2]
    assert [point.value for point in lab.points("o")] == [2]


def test_an_sdk_without_the_private_names_keeps_its_state() -> None:
    """Then the child goes on with the parent's sums, and that is counted."""
    guard.reset()
    lab = Lab()
    counter = lab.meter.create_counter("c")
    counter.add(100)
    consumer = BoundedConsumer(object(), lambda: None)
    consumer.after_fork(10)
    assert guard.counts() == {"metrics.state_inherited": 1}


def test_removing_a_reader_forgets_it() -> None:
    """Readers come and go through the consumer."""
    lab = Lab()
    lab.meter.create_counter("c").add(1)
    lab.provider.remove_metric_reader(lab.reader)
    second = InMemoryMetricReader()
    lab.provider.add_metric_reader(second)
    assert second.get_metrics_data() is None
