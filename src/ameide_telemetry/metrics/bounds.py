"""What a measurement may carry: no denied attributes, a bounded number of attribute sets, a value OTLP holds.

A View cannot do it. An attribute that a View drops comes back as a filtered attribute of the exemplar, and
the cardinality limit of SDK 1.45.2 (1.45.1 has none) puts the attributes beyond it there too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.contract import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OVERFLOW", "BoundedConsumer", "Bounds"]

# OpenTelemetry specification, metrics SDK, "Overflow attribute".
OVERFLOW: Final[Mapping[str, bool]] = {"otel.metric.overflow": True}
_SEPARATORS: Final = str.maketrans("", "", "._-")
_INT64: Final = 2**63
_MEASURE: Final = guard.site("metrics.measure")
_REBUILD: Final = guard.site("metrics.rebuild")


class Bounds:
    """The bounds of all instruments of a provider.

    Args:
        limit: attribute sets per instrument at most, the overflow set included; at least 1.
    """

    def __init__(self, limit: int) -> None:
        self._limit = max(1, limit)
        self._lock = threading.Lock()
        self._seen: dict[Any, set[Any]] = {}

    def apply(self, measurement: Any) -> Any | None:
        """Return the measurement with the attributes that it may have, or None when it must be dropped."""
        value = measurement.value
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            # One such value makes every later export of all instruments fail (opentelemetry-python#4093).
            guard.note("metrics.value_out_of_range", "a metric value does not fit 64 bits and was left out")
            return None
        attributes = measurement.attributes
        if attributes and not attributes.keys() <= _ALLOWED:
            attributes = _permitted(attributes)
        if not self._admits(measurement.instrument, _key(attributes)):
            attributes = dict(OVERFLOW)
        return (
            measurement
            if attributes is measurement.attributes
            else replace(measurement, attributes=attributes)
        )

    def _admits(self, instrument: Any, key: Any) -> bool:
        seen = self._seen.get(instrument)
        if seen is not None and key in seen:
            return True
        with self._lock:
            seen = self._seen.setdefault(instrument, set())
            if key in seen:
                return True
            if len(seen) + 1 >= self._limit and key != _OVERFLOW_KEY:
                return False
            seen.add(key)
            return True


def _folded(name: str) -> str:
    """Return what is left of a name without case and separators: `Tenant.ID` and `tenantId` are one."""
    return name.casefold().translate(_SEPARATORS)


_DENIED: Final = frozenset(map(_folded, names.METRIC_DENIED_ATTRIBUTES))
# Names that passed: measuring again costs one look-up per name. Full, it only costs the time to fold.
_ALLOWED: Final[set[Any]] = set()
_MOST_ALLOWED: Final = 4096


def _permitted(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes without the denied ones: the same object when there are none."""
    kept = {name: each for name, each in attributes.items() if name in _ALLOWED or _is_allowed(name)}
    if len(kept) == len(attributes):
        return attributes
    guard.note("metrics.attribute_denied")
    return kept


def _is_allowed(name: Any) -> bool:
    allowed = not (isinstance(name, str) and _folded(name) in _DENIED)
    if allowed and len(_ALLOWED) < _MOST_ALLOWED:
        _ALLOWED.add(name)
    return allowed


def _key(attributes: Mapping[str, Any] | None) -> Any:
    """Return a hashable stand-in: equal exactly when the SDK puts both in one point."""
    if not attributes:
        return _EMPTY_KEY
    try:
        return frozenset([(key, each.__class__, each) for key, each in attributes.items()])
    except TypeError:
        return _deep_key(attributes)


def _deep_key(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozenset((key, _deep_key(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(_deep_key(each) for each in value)
    return value.__class__, repr(value)


_EMPTY_KEY: Final[frozenset[Any]] = frozenset()
_OVERFLOW_KEY: Final = _key(OVERFLOW)


class _BoundedInstrument:
    """An asynchronous instrument whose observations keep the bounds."""

    __slots__ = ("_consumer", "_instrument")

    def __init__(self, instrument: Any, consumer: BoundedConsumer) -> None:
        self._instrument = instrument
        self._consumer = consumer

    def callback(self, options: Any) -> Iterator[Any]:
        for measurement in self._instrument.callback(options):
            bounded = None
            with _MEASURE:
                bounded = self._consumer.bounds.apply(measurement)
            if bounded is not None:
                yield bounded


class BoundedConsumer:
    """Stands before the SDK's measurement consumer; every instrument of the provider reports here.

    Args:
        inner: the provider's own consumer.
        on_first_use: called when a forked process measures for the first time.

    Attributes:
        bounds: in force now.
        active: whether anybody reads; False lets measurements pass into nothing, at next to no cost.
    """

    def __init__(self, inner: Any, on_first_use: Callable[[], None]) -> None:
        self.bounds = Bounds(1)
        self.active = False
        self._readers = 0
        self._inner = inner
        self._on_first_use = on_first_use
        self._instruments: list[_BoundedInstrument] = []
        self._pid = os.getpid()
        self._forked = False

    def consume_measurement(self, measurement: Any) -> None:
        """Pass a measurement on, within the bounds; never raises."""
        if not self.active:
            return
        if self._forked or self._pid != os.getpid():
            self._use_in_child()
        with _MEASURE:
            bounded = self.bounds.apply(measurement)
            if bounded is not None:
                self._inner.consume_measurement(bounded)

    def register_asynchronous_instrument(self, instrument: Any) -> None:
        """Register an instrument whose callback is asked at collection."""
        bounded = _BoundedInstrument(instrument, self)
        self._instruments.append(bounded)
        self._inner.register_asynchronous_instrument(bounded)

    def collect(self, *arguments: Any, **named: Any) -> Any:
        """Return what was measured, for one reader."""
        return self._inner.collect(*arguments, **named)

    def add_metric_reader(self, reader: Any) -> None:
        """Begin to keep measurements for a reader, ours or one that the service adds."""
        self._inner.add_metric_reader(reader)
        self._readers += 1
        self.active = True

    def remove_metric_reader(self, reader: Any) -> None:
        """Forget what was kept for a reader."""
        self._inner.remove_metric_reader(reader)
        self._readers -= 1
        self.active = self._readers > 0

    def after_fork(self, limit: int) -> None:
        """Start from zero in a forked child, with fresh locks.

        The parent's sums would be reported a second time by the child, and a lock that another thread of the
        parent held would hang the first measurement. The SDK does neither for us (1.45,
        opentelemetry-python#3307), so its consumer is replaced by a new one of the same kind.
        """
        self._pid = os.getpid()
        self._forked = True
        self.bounds = Bounds(limit)
        with _REBUILD:
            readers = getattr(self._inner, "_reader_storages", None)
            config = getattr(self._inner, "_sdk_config", None)
            if readers is None or config is None:
                guard.note("metrics.state_inherited", "a forked process continues the sums of its parent")
                return
            fresh = type(self._inner)(sdk_config=config, metric_readers=tuple(readers))
            for instrument in self._instruments:
                fresh.register_asynchronous_instrument(instrument)
            self._inner = fresh

    def _use_in_child(self) -> None:
        # Behind Python's back (uWSGI) no fork hook has run: the callee looks at the process id.
        self._pid = os.getpid()
        with _MEASURE:
            self._on_first_use()
        self._forked = False
