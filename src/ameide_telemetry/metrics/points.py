"""What was collected, made such that it can be encoded: one sum that ran over must not stop the others."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.metrics.values import fits

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData

__all__ = ["encodable"]

_REPAIR: Final = guard.site("metrics.repair_points")


def encodable(data: MetricsData | None) -> MetricsData | None:
    """Return the collection with points that OTLP can carry.

    Measurements of 64 bits can add up to more. Such a sum goes on as a float: exact to 53 bits, as it is in
    Prometheus anyway. A float that has run over to infinity is left out and counted.
    """
    if data is not None:
        with _REPAIR:
            for resource in data.resource_metrics:
                for scope in resource.scope_metrics:
                    scope.metrics[:] = [each for each in scope.metrics if _repaired(each)]  # type: ignore[index]
    return data


def _repaired(metric: Any) -> bool:
    """Repair the points of one metric in place; return whether any is left."""
    points = metric.data.data_points
    # Points of histograms have no `value`; their sums are floats, and infinity is one of them.
    bad = [index for index, point in enumerate(points) if not fits(getattr(point, "value", 0))]
    for index in reversed(bad):
        value = _as_float(points[index].value)
        if math.isfinite(value):
            guard.note("metrics.sum_as_float", f"the sum of {metric.name} outgrew 64 bits and is a float now")
            points[index] = replace(points[index], value=value)
        else:
            guard.note("metrics.sum_overflow", f"the sum of {metric.name} outgrew a float and was left out")
            del points[index]
    return bool(points)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
