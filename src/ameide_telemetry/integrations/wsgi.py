"""Telemetry for any WSGI application, by PEP 3333.

The application and every step of its body run inside one copied `contextvars` context, so that whatever
a request binds, structlog's context variables included, is gone with it: worker threads are reused.

The request is over when the body is exhausted, or closed before that. What the application does in the
body's `close` still runs in the request's context and does not stretch its duration.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context

from ameide_telemetry import guard
from ameide_telemetry.context import forget, remember
from ameide_telemetry.contract import names
from ameide_telemetry.integrations.exchange import Call, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextvars import Context
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ameide_telemetry.context import Departure
    from ameide_telemetry.integrations.server import ServerTelemetry

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
    Headers = list[tuple[str, str]]
    Write = Callable[[bytes], object]

__all__ = ["TelemetryMiddleware"]

# In the environ: the exchange of the request. A second middleware further in steps aside, and a
# framework hook finds where to leave the exception that it handled.
MARK: Final = "ameide_telemetry.exchange"
# Set by a framework's room when the body is computed: the response is complete before it is read.
COMPLETE: Final = "ameide_telemetry.complete"

_OPEN: Final = guard.site("wsgi.open")
_START: Final = guard.site("wsgi.start")
_BODY: Final = guard.site("wsgi.body")
_CLOSE: Final = guard.site("wsgi.close")
_NO_BODY_METHODS: Final = frozenset({"HEAD"})
# So many fit 64 bits.
_MOST_DIGITS: Final = 18


class TelemetryMiddleware:
    """Wraps a WSGI application; put it outermost.

    Args:
        app: the application.
        telemetry: what to use; None passes everything through untouched.
    """

    __slots__ = ("app", "telemetry")

    def __init__(self, app: WSGIApplication, telemetry: ServerTelemetry | None) -> None:
        self.app = app
        self.telemetry = telemetry

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        context = _OPEN.call(self._context, environ)
        if context is None:
            return self.app(environ, start_response)
        try:
            return context.run(self._serve, environ, start_response, context)
        except BaseException as error:
            _departure = _CLOSE.call(_left, error, context)
            raise

    def _context(self, environ: WSGIEnvironment) -> Context | None:
        """Return the context to serve in; None where the application is to be left alone."""
        if self.telemetry is None or MARK in environ:
            return None
        forget()
        return contextvars.copy_context()

    def _serve(
        self, environ: WSGIEnvironment, start_response: StartResponse, context: Context
    ) -> Iterable[bytes]:
        response = _OPEN.call(self._opened, environ, start_response, context)
        if response is None:
            return self.app(environ, start_response)
        try:
            body = self.app(environ, response.start)
        except BaseException as error:
            _CLOSE.call(response.fail, error)
            raise
        served = _BODY.call(response.body_for, body)
        return body if served is None else served

    def _opened(
        self, environ: WSGIEnvironment, start_response: StartResponse, context: Context
    ) -> _Response | None:
        telemetry = self.telemetry
        if telemetry is None:
            return None
        # Never detached: the copied context ends with the request. What a former request left there is
        # gone first, so that the application does not run in it, whatever fails from here on.
        otel_context.attach(otel_context.Context())
        response = _Response(telemetry, environ, start_response, context)
        otel_context.attach(response.exchange.context)
        return response


class _Response:
    """One request and what becomes of its response."""

    __slots__ = ("_announced", "_context", "_environ", "_start_response", "exchange")

    def __init__(
        self,
        telemetry: ServerTelemetry,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        context: Context,
    ) -> None:
        self._context = context
        self._environ = environ
        self._start_response = start_response
        self._announced: int | None = None
        self.exchange = Exchange(telemetry, _call(environ, telemetry.reader.from_environ(environ)))
        environ[MARK] = self.exchange

    def start(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """Begin the response with the request id among its headers."""
        if type(headers) is not list and isinstance(headers, Iterator):
            # PEP 3333 asks for a list, and servers take what can be read once all the same.
            headers = list(headers)
        given = _START.call(self._starting, status, headers)
        if given is None:
            given = headers
        if exc_info is None:
            write = self._start_response(status, given)
        else:
            write = self._start_response(status, given, exc_info)
        return _START.call(self._counting, write) or write

    def _starting(self, status: str, headers: Headers) -> Headers:
        self.exchange.route = _route(self._environ)
        self.exchange.status = _status(status)
        return self._identified(headers)

    def fail(self, error: BaseException) -> None:
        """The application raised, in the call or in the body."""
        with _CLOSE:
            self.exchange.fail(error)
        self.exchange.finish()

    def count(self, data: bytes) -> None:
        """Count a piece of the response body."""
        self.exchange.response_size = (self.exchange.response_size or 0) + len(data)

    def close(self, *, exhausted: bool) -> None:
        """The body is exhausted, or the server is done with it."""
        self.exchange.disconnected = not exhausted and self._is_cut_short()
        self.exchange.finish()

    def body_for(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Return the body for the server: the same kind of object as far as servers look."""
        if self._environ.get(COMPLETE):
            with _CLOSE:
                self.exchange.response_size = 0 if self._has_no_body() else self._announced
                self.exchange.finish()
        wrapper = self._environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            return self._file_body(body)
        return (_SizedBody if hasattr(body, "__len__") else _Body)(body, self, self._context)

    def _file_body(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Keep the server's own file object, which it may hand to the kernel, and only watch it close."""
        self.exchange.response_size = self._announced
        close = getattr(body, "close", None)
        finish = partial(self.close, exhausted=True)

        def close_and_finish() -> None:
            try:
                if close is not None:
                    close()
            finally:
                _CLOSE.call(self._context.run, finish)

        try:
            body.close = close_and_finish  # type: ignore[attr-defined]  # the server's class
        except AttributeError:
            finish()
        return body

    def _counting(self, write: Write) -> Write:
        def counting_write(data: bytes) -> object:
            _BODY.call(self.count, data)
            return write(data)

        return counting_write

    def _identified(self, headers: Headers) -> Headers:
        kept: Headers = []
        for name, value in headers:
            lowered = name.lower()
            if lowered == "content-length":
                self._announced = int(value) if value.isdecimal() and len(value) <= _MOST_DIGITS else None
            if lowered != names.HEADER_REQUEST_ID:
                kept.append((name, value))
        kept.append((names.HEADER_REQUEST_ID, self.exchange.request_id))
        return kept

    def _has_no_body(self) -> bool:
        return self._environ.get("REQUEST_METHOD") in _NO_BODY_METHODS

    def _is_cut_short(self) -> bool:
        """Tell a client that left from a server that knew it had all it needs."""
        if self._has_no_body():
            return False
        return self._announced is None or (self.exchange.response_size or 0) < self._announced


class _Body:
    """A response body whose every step runs inside the request's context."""

    __slots__ = ("_body", "_closed", "_context", "_exhausted", "_iterator", "_response")

    def __init__(self, body: Iterable[bytes], response: _Response, context: Context) -> None:
        self._body = body
        self._response = response
        self._context = context
        self._iterator: Iterator[bytes] | None = None
        self._exhausted = False
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._context.run(self._step)
        except StopIteration:
            raise
        except BaseException as error:
            _departure = _CLOSE.call(remember, error, self._response.exchange.context)
            raise

    def close(self) -> None:
        """Close the application's body, once, and end the request."""
        if self._closed:
            return
        self._closed = True
        try:
            self._context.run(self._close)
        except BaseException as error:
            _departure = _CLOSE.call(remember, error, self._response.exchange.context)
            raise

    def _step(self) -> bytes:
        try:
            if self._iterator is None:
                self._iterator = iter(self._body)
            chunk = next(self._iterator)
        except StopIteration:
            self._exhausted = True
            _CLOSE.call(self._end)
            raise
        except BaseException as error:
            _CLOSE.call(self._response.fail, error)
            raise
        _BODY.call(self._response.count, chunk)
        return chunk

    def _close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            _CLOSE.call(self._response.fail, error)
            raise
        _CLOSE.call(self._end)

    def _end(self) -> None:
        self._response.close(exhausted=self._exhausted)


class _SizedBody(_Body):
    """A body with a length: servers derive Content-Length from a body of one piece."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]  # chosen for bodies with a length


def _left(error: BaseException, context: Context) -> Departure | None:
    """Note the request's context in the server's own, where it logs what it gets."""
    return remember(error, context.run(otel_context.get_current))


def _call(environ: WSGIEnvironment, headers: dict[str, str]) -> Call:
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    name = environ.get("SERVER_NAME")
    port = str(environ.get("SERVER_PORT", ""))
    return Call(
        method=environ.get("REQUEST_METHOD", "GET"),
        # PEP 3333 puts the bytes of the path into a str as if they were latin-1.
        path=path.encode("latin-1", "replace").decode("utf-8", "replace"),
        scheme=environ.get("wsgi.url_scheme", "http"),
        protocol_version=str(environ.get("SERVER_PROTOCOL", "")).removeprefix("HTTP/"),
        server=(name, int(port) if port.isdecimal() else None) if name else None,
        headers=headers,
    )


def _status(status: object) -> int | None:
    """Return the number that a status begins with; None for one that a server will refuse."""
    code = status[:3] if isinstance(status, str) else ""
    return int(code) if code.isdecimal() else None


def _route(environ: WSGIEnvironment) -> str | None:
    """Return the route template of a Werkzeug application; Flask forgets it when the call returns."""
    rule = getattr(getattr(environ.get("werkzeug.request"), "url_rule", None), "rule", None)
    return f"{environ.get('SCRIPT_NAME', '').rstrip('/')}{rule}" if isinstance(rule, str) else None
