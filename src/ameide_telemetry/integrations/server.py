"""All that the ASGI and the WSGI middleware need of telemetry, in one object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from opentelemetry import metrics, trace
from opentelemetry.metrics import Observation

from ameide_telemetry.integrations.inbound import InboundReader

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Histogram, Meter, MeterProvider
    from opentelemetry.trace import Tracer, TracerProvider

    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["AccessLog", "ActiveRequests", "PathFilter", "ServerTelemetry"]

AccessLog = Callable[[int, str, Mapping[str, object]], object]
"""Writes one access line: level number of `logging`, message, fields by log key. The context is current."""

_SCOPE_NAME: Final = "ameide_telemetry"
# Advice of the semantic conventions for http.server.request.duration, in seconds.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


class ActiveRequests:
    """Counts the requests in progress, and tells when it is asked.

    `http.server.active_requests` is observed at collection: two synchronous measurements per request
    would cost more than the span.
    """

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], int] = {}

    def change(self, method: str, scheme: str, amount: int) -> None:
        """Count a request that begins (1) or ends (-1)."""
        key = (method, scheme)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + amount

    def observe(self, _: CallbackOptions) -> list[Observation]:
        """Return one observation per method and scheme."""
        with self._lock:
            counts = dict(self._counts)
        return [
            Observation(count, {"http.request.method": method, "url.scheme": scheme})
            for (method, scheme), count in counts.items()
        ]


class PathFilter:
    """Tells the paths that `excluded_paths` names: exact ones, and prefixes that end in `*`."""

    __slots__ = ("_exact", "_prefixes")

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._exact = frozenset(each for each in patterns if not each.endswith("*"))
        self._prefixes = tuple(each[:-1] for each in patterns if each.endswith("*"))

    def __call__(self, path: str) -> bool:
        """Return whether this path is excluded."""
        return path in self._exact or path.startswith(self._prefixes)


@dataclass(frozen=True, slots=True)
class ServerTelemetry:
    """All that a middleware needs, in one object.

    Attributes:
        settings: of this process; trust, tenant header and excluded paths are read here.
        reader: what reads the inbound headers.
        excluded: tells the paths without span, metric and line.
        tracer: makes the SERVER spans.
        duration: `http.server.request.duration`, in seconds.
        active: the requests in progress, observed as `http.server.active_requests`.
        access: writes an access line.
        flush: sends what is queued and returns within `settings.exit_timeout`.
    """

    settings: TelemetrySettings
    reader: InboundReader
    excluded: PathFilter
    tracer: Tracer
    duration: Histogram
    active: ActiveRequests
    access: AccessLog
    flush: Callable[[], object]

    @classmethod
    def build(
        cls,
        settings: TelemetrySettings,
        *,
        access: AccessLog,
        flush: Callable[[], object],
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        version: str = "",
    ) -> ServerTelemetry:
        """Return the object for these settings; providers default to OpenTelemetry's global ones."""
        meter = metrics.get_meter(_SCOPE_NAME, version, meter_provider)
        return cls(
            settings=settings,
            reader=InboundReader(settings),
            excluded=PathFilter(settings.excluded_paths),
            tracer=trace.get_tracer(_SCOPE_NAME, version, tracer_provider),
            duration=meter.create_histogram(
                "http.server.request.duration",
                unit="s",
                description="Duration of HTTP server requests.",
                explicit_bucket_boundaries_advisory=_BUCKETS,
            ),
            active=_active_requests(meter),
            access=access,
            flush=flush,
        )


def _active_requests(meter: Meter) -> ActiveRequests:
    """Return the counter of this meter: a meter keeps the first callback of an instrument for ever."""
    known = _ACTIVE.get(meter)
    if known is None:
        known = _ACTIVE[meter] = ActiveRequests()
        meter.create_observable_up_down_counter(
            "http.server.active_requests",
            [known.observe],
            unit="{request}",
            description="Number of active HTTP server requests.",
        )
    return known


_ACTIVE: Final[WeakKeyDictionary[Meter, ActiveRequests]] = WeakKeyDictionary()
