"""Meters and their provider: every instrument of the process is made here, and can be relied on."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import metrics
from opentelemetry.sdk.metrics import Meter as SdkMeter
from opentelemetry.sdk.metrics import MeterProvider

from ameide_telemetry import guard
from ameide_telemetry.metrics.callbacks import Observed
from ameide_telemetry.metrics.definitions import Definition, Verdicts, define
from ameide_telemetry.metrics.instruments import (
    SafeCounter,
    SafeGauge,
    SafeHistogram,
    SafeUpDownCounter,
    refuse,
)
from ameide_telemetry.metrics.values import plain, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ameide_telemetry.metrics.consumer import BoundedConsumer

__all__ = ["SafeMeter", "SafeMeterProvider"]

_LIST: Final = guard.site("metrics.callbacks", foreign=True)
_LOCKS: Final = ("_instrument_registration_lock", "_instrument_ids_lock")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of synchronous instrument: what stands before the SDK's, and the method that measures."""

    safe: Callable[[str, Callable[..., Any], BoundedConsumer], Any]
    method: str


_SYNCHRONOUS: Final[Mapping[str, _Kind]] = {
    "create_counter": _Kind(SafeCounter, "add"),
    "create_up_down_counter": _Kind(SafeUpDownCounter, "add"),
    "create_histogram": _Kind(SafeHistogram, "record"),
    "create_gauge": _Kind(SafeGauge, "set"),
}
_OBSERVABLE: Final[Mapping[str, Callable[[str], Any]]] = {
    "create_observable_counter": metrics.NoOpObservableCounter,
    "create_observable_up_down_counter": metrics.NoOpObservableUpDownCounter,
    "create_observable_gauge": metrics.NoOpObservableGauge,
}
_MONOTONIC: Final = "create_observable_counter"


class SafeMeter(metrics.Meter):
    """A meter whose instruments never raise and whose names mean one thing each.

    A name that exists with another unit or kind is refused: strict settings raise at its creation; else that
    is said once, the new instrument measures nothing, and what it would have measured is counted as
    `metrics.conflicting_measurement`. Where only the description or the advised boundaries differ, the first
    instrument is given again.

    Args:
        inner: the SDK's meter.
        consumer: where measurements go.
        verdicts: what becomes of definitions that are wrong.
    """

    def __init__(self, inner: SdkMeter, consumer: BoundedConsumer, verdicts: Verdicts) -> None:
        super().__init__(inner.name, inner.version, inner.schema_url)
        self._inner = inner
        self._consumer = consumer
        self._verdicts = verdicts
        self._known: dict[str, tuple[Definition, Any]] = {}
        self._making = threading.RLock()

    def create_counter(
        self, name: str, unit: str = "", description: str = "", **more: Any
    ) -> metrics.Counter:
        """Create a counter."""
        made: metrics.Counter = self._measuring("create_counter", name, unit, description, **more)
        return made

    def create_up_down_counter(
        self, name: str, unit: str = "", description: str = "", **more: Any
    ) -> metrics.UpDownCounter:
        """Create a counter that goes up and down."""
        made: metrics.UpDownCounter = self._measuring(
            "create_up_down_counter", name, unit, description, **more
        )
        return made

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
        **more: Any,
    ) -> metrics.Histogram:
        """Create a histogram."""
        made: metrics.Histogram = self._measuring(
            "create_histogram",
            name,
            unit,
            description,
            boundaries=explicit_bucket_boundaries_advisory,
            **more,
        )
        return made

    def create_gauge(self, name: str, unit: str = "", description: str = "", **more: Any) -> Any:
        """Create a gauge."""
        return self._measuring("create_gauge", name, unit, description, **more)

    def create_observable_counter(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = "", **more: Any
    ) -> metrics.ObservableCounter:
        """Create a counter that is asked at collection."""
        made: metrics.ObservableCounter = self._observing(
            "create_observable_counter", name, callbacks, unit, description, **more
        )
        return made

    def create_observable_up_down_counter(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = "", **more: Any
    ) -> metrics.ObservableUpDownCounter:
        """Create a counter that goes up and down and is asked at collection."""
        made: metrics.ObservableUpDownCounter = self._observing(
            "create_observable_up_down_counter", name, callbacks, unit, description, **more
        )
        return made

    def create_observable_gauge(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = "", **more: Any
    ) -> metrics.ObservableGauge:
        """Create a gauge that is asked at collection."""
        made: metrics.ObservableGauge = self._observing(
            "create_observable_gauge", name, callbacks, unit, description, **more
        )
        return made

    def after_fork(self) -> None:
        """Replace the locks, which another thread of the parent may have held."""
        self._making = threading.RLock()
        for name in _LOCKS:
            if hasattr(self._inner, name):
                setattr(self._inner, name, threading.Lock())

    def _measuring(
        self, create: str, name: Any, unit: Any, description: Any, *, boundaries: Any = None, **more: Any
    ) -> Any:
        kind = _SYNCHRONOUS[create]

        def make(wanted: Definition) -> Any:
            if wanted.boundaries is not None:
                more["explicit_bucket_boundaries_advisory"] = wanted.boundaries
            made = getattr(self._inner, create)(wanted.name, wanted.unit, wanted.description, **more)
            return kind.safe(wanted.name, getattr(made, kind.method), self._consumer)

        wanted = self._defined(create, name, unit, description, boundaries)
        found = None if wanted is None else self._found(wanted, make)
        return kind.safe("", refuse, self._consumer) if found is None else found

    def _observing(
        self, create: str, name: Any, callbacks: Any, unit: Any, description: Any, **more: Any
    ) -> Any:
        made = False

        def make(wanted: Definition) -> Any:
            nonlocal made
            made = True
            observed = Observed(wanted.name, _listed(callbacks), monotonic=create == _MONOTONIC)
            instrument = getattr(self._inner, create)(
                wanted.name, [observed], wanted.unit, wanted.description, **more
            )
            self._consumer.callbacks.add(observed)
            return instrument

        wanted = self._defined(create, name, unit, description)
        found = None if wanted is None else self._found(wanted, make)
        if found is None:
            return _OBSERVABLE[create]("")
        if not made and callbacks:
            # The SDK drops them too (1.45), and says nothing.
            guard.note("metrics.callback_ignored", "an instrument has callbacks already: others are ignored")
        return found

    def _defined(self, *parts: Any) -> Definition | None:
        wanted, problems = define(*parts)
        for problem in problems:
            self._verdicts.object(problem)
        return wanted

    def _found(self, wanted: Definition, make: Callable[[Definition], Any]) -> Any | None:
        """Return the instrument with this definition, or None where its name means something else."""
        with self._making:
            key = wanted.name.lower()
            if key not in self._known:
                self._known[key] = wanted, make(wanted)
            first, instrument = self._known[key]
        differing = first.differences(wanted)
        if differing:
            shared = first.compatible(wanted)
            self._verdicts.object(
                f"the instrument {wanted.name} of the meter {self.name} exists with {', '.join(differing)}:"
                f" {'the first is used' if shared else 'the second one measures nothing'}"
            )
            return instrument if shared else None
        return instrument


class SafeMeterProvider(MeterProvider):
    """The SDK's provider, whose meters are safe ones.

    Attributes:
        verdicts: what becomes of definitions that are wrong.
    """

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.verdicts = Verdicts()
        self._consumer: BoundedConsumer | None = None
        self._safe: dict[Any, SafeMeter] = {}

    def report_to(self, consumer: BoundedConsumer) -> None:
        """Have all meters from now on report to this consumer, which passes on to the SDK's own.

        `_measurement_consumer` is private (SDK 1.20 to 1.45).
        """
        self._consumer = consumer
        self._measurement_consumer = consumer  # type: ignore[assignment]  # see above

    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,
    ) -> metrics.Meter:
        """Return the meter of an instrumentation scope."""
        inner = super().get_meter(
            _scope_text(name) or "unknown",
            _scope_text(version),
            _scope_text(schema_url),
            None if attributes is None else plain(attributes),
        )
        consumer = self._consumer
        if consumer is None or not isinstance(inner, SdkMeter):
            return inner
        return self._safe.setdefault(inner, SafeMeter(inner, consumer, self.verdicts))

    def after_fork(self) -> None:
        """Replace the locks of a forked child, also where no hook of Python has run."""
        for name in ("_lock", "_meter_lock"):
            if hasattr(self, name):
                setattr(self, name, threading.Lock())
        for meter in tuple(self._safe.values()):
            meter.after_fork()


def _scope_text(value: Any) -> str | None:
    return text(str.__str__(value)) if isinstance(value, str) else None


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    if callable(callbacks) or isinstance(callbacks, Generator):
        # One alone, where the API asks for several.
        return [callbacks]
    return _LIST.call(list, callbacks) or []
