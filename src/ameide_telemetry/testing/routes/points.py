"""Measurements of every meter provider of the SDK, and of instruments that have no provider at all.

The readers ask for differences, so what a test sees is what was measured since it began.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import metrics
from opentelemetry.sdk.metrics import (
    Counter,
    Histogram,
    MeterProvider,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from ameide_telemetry.metrics.meter import SafeMeterProvider

if TYPE_CHECKING:
    from ameide_telemetry.metrics.consumer import BoundedConsumer

__all__ = ["attach", "collected", "prepare"]

_KINDS: Final = (
    Counter,
    Histogram,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
_known: Final[weakref.WeakSet[Any]] = weakref.WeakSet()
_readers: Final[weakref.WeakKeyDictionary[Any, InMemoryMetricReader]] = weakref.WeakKeyDictionary()


class _State:
    """Whether readers are attached, and the provider of instruments that have none."""

    def __init__(self) -> None:
        self.attached = False
        self.prepared = False
        self.fallback: MeterProvider | None = None


_state: Final = _State()


def prepare() -> None:
    """Keep every provider of the SDK in mind from its making on; called when the SDK is imported."""
    if _state.prepared:
        return
    _state.prepared = True
    original: Any = MeterProvider.__init__

    def __init__(self: MeterProvider, *args: Any, **named: Any) -> None:  # noqa: N807 replaces it
        original(self, *args, **named)
        _known.add(self)
        if _state.attached and not isinstance(self, SafeMeterProvider):
            _read(self)

    MeterProvider.__init__ = __init__  # type: ignore[method-assign]
    reported: Any = SafeMeterProvider.report_to

    def report_to(self: SafeMeterProvider, consumer: BoundedConsumer) -> None:
        # Ours is not ready before: readers have to be known to the consumer that bounds.
        reported(self, consumer)
        if _state.attached:
            _read(self)

    SafeMeterProvider.report_to = report_to  # type: ignore[method-assign]


def attach() -> None:
    """Attach a reader to every provider that there is and that will be; harmless when done before."""
    prepare()
    _state.attached = True
    for provider in tuple(_known):
        _read(provider)
    present: Any = metrics.get_meter_provider()
    if hasattr(present, "add_metric_reader"):
        _read(present)
    elif _state.fallback is None:
        _serve_instruments_without_provider(present)


def collected() -> list[Any]:
    """Return what was measured since the last call, as the SDK's `ScopeMetrics`."""
    found: list[Any] = []
    for reader in tuple(_readers.values()):
        data = reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            found += resource.scope_metrics
    return found


def _read(provider: Any) -> None:
    if provider not in _readers:
        reader = InMemoryMetricReader(
            preferred_temporality=dict.fromkeys(_KINDS, AggregationTemporality.DELTA)
        )
        _readers[provider] = reader
        provider.add_metric_reader(reader)


def _serve_instruments_without_provider(present: Any) -> None:
    """Let instruments that wait for a provider measure; one that is set later takes them over."""
    tell = getattr(present, "on_set_meter_provider", None)
    _state.fallback = MeterProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
    if tell is not None:
        tell(_state.fallback)
