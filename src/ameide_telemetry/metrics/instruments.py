"""The synchronous instruments that the service holds: whatever they are given, they raise nothing.

The SDK's own raise where a value has no `math.isfinite`, such as `10**400`, `None` or a text, and where
attributes cannot be read, before its measurement consumer learns of it (SDK 1.45). So these stand before
them, with the interface of the API.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import metrics
from opentelemetry.context import Context, get_current

from ameide_telemetry import guard
from ameide_telemetry.metrics.said import Remarks
from ameide_telemetry.metrics.values import INT64, is_simple, number, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.metrics.consumer import BoundedConsumer

__all__ = ["SafeCounter", "SafeGauge", "SafeHistogram", "SafeUpDownCounter", "lose", "refuse"]

_MEASURE: Final = guard.site("metrics.measure")
_HIGHEST: Final = sys.float_info.max
_MOST_HELD: Final = 1_000


class _Measuring:
    """What the instruments have in common.

    It can be given away, and measure, before the SDK's instrument has been made: what is measured until
    then is held back.

    Args:
        name: of the instrument.
        consumer: tells whether anybody reads.
    """

    _monotonic = False

    def __init__(self, name: str, consumer: BoundedConsumer) -> None:
        self._consumer = consumer
        self._remarks = Remarks(f"the metric {name}", consumer.said)
        self._held: deque[tuple[Any, ...]] = deque()
        self._bound = False
        self._record: Callable[..., Any] = self._hold
        self._least = 0 if self._monotonic else -INT64
        self._lowest = 0.0 if self._monotonic else -_HIGHEST

    def bind(self, record: Callable[..., Any]) -> None:
        """Pass measurements on from now on, those held back too.

        Args:
            record: the method of the SDK's instrument that takes a measurement.
        """
        self._record = record
        self._bound = True
        self._release()

    def forget(self) -> None:
        """Forget what was held back: in a forked child that is the parent's."""
        self._held = deque()

    def _hold(self, amount: float, attributes: Any, context: Context | None) -> None:
        if len(self._held) < _MOST_HELD:
            kept = None if attributes is None else dict(attributes)
            self._held.append((amount, kept, context or get_current()))
        else:
            guard.note("metrics.measurement_lost")
        if self._bound:
            # Bound by another thread, or by what this very thread was interrupted in.
            self._release()

    def _release(self) -> None:
        while self._held:
            try:
                held = self._held.popleft()
            except IndexError:
                return
            self._record(*held)

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
                attributes = plain(attributes, self._remarks)
            if context is not None and not issubclass(type(context), Context):
                context = None
            self._record(amount, attributes, context)

    def _converted(self, amount: object) -> int | float | None:
        value = number(amount)
        if value is not None and value >= self._lowest:
            return value
        guard.note("metrics.invalid_measurement")
        self._remarks.say("a measurement of {} was left out")
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


def lose(*_: Any) -> None:
    """Count a measurement of an instrument that the SDK could not make."""
    guard.note("metrics.measurement_lost")
