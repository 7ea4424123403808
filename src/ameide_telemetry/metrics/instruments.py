"""The synchronous instruments that the service holds: whatever they are given, they raise nothing.

The SDK's own raise where a value has no `math.isfinite`, such as `10**400`, `None` or a text, and where
attributes cannot be read, before its measurement consumer learns of it (SDK 1.45). So these stand before
them, with the interface of the API.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import metrics
from opentelemetry.context import Context

from ameide_telemetry import guard
from ameide_telemetry.metrics.values import INT64, is_simple, number, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.metrics.consumer import BoundedConsumer

__all__ = ["SafeCounter", "SafeGauge", "SafeHistogram", "SafeUpDownCounter", "refuse"]

_MEASURE: Final = guard.site("metrics.measure")
_HIGHEST: Final = sys.float_info.max


class _Measuring:
    """What the instruments have in common.

    Args:
        name: of the instrument.
        record: the method of the SDK's instrument that takes a measurement.
        consumer: tells whether anybody reads.
    """

    _monotonic = False

    def __init__(self, name: str, record: Callable[..., Any], consumer: BoundedConsumer) -> None:
        self._name = name
        self._record = record
        self._consumer = consumer
        self._least = 0 if self._monotonic else -INT64
        self._lowest = 0.0 if self._monotonic else -_HIGHEST

    def _measure(self, amount: float, attributes: Any = None, context: Any = None) -> None:
        """Record a measurement; one that is no finite 64-bit number is left out and counted."""
        if not self._consumer.active:
            return
        with _MEASURE:
            kind = type(amount)
            # These are false for NaN, infinity, what is too large, and every other class.
            if not (
                (kind is float and self._lowest <= amount <= _HIGHEST)
                or (kind is int and self._least <= amount < INT64)
            ):
                converted = self._converted(amount)
                if converted is None:
                    return
                amount = converted
            if attributes is not None and not is_simple(attributes):
                attributes = plain(attributes)
            if context is not None and not isinstance(context, Context):
                context = None
            self._record(amount, attributes, context)

    def _converted(self, amount: object) -> int | float | None:
        value = number(amount)
        if value is not None and value >= self._lowest:
            return value
        guard.note("metrics.invalid_measurement", f"a measurement of the metric {self._name} was left out")
        return None


class SafeCounter(_Measuring, metrics.Counter):
    """A counter; takes what is at least zero."""

    _monotonic = True
    add = _Measuring._measure  # noqa: SLF001 ours


class SafeUpDownCounter(_Measuring, metrics.UpDownCounter):
    """A counter that goes up and down."""

    add = _Measuring._measure  # noqa: SLF001 ours


class SafeHistogram(_Measuring, metrics.Histogram):
    """A histogram; takes what is at least zero, as the SDK does."""

    _monotonic = True
    record = _Measuring._measure  # noqa: SLF001 ours


class SafeGauge(_Measuring, metrics._Gauge):  # noqa: SLF001 the API has no public name for it yet (1.45)
    """A gauge."""

    set = _Measuring._measure  # noqa: SLF001 ours


def refuse(*_: Any) -> None:
    """Count a measurement of an instrument that was refused because it contradicts another one."""
    guard.note("metrics.conflicting_measurement")
