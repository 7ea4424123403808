"""Whatever is measured: nothing is raised, nothing else is lost, and the rest is counted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest as MetricsRequest,
)

from ameide_telemetry import guard
from support.meters import BAD_ATTRIBUTES, BAD_NUMBERS, GOOD_NUMBERS, Lab, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEASURING = {
    "create_counter": "add",
    "create_up_down_counter": "add",
    "create_histogram": "record",
    "create_gauge": "set",
}
_OBSERVING = ("create_observable_counter", "create_observable_up_down_counter", "create_observable_gauge")
_MONOTONIC = {"create_counter", "create_histogram", "create_observable_counter"}


@pytest.fixture(autouse=True)
def _counts() -> Iterator[None]:
    """Begin with nothing counted."""
    guard.reset()
    yield
    guard.reset()


def measured(lab: Lab, create: str, values: list[Any], attributes: Any = None) -> list[Any]:
    """Measure values with a new instrument and return its points, as they arrive after encoding."""
    make = getattr(lab.meter, create)
    if create in _MEASURING:
        measure = getattr(make("m"), _MEASURING[create])
        for value in values:
            measure(value, attributes)
    else:
        make("m", observed(lambda: [Observation(value, attributes) for value in values]))
    data = lab.reader.get_metrics_data()
    if data is None:
        return []
    request = MetricsRequest.FromString(encode_metrics(data).SerializeToString())
    (metric,) = request.resource_metrics[0].scope_metrics[0].metrics
    return list(getattr(metric, str(metric.WhichOneof("data"))).data_points)


@pytest.mark.parametrize("create", [*_MEASURING, *_OBSERVING])
@pytest.mark.parametrize("bad", BAD_NUMBERS, ids=map(str, range(len(BAD_NUMBERS))))
def test_a_measurement_that_is_no_number_is_left_out_and_counted(create: str, bad: Any) -> None:
    """Text, NaN, 2**63, None, objects that raise: the measurements beside them arrive."""
    (point,) = measured(Lab(), create, [5, bad, 5])
    expected = 5 if create.endswith("gauge") else 10
    assert (point.sum if create == "create_histogram" else point.as_int) == expected
    counted = "metrics.invalid_measurement" if create in _MEASURING else "metrics.invalid_observation"
    assert guard.counts()[counted] == 1


@pytest.mark.parametrize("create", [*_MEASURING, *_OBSERVING])
@pytest.mark.parametrize(("value", "expected"), GOOD_NUMBERS, ids=map(str, range(len(GOOD_NUMBERS))))
def test_what_is_a_number_by_its_methods_is_taken(create: str, value: Any, expected: float) -> None:
    """Decimal, Fraction, bool, members of enumerations, scalars of numpy: their value arrives."""
    (point,) = measured(Lab(), create, [value])
    if create == "create_histogram":
        assert (point.sum, point.count) == (float(expected), 1)
    elif isinstance(expected, int):
        assert point.as_int == expected
    else:
        assert point.as_double == expected
    assert guard.counts() == {}


@pytest.mark.parametrize("create", [*_MEASURING, *_OBSERVING])
@pytest.mark.parametrize("value", [-1, -0.5, -(2**63), -1e308])
def test_less_than_nothing_is_refused_where_a_sum_only_grows(create: str, value: float) -> None:
    """Counters and histograms count it as invalid; the others take it."""
    points = measured(Lab(), create, [value])
    counts = guard.counts()
    if create in _MONOTONIC:
        assert points == []
        assert sum(counts.values()) == 1
    else:
        assert (points[0].as_int or points[0].as_double) == value
        assert counts == {}


@pytest.mark.parametrize("create", [*_MEASURING, *_OBSERVING])
@pytest.mark.parametrize("attributes", BAD_ATTRIBUTES.values(), ids=BAD_ATTRIBUTES)
def test_a_measurement_survives_its_attributes(
    create: str, attributes: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The value arrives, in one bounded point, with whatever of the attributes can be encoded."""
    for _ in range(2):
        (point,) = measured(Lab(), create, [5], attributes)
    assert (point.sum if create == "create_histogram" else point.as_int) == 5
    assert len(point.attributes) <= 64
    assert point.ByteSize() < 100_000
    assert not [each for each in caplog.records if each.name.startswith("opentelemetry.sdk")]


def test_good_attributes_beside_bad_ones_stay() -> None:
    """One attribute whose text raises is replaced by a mark, as on a line; the others stay."""
    (point,) = measured(Lab(), "create_counter", [1], BAD_ATTRIBUTES["raising value"])
    found = {each.key: each.value.string_value or each.value.int_value for each in point.attributes}
    assert found == {"a": "<unprintable Raising>", "good": 1}


def test_text_is_made_valid_and_short() -> None:
    """Lone surrogates are spelled, long values cut, large and infinite numbers spelled."""
    attributes = {"a": "\ud800x", "b": "y" * 5000, "c": 2**63, "d": float("nan"), "e": b"GET", "f": "é"}
    (point,) = measured(Lab(), "create_counter", [1], attributes)
    texts = {each.key: each.value.string_value for each in point.attributes}
    assert texts == {
        "a": "\\ud800x",
        "b": "y" * 1024,
        "c": str(2**63),
        "d": "NaN",
        "e": "GET",
        "f": "é",
    }


@pytest.mark.parametrize("context", ["context", 5, object(), {}])
def test_a_context_that_is_none_is_left_out(context: Any) -> None:
    """The measurement is taken without it."""
    lab = Lab()
    lab.meter.create_counter("c").add(1, {}, context)
    assert lab.values("c") == [1]


def test_the_first_refusal_is_said_and_all_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """One line names the metric; a flood of bad measurements is no flood of lines."""
    lab = Lab()
    counter = lab.meter.create_counter("orders.placed")
    for _ in range(100):
        counter.add(float("nan"))
    assert guard.counts() == {"metrics.invalid_measurement": 100}
    assert [each.getMessage() for each in caplog.records] == [
        "a measurement of the metric orders.placed was left out"
    ]


def test_without_a_reader_nothing_is_looked_at() -> None:
    """Where nobody reads, not even bad measurements cost anything."""
    lab = Lab()
    counter: Any = lab.meter.create_counter("c")
    lab.consumer.active = False
    counter.add(10**400)
    assert guard.counts() == {}


def test_attributes_that_another_thread_changes_raise_nothing() -> None:
    """A dictionary that grows while it is read may cost a measurement, which is counted, and nothing else."""
    guard.reraise_in_tests(choice=False)
    try:
        lab = Lab(10)
        counter = lab.meter.create_counter("c")
        shared: dict[str, Any] = {}
        stop = threading.Event()

        def change() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                shared[f"k{number % 30}"] = number
                shared.pop(f"k{(number * 7) % 30}", None)

        thread = threading.Thread(target=change)
        thread.start()
        for _ in range(2000):
            counter.add(1, shared)
        stop.set()
        thread.join(10)
    finally:
        guard.reraise_in_tests(choice="auto")
    assert sum(lab.values("c")) + guard.counts().get("metrics.measure", 0) == 2000
