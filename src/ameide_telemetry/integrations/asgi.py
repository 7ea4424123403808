"""Telemetry for any ASGI application. Pure ASGI 3: no framework is imported.

* The application runs inside a context made for this request; what the server left around it is put
  back afterwards.
* The request is over when the last message of the response is sent: span, duration and access line do
  not stretch over background tasks, whose own lines and spans still carry the request's ids. A response
  of 500 or more waits for the application to return, because the exception comes after the response.
* When the lifespan ends, what is queued is sent *before* the server hears of it: uvicorn raises SIGTERM
  again after its shutdown, so that no exit hook runs. For an application without lifespan the middleware
  answers the protocol itself, so that this holds there too; visible is only that uvicorn's `--lifespan on`
  does not refuse such an application any more.
* Other server instrumentation that looks into the scope first (FastAPI's own, Starlette's) steps aside,
  so that there is one SERVER span.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context

from ameide_telemetry import guard
from ameide_telemetry.context import forget, remember
from ameide_telemetry.contract import names
from ameide_telemetry.integrations.exchange import Call, Exchange
from ameide_telemetry.integrations.routes import RouteNames
from ameide_telemetry.integrations.surroundings import Surroundings, left_surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextvars import Token

    from opentelemetry.context import Context

    from ameide_telemetry.context import Departure
    from ameide_telemetry.integrations.server import ServerTelemetry

__all__ = ["ASGIApplication", "Message", "Receive", "Scope", "Send", "TelemetryMiddleware"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

MARK: Final = "ameide_telemetry.exchange"

_OPEN: Final = guard.site("asgi.open")
_SEND: Final = guard.site("asgi.send")
_RECEIVE: Final = guard.site("asgi.receive")
_CLOSE: Final = guard.site("asgi.close")
_FLUSH: Final = guard.site("asgi.flush")
_REQUEST_ID: Final = names.HEADER_REQUEST_ID.encode("latin-1")
_LAST_LIFESPAN: Final = frozenset(
    {"lifespan.shutdown.complete", "lifespan.shutdown.failed", "lifespan.startup.failed"}
)
# FastAPI (>= 0.142) and Starlette take these for "somebody else does it", mounted applications included.
_STEP_ASIDE: Final = {MARK: True, "fastapi.telemetry": None, "starlette.opentelemetry": True}
_NORMAL_CLOSE: Final = 1000
_NO_CLOSE_CODE: Final = 1005
_SERVER_ERROR: Final = 500
# So many fit 64 bits.
_MOST_DIGITS: Final = 18


class TelemetryMiddleware:
    """Wraps an ASGI 3 application; put it outermost.

    Args:
        app: the application.
        telemetry: what to use; None passes everything through untouched.
    """

    __slots__ = ("_routes", "app", "telemetry")

    def __init__(self, app: ASGIApplication, telemetry: ServerTelemetry | None) -> None:
        self.app = app
        self.telemetry = telemetry
        self._routes = RouteNames()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        opened = _OPEN.call(self._opened, scope, receive, send)
        if opened is None:
            await self.app(scope, receive, send)
            return
        if isinstance(opened, _Lifespan):
            await opened.run(self.app, scope)
            return
        try:
            await self.app(opened.scope, opened.receive, opened.send)
        except BaseException as error:
            _departure = _CLOSE.call(opened.fail, error)
            raise
        _CLOSE.call(opened.close)

    def _opened(self, scope: Scope, receive: Receive, send: Send) -> _Connection | _Lifespan | None:
        """Begin; None where the application is to be left alone."""
        telemetry = self.telemetry
        kind = scope["type"]
        if telemetry is None or MARK in scope:
            return None
        if kind == "lifespan":
            return _Lifespan(telemetry, receive, send)
        connection = _CONNECTIONS.get(kind)
        if connection is None:
            return None
        forget()
        surroundings = left_surroundings()
        opened = connection(telemetry, self._routes, scope, receive, send)
        opened.enter(surroundings)
        return opened


class _Connection(ABC):
    """What the two kinds of connection have in common."""

    __slots__ = ("_marked", "_receive", "_routes", "_send", "_surroundings", "_token", "exchange", "scope")

    def __init__(
        self, telemetry: ServerTelemetry, routes: RouteNames, scope: Scope, receive: Receive, send: Send
    ) -> None:
        call = _call(scope, telemetry.reader.from_pairs(_headers(scope)))
        # The caller's own scope and no copy: whoever wraps us reads there what the application found out.
        self.scope = scope
        self._marked = {key: scope[key] for key in _STEP_ASIDE if key in scope}
        scope.update(_STEP_ASIDE)
        self._routes = routes
        self._receive = receive
        self._send = send
        self._token: Token[Context] | None = None
        self._surroundings: Surroundings | None = None
        self.exchange = Exchange(telemetry, call)

    def enter(self, surroundings: Surroundings | None) -> None:
        """Make the request's context current, in place of what the server left around it."""
        self._surroundings = surroundings
        self._token = otel_context.attach(self.exchange.context)

    async def receive(self) -> Message:
        """Pass one message to the application."""
        message = await self._receive()
        _RECEIVE.call(self._received, message)
        return message

    async def send(self, message: Message) -> None:
        """Pass one message to the server, the request id added to the first."""
        prepared = _SEND.call(self._sending, message)
        if prepared is None:
            prepared = message, False
        try:
            await self._send(prepared[0])
        except OSError:
            # ASGI 2.4: a server raises it for a client that is gone.
            self.exchange.disconnected = True
            raise
        if prepared[1]:
            _CLOSE.call(self._sent_all)

    def fail(self, error: BaseException) -> Departure | None:
        """The application raised; returns what the caller's frame has to hold."""
        with _CLOSE:
            if not (self.exchange.disconnected and _says_disconnect(error)):
                self.exchange.fail(error)
        # The event loop is gone and the coroutine is closed inside a foreign context.
        closed = issubclass(type(error), GeneratorExit)
        self.close(detach=not closed)
        return None if closed else remember(error, self.exchange.context)

    def close(self, *, detach: bool = True) -> None:
        """The application is done."""
        with _CLOSE:
            self._finish()
        _CLOSE.call(self._unmark)
        if detach and self._token is not None:
            otel_context.detach(self._token)
            if self._surroundings is not None:
                self._surroundings.restore()

    def _unmark(self) -> None:
        for key in _STEP_ASIDE:
            self.scope.pop(key, None)
        self.scope.update(self._marked)

    def _finish(self) -> None:
        if not self.exchange.finished:
            self.exchange.route = self._routes.template(self.scope)
            self.exchange.finish()

    @abstractmethod
    def _sent_all(self) -> None:
        """The last message was sent."""

    @abstractmethod
    def _received(self, message: Message) -> None:
        """Learn from a message to the application."""

    @abstractmethod
    def _sending(self, message: Message) -> tuple[Message, bool]:
        """Learn from a message to the server; return what to send, and whether it is the last."""


class _Http(_Connection):
    """One HTTP request."""

    __slots__ = ("_announced", "_body_size", "_complete", "_trailers")

    def __init__(
        self, telemetry: ServerTelemetry, routes: RouteNames, scope: Scope, receive: Receive, send: Send
    ) -> None:
        super().__init__(telemetry, routes, scope, receive, send)
        self._announced: int | None = None
        self._complete = False
        self._trailers = False
        # A body of unknown length is counted while the application reads it.
        self._body_size: int | None = 0 if self.exchange.request_size is None else None

    def _received(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.disconnect":
            self.exchange.disconnected = self.exchange.disconnected or not self._complete
        elif kind == "http.request" and self._body_size is not None:
            self._body_size += len(message.get("body", b""))
            self.exchange.request_size = self._body_size

    def _sending(self, message: Message) -> tuple[Message, bool]:
        kind = message["type"]
        exchange = self.exchange
        if kind == "http.response.body":
            if exchange.response_size is not None:
                exchange.response_size += len(message.get("body", b""))
            return message, not message.get("more_body", False) and not self._trailers
        if kind == "http.response.start":
            exchange.status = message["status"]
            self._trailers = message.get("trailers", False)
            self._announced, message = _identified(message, exchange.request_id)
        elif kind == "http.response.trailers":
            return message, not message.get("more_trailers", False)
        elif kind == "http.response.pathsend":
            exchange.response_size = self._announced
            return message, True
        elif kind == "http.response.zerocopysend":
            exchange.response_size = self._announced
            return message, not message.get("more_body", False) and not self._trailers
        return message, False

    def _sent_all(self) -> None:
        self._complete = True
        self.exchange.stop_clock()
        if (self.exchange.status or _SERVER_ERROR) < _SERVER_ERROR:
            self._finish()


class _Websocket(_Connection):
    """One websocket connection."""

    __slots__ = ()

    def __init__(
        self, telemetry: ServerTelemetry, routes: RouteNames, scope: Scope, receive: Receive, send: Send
    ) -> None:
        super().__init__(telemetry, routes, scope, receive, send)
        self.exchange.response_size = None

    def _sent_all(self) -> None:
        """Wait for the application to return: a close has an answer."""

    def _received(self, message: Message) -> None:
        if message["type"] == "websocket.disconnect" and self.exchange.close_code is None:
            self.exchange.close_code = message.get("code", _NO_CLOSE_CODE)
            self.exchange.disconnected = True

    def _sending(self, message: Message) -> tuple[Message, bool]:
        kind = message["type"]
        exchange = self.exchange
        if kind == "websocket.accept":
            exchange.status = 101
            _, message = _identified(message, exchange.request_id)
        elif kind == "websocket.http.response.start":
            exchange.status = message["status"]
            _, message = _identified(message, exchange.request_id)
        elif kind == "websocket.close":
            if exchange.status is None:
                exchange.status = 403
            elif exchange.close_code is None:
                exchange.close_code = message.get("code", _NORMAL_CLOSE)
        return message, False

    def _finish(self) -> None:
        """A client that leaves an accepted websocket ends it as it should end."""
        if self.exchange.status is not None:
            self.exchange.disconnected = False
        super()._finish()


class _Lifespan:
    """The start and the end of the application."""

    __slots__ = ("_flush", "_receive", "_received", "_said", "_send")

    def __init__(self, telemetry: ServerTelemetry, receive: Receive, send: Send) -> None:
        self._flush = telemetry.flush
        self._receive = receive
        self._send = send
        self._received = False
        self._said = False

    async def run(self, app: ASGIApplication, scope: Scope) -> None:
        """Run the application's own lifespan; answer the protocol for one that has none."""
        try:
            await app(scope, self.receive, self.send)
        except Exception:
            # The specification: an exception at the start means "unsupported", go on without it.
            if self._received or self._said:
                raise
        if not self._said:
            await self._stand_in()

    async def receive(self) -> Message:
        """Pass one message to the application."""
        self._received = True
        return await self._receive()

    async def send(self, message: Message) -> None:
        """Pass one message to the server; flush before the last one."""
        self._said = True
        _FLUSH.call(self._sending, message)
        await self._send(message)

    def _sending(self, message: Message) -> None:
        if message["type"] in _LAST_LIFESPAN:
            self._flush()

    async def _stand_in(self) -> None:
        if not self._received:
            await self._receive()
        await self._send({"type": "lifespan.startup.complete"})
        await self._receive()
        await self.send({"type": "lifespan.shutdown.complete"})


_CONNECTIONS: Final[dict[str, type[_Connection]]] = {"http": _Http, "websocket": _Websocket}


def _headers(scope: Scope) -> Iterable[tuple[bytes, bytes]]:
    """Return the headers; ASGI allows any iterable, and the application reads it too."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    if type(headers) is not list and iter(headers) is headers:
        headers = scope["headers"] = list(headers)
    return headers


def _call(scope: Scope, headers: dict[str, str]) -> Call:
    websocket = scope["type"] == "websocket"
    server = scope.get("server")
    return Call(
        method=scope.get("method", "GET"),
        path=scope["path"],
        scheme=scope.get("scheme", "ws" if websocket else "http"),
        protocol_version=scope.get("http_version", ""),
        server=(server[0], server[1]) if server else None,
        headers=headers,
        websocket=websocket,
    )


def _identified(message: Message, request_id: str) -> tuple[int | None, Message]:
    """Return the announced body size, and a copy of `message` with exactly one request id header."""
    announced: int | None = None
    kept: list[Any] = []
    for header in message.get("headers") or ():
        name = header[0].lower()
        if name == b"content-length":
            announced = int(header[1]) if header[1].isdigit() and len(header[1]) <= _MOST_DIGITS else None
        if name != _REQUEST_ID:
            kept.append(header)
    kept.append((_REQUEST_ID, request_id.encode("latin-1")))
    return announced, {**message, "headers": kept}


def _says_disconnect(error: BaseException) -> bool:
    """Return whether the exception only tells that the client is gone, whichever framework raised it."""
    return issubclass(type(error), OSError) or "Disconnect" in type(error).__name__
