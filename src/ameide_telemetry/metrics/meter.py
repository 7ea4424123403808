"""Meters and their provider: every instrument of the process is made here, and can be relied on."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import metrics
from opentelemetry.sdk.metrics import Meter as SdkMeter
from opentelemetry.sdk.metrics import MeterProvider

from ameide_telemetry import guard
from ameide_telemetry.export.forks import once_per_process
from ameide_telemetry.metrics.bounds import key_of, redacted
from ameide_telemetry.metrics.callbacks import Observed
from ameide_telemetry.metrics.definitions import Definition, Verdicts, define
from ameide_telemetry.metrics.instruments import (
    SafeCounter,
    SafeGauge,
    SafeHistogram,
    SafeUpDownCounter,
    lose,
    refuse,
)
from ameide_telemetry.metrics.said import Remarks, spelled
from ameide_telemetry.metrics.turn import Turn
from ameide_telemetry.metrics.values import text
from ameide_telemetry.redaction import RedactionPolicy, Redactor
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ameide_telemetry.metrics.consumer import BoundedConsumer

__all__ = ["SafeMeter", "SafeMeterProvider"]

_CREATE: Final = guard.site("metrics.create_instrument")
_LOCKS: Final = ("_instrument_registration_lock", "_instrument_ids_lock")
# What the SDK's meter has made: ours knows it better, and asks for nothing twice.
_REGISTERS: Final = ("_instrument_ids", "_instrument_id_instrument")
_PROVIDER_LOCKS: Final = ("_lock", "_all_metric_readers_lock")
_MOST_CALLBACKS: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of synchronous instrument: what stands before the SDK's, and the method that measures."""

    safe: Callable[[str, BoundedConsumer], Any]
    method: str


@dataclass(slots=True)
class _Instrument:
    """An instrument that the service holds, and how the SDK's behind it is made.

    Attributes:
        definition: of the first that asked for it.
        held: what the service holds.
        make: makes the SDK's.
        made: whether that was done.
    """

    definition: Definition
    held: Any
    make: Callable[[], None]
    made: bool = field(default=False)


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

    A signal handler or a finaliser may ask for instruments in the middle of this. The SDK is entered once:
    what is asked for meanwhile is given at once, and made behind it by whoever is inside.

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
        self._known: dict[str, _Instrument] = {}
        self._begin()
        self._pid = os.getpid()

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
        """Replace the locks, which another thread of the parent may have held, and finish what it began."""
        self._begin()
        for name in _LOCKS:
            if hasattr(self._inner, name):
                setattr(self._inner, name, threading.Lock())
        unmade = [each for each in tuple(self._known.values()) if not each.made]
        for each in unmade:
            if hasattr(each.held, "forget"):
                each.held.forget()
        if unmade:
            for name in _REGISTERS:
                if hasattr(self._inner, name):
                    setattr(self._inner, name, {})
        self._to_make.extend(unmade)
        self._pid = os.getpid()
        self._make_all()

    def _begin(self) -> None:
        self._making = Turn()
        self._to_make: deque[_Instrument] = deque()

    def _measuring(
        self, create: str, name: Any, unit: Any, description: Any, *, boundaries: Any = None, **more: Any
    ) -> Any:
        kind = _SYNCHRONOUS[create]
        wanted = self._defined(create, name, unit, description, boundaries)
        held = kind.safe("" if wanted is None else wanted.name, self._consumer)

        def make() -> None:
            if wanted is not None and wanted.boundaries is not None:
                more["explicit_bucket_boundaries_advisory"] = wanted.boundaries
            held.bind(getattr(self._created(create, wanted, **more), kind.method))

        found = None if wanted is None else self._found(_Instrument(wanted, held, make))
        if found is None:
            held.bind(refuse)
            return held
        return found

    def _observing(
        self, create: str, name: Any, callbacks: Any, unit: Any, description: Any, **more: Any
    ) -> Any:
        wanted = self._defined(create, name, unit, description)
        held = _OBSERVABLE[create]("" if wanted is None else wanted.name)
        if wanted is None:
            return held
        remarks = Remarks(f"the metric {wanted.name}", self._consumer.said)
        given = [] if callbacks is None else contained(_listed, callbacks) or []

        def make() -> None:
            observed = Observed(wanted.name, given, monotonic=create == _MONOTONIC, remarks=remarks)
            self._created(create, wanted, callbacks=[observed], **more)
            self._consumer.callbacks.add(observed)

        found = self._found(_Instrument(wanted, held, make))
        if found is not None and found is not held and given:
            # The SDK drops them too (1.45), and says nothing.
            guard.note("metrics.callback_ignored")
            remarks.say("{} has callbacks already: others are ignored")
        return held if found is None else found

    def _created(self, create: str, wanted: Any, **more: Any) -> Any:
        return getattr(self._inner, create)(
            wanted.name, unit=wanted.unit, description=wanted.description, **more
        )

    def _defined(self, *parts: Any) -> Definition | None:
        wanted, problems = define(*parts, meter=self.name)
        for problem in problems:
            self._verdicts.object(problem)
        return wanted

    def _found(self, mine: _Instrument) -> Any | None:
        """Return what the service may hold by this definition, None where its name means something else."""
        if self._pid != os.getpid():
            self._consumer.check_process()
            with once_per_process():
                if self._pid != os.getpid():
                    self.after_fork()
        # One step: of two that ask at once, also of two in one thread, one comes first.
        first = self._known.setdefault(mine.definition.name.lower(), mine)
        if first is mine:
            self._to_make.append(mine)
            self._make_all()
            return mine.held
        differing = first.definition.differences(mine.definition)
        shared = first.definition.compatible(mine.definition)
        if differing:
            self._verdicts.object(
                f"the instrument {mine.definition.name} of the meter {spelled(self.name)}"
                f" exists with {', '.join(differing)}:"
                f" {'the first is used' if shared else 'the second one measures nothing'}"
            )
        return first.held if shared else None

    def _make_all(self) -> None:
        making = self._making
        while self._to_make:
            ticket = making.ticket()
            try:
                if not making.take(ticket):
                    # Whoever is inside, or was interrupted there, goes on with it.
                    return
                while self._to_make:
                    self._make(self._to_make.popleft())
            finally:
                making.give_back(ticket)

    def _make(self, instrument: _Instrument) -> None:
        try:
            with _CREATE:
                instrument.make()
                instrument.made = True
        finally:
            if not instrument.made:
                self._known.pop(instrument.definition.name.lower(), None)
                if hasattr(instrument.held, "bind"):
                    instrument.held.bind(lose)


class SafeMeterProvider(MeterProvider):
    """The SDK's provider, whose meters are safe ones.

    Attributes:
        verdicts: what becomes of definitions that are wrong.
        redactor: takes what must not leave the process out of the attributes of scopes.
    """

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.verdicts = Verdicts()
        self.redactor = Redactor(RedactionPolicy())
        self._consumer: BoundedConsumer | None = None
        self._safe: dict[Any, SafeMeter] = {}
        self._renew_locks()
        self._pid = os.getpid()

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
        if self._pid != os.getpid():
            self._begin_in_child()
        scope = _scope_text(name) or "unknown", _scope_text(version), _scope_text(schema_url)
        described = None if attributes is None else redacted(attributes, self.redactor)
        key = *scope, key_of(described)
        found = self._safe.get(key)
        if found is not None:
            return found
        inner = super().get_meter(*scope, described)
        consumer = self._consumer
        if consumer is None or not isinstance(inner, SdkMeter):
            return inner
        # The first one stays, also where the SDK made two, one in the midst of the other.
        return self._safe.setdefault(key, SafeMeter(inner, consumer, self.verdicts))

    def after_fork(self) -> None:
        """Replace the locks of a forked child, also where no hook of Python has run."""
        self._renew_locks()
        for meter in tuple(self._safe.values()):
            meter.after_fork()
        self._pid = os.getpid()

    def _begin_in_child(self) -> None:
        # Behind Python's back (uWSGI) no fork hook has run.
        if self._consumer is not None:
            self._consumer.check_process()
        with once_per_process():
            if self._pid != os.getpid():
                self.after_fork()

    def _handle_fork(self) -> None:
        inherited = getattr(super(), "_handle_fork", None)
        if inherited is not None:
            inherited()
        self._renew_locks()

    def _renew_locks(self) -> None:
        """Have locks that nobody holds, and that the thread that has them may take again.

        Meters are made without one: the SDK keeps them in a dictionary, and `get_meter` the first of each.
        A signal handler that asks for one must not wait for a thread that waits for what the handler's has.
        """
        if hasattr(self, "_meter_lock"):
            self._meter_lock: Any = nullcontext()
        for name in _PROVIDER_LOCKS:
            if hasattr(self, name):
                setattr(self, name, threading.RLock())


def _scope_text(value: Any) -> str | None:
    return text(exact(value)) if issubclass(type(value), str) else None


def _listed(callbacks: Any) -> list[Any]:
    if callable(callbacks) or isinstance(callbacks, Generator):
        # One alone, where the API asks for several.
        return [callbacks]
    return list(islice(callbacks, _MOST_CALLBACKS))
