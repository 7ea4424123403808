"""Sums that outgrow what OTLP can carry."""

from __future__ import annotations

import math
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import Histogram
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
)

from ameide_telemetry import guard
from ameide_telemetry.metrics.points import encodable
from support.meters import Lab, observed


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_beyond_64_bits_goes_on_as_a_float(sign: int) -> None:
    """In every later collection, with its neighbours; nothing is in the way of encoding."""
    guard.reset()
    lab = Lab()
    counter = lab.meter.create_up_down_counter("large")
    good = lab.meter.create_counter("good")
    for _ in range(3):
        counter.add(sign * (2**63 - 1))
    for round_ in (1, 2):
        good.add(1)
        points = lab.collected()
        assert [point.value for point in points["good"]] == [round_]
        assert [point.value for point in points["large"]] == [sign * 3.0 * 2**63]
        assert isinstance(points["large"][0].value, float)
    data = lab.reader.get_metrics_data()
    assert data is not None
    assert encode_metrics(data).SerializeToString()
    assert guard.counts() == {"metrics.sum_as_float": 3}


def test_the_edges_of_64_bits_stay_integers() -> None:
    """The largest and the smallest integer of OTLP are exact."""
    lab = Lab()
    counter = lab.meter.create_up_down_counter("c")
    counter.add(2**63 - 1, {"edge": "high"})
    counter.add(-(2**63), {"edge": "low"})
    assert lab.values("c") == [2**63 - 1, -(2**63)]


def test_a_float_that_overflows_costs_its_own_point_only() -> None:
    """Infinity is no figure; it is counted, and the other points of the same metric stay."""
    guard.reset()
    lab = Lab()
    counter = lab.meter.create_counter("c")
    counter.add(1e308, {"host": "a"})
    counter.add(1e308, {"host": "a"})
    counter.add(1, {"host": "b"})
    lab.meter.create_counter("alone").add(1e308)
    lab.meter.create_counter("alone").add(1e308)
    assert {name: [point.value for point in points] for name, points in lab.collected().items()} == {"c": [1]}
    assert guard.counts()["metrics.sum_overflow"] == 2


def test_a_sum_that_no_float_can_hold_is_left_out() -> None:
    """Whatever made it."""
    guard.reset()
    lab = Lab()
    lab.meter.create_counter("c").add(1)
    data = lab.reader.get_metrics_data()
    assert data is not None
    point: Any = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points[0]
    object.__setattr__(point, "value", 10**400)
    repaired = encodable(data)
    assert repaired is not None
    assert repaired.resource_metrics[0].scope_metrics[0].metrics == []


@pytest.mark.parametrize("values", [[5e-324, 1e308], [0, 2**63 - 1], [1e308] * 3, [5e-324] * 3])
@pytest.mark.parametrize(
    "aggregation", [ExplicitBucketHistogramAggregation, ExponentialBucketHistogramAggregation]
)
def test_histograms_hold_the_smallest_and_the_largest(aggregation: Any, values: list[float]) -> None:
    """Also where their sum overflows; count and buckets are exact."""
    lab = Lab()
    lab.provider.remove_metric_reader(lab.reader)
    lab.reader = InMemoryMetricReader(preferred_aggregation={Histogram: aggregation()})
    lab.provider.add_metric_reader(lab.reader)
    histogram = lab.meter.create_histogram("h")
    for value in values:
        histogram.record(value)
    data = lab.reader.get_metrics_data()
    assert data is not None
    assert encode_metrics(data).SerializeToString()
    (point,) = lab.points("h")
    assert point.count == len(values)
    assert math.isinf(point.sum) or point.sum == sum(values)


def test_observed_totals_beyond_64_bits_keep_their_neighbours() -> None:
    """Observations of one attribute set are added up, too."""
    lab = Lab()
    lab.meter.create_observable_counter(
        "o", observed(lambda: [Observation(2**63 - 1), Observation(2**63 - 1), Observation(1, {"a": 1})])
    )
    assert lab.values("o") == [2.0**64, 1]
