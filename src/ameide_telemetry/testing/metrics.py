"""Captured measurements: one item for each metric and set of attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CapturedMetric", "Measured", "draw_metrics"]


@dataclass
class CapturedMetric:
    """What one metric measured for one set of attributes since the test began.

    Attributes:
        name: of the metric.
        attributes: of the measurements.
        unit: of the metric.
        kind: `counter`, `updowncounter`, `gauge` or `histogram`.
        scope: name of the meter.
        value: sum of a counter, last value of a gauge, sum of a histogram's measurements.
        count: how many measurements a histogram has; None for others.
        points: the SDK's data points, one for each collection.
    """

    name: str
    attributes: dict[str, Any]
    unit: str
    kind: str
    scope: str
    value: float = 0
    count: int | None = None
    points: list[Any] = field(default_factory=list, repr=False)

    def facts(self) -> Mapping[str, object]:
        """Return value, count, unit, kind and scope, and every attribute."""
        return {
            "value": self.value,
            "count": self.count,
            "unit": self.unit,
            "kind": self.kind,
            "scope": self.scope,
            **self.attributes,
        }

    def add(self, point: Any) -> None:
        """Take over what one collection has brought."""
        self.points.append(point)
        if self.kind == "histogram":
            self.count = (self.count or 0) + point.count
            self.value += point.sum
        elif self.kind == "gauge":
            self.value = point.value
        else:
            self.value += point.value


class Measured:
    """Adds up collections."""

    def __init__(self) -> None:
        self._metrics: dict[tuple[Any, ...], CapturedMetric] = {}

    def take(self, scopes: Iterable[Any]) -> None:
        """Add what one collection has brought."""
        for scope in scopes:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    self._of(scope.scope.name, metric, point).add(point)

    def all(self) -> list[CapturedMetric]:
        """Return what was measured, sorted by name and attributes."""
        return [self._metrics[key] for key in sorted(self._metrics, key=repr)]

    def _of(self, scope: str, metric: Any, point: Any) -> CapturedMetric:
        attributes = dict(point.attributes or {})
        key = metric.name, tuple(sorted((name, repr(value)) for name, value in attributes.items())), scope
        found = self._metrics.get(key)
        if found is None:
            made = CapturedMetric(metric.name, attributes, metric.unit or "", _kind(metric.data), scope)
            found = self._metrics[key] = made
        return found


def draw_metrics(metrics: Sequence[CapturedMetric]) -> str:
    """Return the names, and below each what it measured."""
    lines: list[str] = []
    above = ""
    for each in metrics:
        if each.name != above:
            lines.append(each.name)
            above = each.name
        facts = ", ".join(f"{name}={value}" for name, value in sorted(each.attributes.items()))
        size = f"{each.count} measured" if each.count is not None else f"{each.value:g}"
        lines.append(f"  {facts or '(no attributes)'}: {size}")
    return "\n".join(lines)


def _kind(data: Any) -> str:
    name = type(data).__name__
    if name == "Sum":
        return "counter" if data.is_monotonic else "updowncounter"
    return "gauge" if name == "Gauge" else "histogram"
