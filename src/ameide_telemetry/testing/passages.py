"""What passes between applications: every request as it arrives, and what telemetry makes of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from opentelemetry import baggage, trace
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import SpanKind

from ameide_telemetry.context import current_bindings
from ameide_telemetry.contract import names
from ameide_telemetry.testing.routes.spans import is_apart
from ameide_telemetry.testing.serving import is_asynchronous

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Span

__all__ = ["Passage", "Passages"]

_ALLOWED: Final = frozenset(names.CONTEXT_BAGGAGE_KEYS.values())
_running: Final[ContextVar[Passage | None]] = ContextVar("ameide_telemetry_passage", default=None)


@dataclass(slots=True)
class Passage:
    """One request, as it came out of the network.

    Attributes:
        to: name of the application.
        method: of the request.
        path: without its query.
        headers: by their names in lower case; repeated ones joined by a comma.
        driven: whether the test itself sent it, and no application.
        span_id: of the server span that telemetry opened for it; empty if none.
        arrived: what of the contract's baggage the server span starts with, by the keys of the header.
        foreign: keys of other baggage that it starts with.
    """

    to: str
    method: str
    path: str
    headers: Mapping[str, str]
    driven: bool
    span_id: str = ""
    arrived: dict[str, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()


class Passages:
    """Every request that came to the applications of one topology, in order."""

    def __init__(self) -> None:
        self.all: list[Passage] = []
        self._drivers: set[int] = set()
        self._open = 0
        self._changed = threading.Condition()

    def drives(self, port: int) -> None:
        """Take what comes from this port of this machine as the test's own."""
        self._drivers.add(port)

    def settle(self, seconds: float) -> bool:
        """Wait until no application is at work; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, seconds)

    def around(self, app: Any, name: str) -> Any:
        """Return an application that keeps what comes in, and passes it on."""
        return self._asgi(app, name) if is_asynchronous(app, name) else self._wsgi(app, name)

    def _asgi(self, app: Any, name: str) -> Any:
        async def passing(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] not in {"http", "websocket"}:
                await app(scope, receive, send)
                return
            pairs = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]]
            port = (scope.get("client") or ("", 0))[1]
            with self._passing(name, scope.get("method", "GET"), scope["path"], pairs, port):
                await app(scope, receive, send)

        return passing

    def _wsgi(self, app: Any, name: str) -> Any:
        def passing(environ: Any, start_response: Any) -> Iterator[bytes]:
            pairs = [
                (key[5:].replace("_", "-"), value)
                for key, value in environ.items()
                if key.startswith("HTTP_")
            ]
            port = int(environ.get("REMOTE_PORT") or 0)
            with self._passing(name, environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), pairs, port):
                body = app(environ, start_response)
                try:
                    yield from body
                finally:
                    if hasattr(body, "close"):
                        body.close()

        return passing

    @contextmanager
    def _passing(
        self, to: str, method: str, path: str, pairs: Iterable[tuple[str, str]], port: int
    ) -> Iterator[None]:
        headers: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        # Telemetry may be started by what starts the application.
        _listen()
        driven = port in self._drivers
        self._drivers.discard(port)
        passage = Passage(to, method, path, headers, driven)
        with self._changed:
            self.all.append(passage)
            self._open += 1
        token = _running.set(passage)
        try:
            yield
        finally:
            _running.reset(token)
            with self._changed:
                self._open -= 1
                self._changed.notify_all()


class _Listener(SpanProcessor):
    """Notes with which context the server span of a request starts."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        passage = _running.get()
        if passage is None or passage.span_id or span.kind is not SpanKind.SERVER or is_apart(span):
            return
        passage.span_id = f"{span.get_span_context().span_id:016x}"
        entries = baggage.get_all(parent_context)
        bindings = current_bindings(parent_context)
        values = {} if bindings is None else bindings.values
        passage.arrived = {key: str(value) for key, value in entries.items() if key in _ALLOWED}
        passage.arrived.update({names.CONTEXT_BAGGAGE_KEYS[key]: value for key, value in values.items()})
        passage.foreign = tuple(sorted(entries.keys() - _ALLOWED))


_heard: Final[WeakSet[Any]] = WeakSet()


def _listen() -> None:
    """Put the listener on the provider in force, once for each."""
    provider: Any = trace.get_tracer_provider()
    if hasattr(provider, "add_span_processor") and provider not in _heard:
        _heard.add(provider)
        provider.add_span_processor(_Listener())
