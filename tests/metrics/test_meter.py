"""Definitions: one name means one thing per meter, and what is wrong with one is said at its creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import MeterProvider

from ameide_telemetry import guard
from ameide_telemetry.exceptions import InstrumentError, TelemetryError
from support.meters import Lab, Raising

if TYPE_CHECKING:
    from collections.abc import Iterator

_DESCRIBED = {"unit": "s", "description": "Orders placed."}
_OTHERS: list[tuple[str, dict[str, Any], bool]] = [
    ("create_counter", {**_DESCRIBED, "unit": "ms"}, False),
    ("create_counter", {**_DESCRIBED, "unit": ""}, False),
    ("create_counter", {**_DESCRIBED, "unit": "S"}, False),
    ("create_counter", {**_DESCRIBED, "description": "Something else."}, True),
    ("create_up_down_counter", _DESCRIBED, False),
    ("create_histogram", _DESCRIBED, False),
    ("create_gauge", _DESCRIBED, False),
    ("create_observable_counter", _DESCRIBED, False),
    ("create_observable_up_down_counter", _DESCRIBED, False),
    ("create_observable_gauge", _DESCRIBED, False),
]
_IDS = ["other unit", "no unit", "unit in capitals", "other description", *(each[0] for each in _OTHERS[4:])]
_METHODS = {"create_histogram": "record", "create_gauge": "set"}


@pytest.fixture(autouse=True)
def _counts() -> Iterator[None]:
    """Begin with nothing counted."""
    guard.reset()
    yield
    guard.reset()


def measure(instrument: Any, create: str) -> None:
    """Measure 5, where the instrument can be told to."""
    if "observable" not in create:
        getattr(instrument, _METHODS.get(create, "add"))(5)


@pytest.mark.parametrize("name", ["orders", "Orders", "ORDERS"])
@pytest.mark.parametrize(("create", "definition", "shared"), _OTHERS, ids=_IDS)
def test_a_second_meaning_is_refused_where_settings_are_strict(
    create: str, definition: dict[str, Any], shared: bool, name: str
) -> None:
    """At its creation, with an error of this library that names both; the first goes on."""
    lab = Lab(strict=True)
    first = lab.meter.create_counter("orders", **_DESCRIBED)
    with pytest.raises(InstrumentError, match="of the meter test exists with") as caught:
        getattr(lab.meter, create)(name, **definition)
    assert isinstance(caught.value, TelemetryError)
    first.add(1)
    assert lab.values("orders") == [1]
    assert lab.meter.create_counter("orders", **_DESCRIBED) is first


@pytest.mark.parametrize("name", ["orders", "Orders"])
@pytest.mark.parametrize(("create", "definition", "shared"), _OTHERS, ids=_IDS)
def test_otherwise_it_is_said_once_and_one_stream_stays(
    create: str, definition: dict[str, Any], shared: bool, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No second stream under the name: other words share the first, another meaning measures nothing."""
    lab = Lab()
    lab.meter.create_counter("orders", **_DESCRIBED).add(1)
    for _ in range(3):
        measure(getattr(lab.meter, create)(name, **definition), create)
    data = lab.reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.data.data_points
    assert (metric.name, metric.unit, metric.description) == ("orders", "s", "Orders placed.")
    assert getattr(point, "value", None) == (16 if shared else 1)
    assert len(caplog.records) == 1
    lost = guard.counts().get("metrics.conflicting_measurement", 0)
    assert lost == (0 if shared or "observable" in create else 3)
    assert guard.counts()["metrics.conflicting_instrument"] == 3


@pytest.mark.parametrize("strict", [True, False])
def test_the_same_again_is_the_same_instrument(strict: bool) -> None:
    """Modules may ask for it twice, in any case of letters; nothing is said."""
    lab = Lab(strict=strict)
    first = lab.meter.create_counter("orders", **_DESCRIBED)
    assert lab.meter.create_counter("Orders", **_DESCRIBED) is first
    assert lab.provider.get_meter("test") is lab.meter
    assert guard.counts() == {}


def test_meters_do_not_share_their_names() -> None:
    """Each scope is a label of its own downstream."""
    lab = Lab(strict=True)
    lab.meter.create_counter("orders", "s").add(1)
    lab.provider.get_meter("other").create_counter("orders", "ms").add(1)
    lab.provider.get_meter("test", "2.0").create_histogram("orders").record(1)
    data = lab.reader.get_metrics_data()
    assert data is not None
    assert len(data.resource_metrics[0].scope_metrics) == 3


def test_other_boundaries_are_another_definition() -> None:
    """Strict refuses them; else the first ones stay, and the measurements are kept."""
    buckets: Any = {"explicit_bucket_boundaries_advisory": [1, 2]}
    strict, lenient = Lab(strict=True), Lab()
    strict.meter.create_histogram("h", **buckets)
    with pytest.raises(InstrumentError, match="boundaries"):
        strict.meter.create_histogram("h")
    lenient.meter.create_histogram("h", **buckets).record(1)
    lenient.meter.create_histogram("h", explicit_bucket_boundaries_advisory=[5]).record(9)
    (point,) = lenient.points("h")
    assert (point.explicit_bounds, point.count) == ((1.0, 2.0), 2)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("1st", "metric_1st"),
        ("orders placed", "orders_placed"),
        ("commandes.payées", "commandes.pay_es"),
        ("\ud800", "metric__"),
        ("_private", "metric__private"),
        ("x" * 300, "x" * 255),
        (" orders ", "orders"),
    ],
)
def test_a_name_is_repaired_or_refused(bad: str, expected: str) -> None:
    """Strict raises at creation; else the metric arrives under a name that is allowed."""
    lab = Lab()
    lab.meter.create_counter(bad).add(1)
    assert lab.values(expected) == [1]
    if bad.strip() != expected:
        with pytest.raises(TelemetryError, match="is used"):
            Lab(strict=True).meter.create_counter(bad)


@pytest.mark.parametrize("bad", ["", " ", None, 5, b"orders", Raising(), ["orders"]], ids=map(str, range(7)))
@pytest.mark.parametrize("create", ["create_counter", "create_histogram", "create_observable_gauge"])
def test_without_a_name_nothing_is_measured(bad: Any, create: str) -> None:
    """Strict raises; else the instrument is there, and does nothing."""
    lab = Lab()
    measure(getattr(lab.meter, create)(bad), create)
    assert lab.collected() == {}
    with pytest.raises(TelemetryError, match="no name"):
        getattr(Lab(strict=True).meter, create)(bad)


@pytest.mark.parametrize("bad", ["µs", "\ud800", "x" * 64, 5, Raising()], ids=map(str, range(5)))
def test_a_unit_that_is_not_allowed_is_left_out(bad: Any) -> None:
    """Strict raises."""
    lab = Lab()
    lab.meter.create_counter("c", unit=bad).add(1)
    data = lab.reader.get_metrics_data()
    assert data is not None
    assert data.resource_metrics[0].scope_metrics[0].metrics[0].unit == ""
    with pytest.raises(TelemetryError, match="unit"):
        Lab(strict=True).meter.create_counter("c", unit=bad)


@pytest.mark.parametrize("bad", ["\ud800", "x" * 100_000, None, 5, Raising()], ids=map(str, range(5)))
def test_any_description_can_be_encoded(bad: Any) -> None:
    """It becomes valid UTF-8 of bounded length, and is no reason to refuse an instrument."""
    lab = Lab(strict=True)
    lab.meter.create_counter("c", description=bad).add(1)
    data = lab.reader.get_metrics_data()
    assert data is not None
    assert len(encode_metrics(data).SerializeToString()) < 5000


@pytest.mark.parametrize(
    "bad",
    [[2, 1], [1, 1], [float("nan")], [0, float("inf")], ["x"], 5, "text", [10**400], Raising()],
    ids=map(str, range(9)),
)
def test_boundaries_that_do_not_increase_are_left_out(bad: Any) -> None:
    """The SDK takes them and loses every measurement; strict raises at creation."""
    lab = Lab()
    lab.meter.create_histogram("h", explicit_bucket_boundaries_advisory=bad).record(1)
    assert [point.count for point in lab.points("h")] == [1]
    with pytest.raises(TelemetryError, match="boundaries"):
        Lab(strict=True).meter.create_histogram("h", explicit_bucket_boundaries_advisory=bad)


@pytest.mark.parametrize(
    "scope",
    [
        ("\ud800",),
        ("a", "\ud800"),
        ("a", "1", "\ud800"),
        ("a", "1", "", {"\ud800": "\ud800"}),
        ("a", "1", "", {"x": Raising()}),
        ("",),
        (None,),
        (5, 5, 5, 5),
    ],
    ids=map(str, range(8)),
)
def test_any_scope_can_be_encoded(scope: Any) -> None:
    """Name, version, schema and attributes of a meter."""
    lab = Lab()
    lab.provider.get_meter(*scope).create_counter("c").add(1)
    data = lab.reader.get_metrics_data()
    assert data is not None
    assert encode_metrics(data).SerializeToString()
    assert lab.values("c") == [1]


def test_warnings_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Names that are made up on the way are counted, and said a hundred times at most."""
    lab = Lab()
    for number in range(300):
        lab.meter.create_counter(f"c {number}")
    assert len(caplog.records) == 100
    assert guard.counts()["metrics.conflicting_instrument"] == 300


def test_instruments_are_those_of_the_api() -> None:
    """Whoever looks at the class finds OpenTelemetry's."""
    meter = Lab().meter
    made = {
        metrics.Counter: meter.create_counter("a"),
        metrics.UpDownCounter: meter.create_up_down_counter("b"),
        metrics.Histogram: meter.create_histogram("c"),
        metrics.ObservableCounter: meter.create_observable_counter("d"),
        metrics.ObservableUpDownCounter: meter.create_observable_up_down_counter("e"),
        metrics.ObservableGauge: meter.create_observable_gauge("f"),
        metrics.Meter: meter,
        MeterProvider: Lab().provider,
    }
    assert all(isinstance(instance, kind) for kind, instance in made.items())
