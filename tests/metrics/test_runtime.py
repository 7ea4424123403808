"""Process and interpreter metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData

from ameide_telemetry.metrics import runtime
from ameide_telemetry.metrics.runtime import RuntimeMetrics

if TYPE_CHECKING:
    import pytest


def collected(reader: InMemoryMetricReader) -> dict[str, list[float]]:
    data = reader.get_metrics_data()
    if not isinstance(data, MetricsData):
        return {}
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    return {metric.name: [point.value for point in metric.data.data_points] for metric in metrics}  # type: ignore[union-attr]


def test_a_narrow_set_with_true_values() -> None:
    """Seven points or so, positive where they must be, with the names of the conventions."""
    reader = InMemoryMetricReader()
    RuntimeMetrics(MeterProvider([reader], shutdown_on_exit=False).get_meter("runtime"))
    found = collected(reader)
    assert {name: len(points) for name, points in found.items()} == {
        "process.cpu.time": 2,
        "process.memory.usage": 1,
        "process.thread.count": 1,
        "cpython.gc.collections": 3,
        "cpython.gc.uncollectable_objects": 3,
    }
    assert found["process.memory.usage"][0] > 1_000_000
    assert found["process.thread.count"][0] >= 1
    assert sum(found["process.cpu.time"]) > 0


def test_they_can_be_switched_off() -> None:
    """Instruments cannot be removed, so they fall silent."""
    reader = InMemoryMetricReader()
    metrics = RuntimeMetrics(MeterProvider([reader], shutdown_on_exit=False).get_meter("runtime"))
    metrics.enabled = False
    assert collected(reader) == {}


def test_memory_is_left_out_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No /proc, no point; no wrong figure."""
    monkeypatch.setattr(runtime, "_STATM", Path("/nowhere/statm"))
    assert list(runtime._memory()) == []
