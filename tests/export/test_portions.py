"""Making batches smaller."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from ameide_telemetry.export.portions import portions_of


def collected(*scopes: int) -> Any:
    """Return metrics data with so many metrics in each scope, called `0`, `1`... throughout."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    number = 0
    for scope, count in enumerate(scopes):
        meter = provider.get_meter(f"scope{scope}")
        for _ in range(count):
            meter.create_counter(f"m{number}").add(1, {"a": "b"})
            number += 1
    return reader.get_metrics_data()


def names(data: Any) -> list[int]:
    return [
        int(metric.name[1:])
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]


@given(records=st.lists(st.integers(), max_size=9), positions=st.sets(st.integers(0, 8)))
def test_lists(records: list[int], positions: set[int]) -> None:
    """Halves make up the whole, and nothing but the named positions is left out."""
    portions = portions_of("traces")
    halves = portions.halves(records)
    assert portions.count(records) == len(records)
    assert ([*halves[0], *halves[1]] if halves else records) == records
    assert bool(halves) == (len(records) > 1)
    expected = [record for position, record in enumerate(records) if position not in positions]
    assert portions.without(records, positions) == expected


def test_metrics() -> None:
    """Positions count metrics through all scopes; scopes that become empty are left out."""
    portions, data = portions_of("metrics"), collected(2, 1, 3)
    assert portions.count(data) == 6
    less = portions.without(data, {0, 2, 4})
    assert names(less) == [1, 3, 5]
    assert [len(resource.scope_metrics) for resource in less.resource_metrics] == [2]
    first, second = portions.halves(data)
    assert (names(first), names(second)) == ([0, 1, 2], [3, 4, 5])
    assert portions.count(portions.without(data, range(6))) == 0
    assert portions.halves(collected(1)) == ()
    assert names(data) == [0, 1, 2, 3, 4, 5]
