"""What leaves with a request, held back at the last place that every request passes.

The instrumentors write the headers and know no policy, and the libraries copy what the first request of a
redirect had to the second, whatever host that goes to. So each library is watched at the lowest point where
one hop is sent and its host is known: below the instrumentor, whoever put that one on and when, and below
whatever follows redirects, retries or signs. There is nothing to do but to leave headers out.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry import propagate

from ameide_telemetry import guard
from ameide_telemetry.integrations.hosts import Allowance, HostPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.propagators.textmap import TextMapPropagator

    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["STRIP", "Egress", "Unwanted"]

STRIP: Final = guard.site("egress.strip", foreign=True)
"""Where headers are taken off: their mappings are the service's own, and the propagator may be."""

_BAGGAGE: Final = frozenset({"baggage", "tracestate"})
_TRACE: Final = frozenset({"traceparent"})
# Jaeger's and OpenTracing's propagators write a header for each entry of the baggage.
_PREFIXES: Final = ("uberctx-", "ot-baggage-")


class Unwanted(NamedTuple):
    """The headers that one host must not get."""

    names: frozenset[str]
    prefixes: tuple[str, ...] = _PREFIXES

    def holds(self, name: str | bytes) -> bool:
        """Return whether a header is one of them."""
        text = (name.decode("latin-1") if isinstance(name, bytes) else name).lower()
        return text in self.names or text.startswith(self.prefixes)


class Egress:
    """The policy of one start, and the places where it is kept.

    Args:
        settings: `trace_hosts` get the trace context, `baggage_hosts` of them baggage and trace state too.
    """

    __slots__ = ("_open", "_policy", "_propagator", "_undo", "_unwanted", "_watched")

    def __init__(self, settings: TelemetrySettings) -> None:
        self._policy = HostPolicy(settings.trace_hosts, settings.baggage_hosts)
        self._open = True
        self._watched: set[str] = set()
        self._undo: list[Callable[[], object]] = []
        self._propagator: TextMapPropagator | None = None
        self._unwanted: dict[Allowance, Unwanted] = {}

    def unwanted(self, host: str, *others: str) -> Unwanted | None:
        """Return what a request must not carry, or None where all of it may go.

        Args:
            host: the one that it is sent to.
            others: whoever else gets it; the one that may be told the least decides.
        """
        allowance = self.allowance(host, *others)
        return None if allowance is Allowance.EVERYTHING else self.headers(allowance)

    def allowance(self, host: str, *others: str) -> Allowance:
        """Return what all of these hosts may be told."""
        if not self._open:
            return Allowance.EVERYTHING
        least = self._policy.allowance(host)
        for other in others:
            least = min(least, self._policy.allowance(other))
        return least

    def headers(self, allowance: Allowance) -> Unwanted:
        """Return what somebody with this allowance must not get, by the propagators in force."""
        propagator = propagate.get_global_textmap()
        if propagator is not self._propagator:
            fields = STRIP.call(_fields, propagator) or frozenset()
            self._unwanted = {
                Allowance.NOTHING: Unwanted(fields | _BAGGAGE | _TRACE),
                Allowance.TRACE: Unwanted(_BAGGAGE),
            }
            self._propagator = propagator
        return self._unwanted[allowance]

    def watch(self, library: str) -> bool:
        """Keep the policy in a library that was imported.

        Args:
            library: one that sends requests; each has a module here that knows where.

        Raises:
            AttributeError: that place is not there in this version, or
            KeyError: it is not where it was.
        """
        if library not in self._watched:
            module, *rest = _WATCHERS[library]
            places = import_module(module).places(self, *rest)
            # As they stand in the class itself: not bound, not another class's, and all of them or none.
            found = [(owner, name, vars(owner)[name], wrapper) for owner, name, wrapper in places]
            for place in found:
                self._put(*place)
            self._watched.add(library)
        return True

    def undo(self) -> None:
        """Let everything go out again; what others put over ours stays, and ours below it does nothing."""
        self._open = False
        while self._undo:
            self._undo.pop()()
        self._watched.clear()

    def _put(self, owner: Any, name: str, before: Any, wrapper: Callable[..., Any]) -> None:
        ours = import_module("wrapt").FunctionWrapper(before, wrapper)

        def undo() -> None:
            if vars(owner).get(name) is ours:
                setattr(owner, name, before)

        setattr(owner, name, ours)
        self._undo.append(undo)


_HERE: Final = "ameide_telemetry.integrations.egress_"
_WATCHERS: Final = {
    "aiohttp": (f"{_HERE}http", "aiohttp"),
    "grpc": (f"{_HERE}grpc",),
    "httpcore": (f"{_HERE}http", "httpcore"),
    "httpcore2": (f"{_HERE}http", "httpcore2"),
    "urllib3": (f"{_HERE}http", "urllib3"),
}


def _fields(propagator: TextMapPropagator) -> frozenset[str]:
    return frozenset(field.lower() for field in propagator.fields)
