"""One request and its response: one SERVER span, one duration sample, one access line.

Names and attributes follow the stable HTTP semantic conventions (1.23 and later). Left out on purpose:
`url.query` and `client.address`, which hold personal data more often than not.

A websocket is the HTTP request that opened it: its span is `GET <route>` with status 101 once accepted
(403 when refused) and lasts as long as the connection; it adds no sample to the request duration.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry import trace

from ameide_telemetry import guard
from ameide_telemetry.contract import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.integrations.server import ServerTelemetry

__all__ = ["Call", "Exchange"]

_CLIENT_DISCONNECTED: Final = "client_disconnected"
_INCOMPLETE_RESPONSE: Final = "incomplete_response"
_METRIC_SITE: Final = guard.site("exchange.metric")
_SPAN_SITE: Final = guard.site("exchange.span")
_ACCESS_SITE: Final = guard.site("exchange.access")
_END_SITE: Final = guard.site("exchange.end")
_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_MAX_METHOD: Final = 32
# What Tempo keeps of an attribute by default (`max_attribute_bytes`). Servers take paths of 64 KiB, and each
# is searched for what must not be shown.
_MAX_PATH: Final = 2_048
_NO_STATUS_LINE: Final = 499
_SERVER_ERROR: Final = 500


class Call(NamedTuple):
    """One inbound call, the same for both protocols.

    Attributes:
        method: as sent.
        path: decoded, without the query.
        scheme: `http`, `https`, `ws` or `wss`.
        protocol_version: `1.1`, `2` ...; empty when unknown.
        server: the address and port that the server listens on, if it says so.
        headers: those that `InboundReader` picked.
        websocket: whether this is a websocket connection.
    """

    method: str
    path: str
    scheme: str
    protocol_version: str
    server: tuple[str, int | None] | None
    headers: Mapping[str, str]
    websocket: bool = False


class Exchange:
    """One request and its response, from the first header to the last byte.

    The middleware sets what it learns on the way; `finish` writes span, sample and line, once.

    Attributes:
        context: OTel context in which the application runs.
        status: response status; None until the response started.
        route: route template, once known.
        error: the exception that left the application, or that the framework turned into a 500; None again
            when span, sample and line are written.
        disconnected: whether the client left before the response was complete.
        request_size: bytes of the request body; None when unknown.
        response_size: bytes of the response body; None when unknown.
        close_code: of a websocket.
    """

    __slots__ = (
        "_bindings",
        "_call",
        "_elapsed",
        "_finished",
        "_measured",
        "_method",
        "_request_id",
        "_scheme",
        "_span",
        "_started",
        "_telemetry",
        "close_code",
        "context",
        "disconnected",
        "error",
        "request_size",
        "response_size",
        "route",
        "status",
    )

    def __init__(self, telemetry: ServerTelemetry, call: Call) -> None:
        self._started = perf_counter()
        self._telemetry = telemetry
        self._call = call
        self._method = call.method if call.method in _METHODS else "_OTHER"
        self._scheme = _scheme(call.scheme)
        self._elapsed: float | None = None
        self._measured = False
        self.status: int | None = None
        self.route: str | None = None
        self.error: BaseException | None = None
        self.disconnected = False
        self.request_size = _size(call.headers.get("content-length"))
        self.response_size: int | None = 0
        self.close_code: int | None = None
        inbound = telemetry.reader.receive(call.headers)
        self.context = inbound.context
        self._bindings = inbound.bindings
        self._request_id = inbound.bindings.values[names.LOG_REQUEST_ID]
        self._span: trace.Span | None = None
        self._finished = telemetry.excluded(call.path)
        if not self._finished:
            self._open(inbound.links)

    @property
    def request_id(self) -> str:
        """The id for the response header: the one that lines carry now."""
        return self._bindings.values.get(names.LOG_REQUEST_ID, self._request_id)

    @property
    def finished(self) -> bool:
        """Whether span, sample and line are written, or not wanted."""
        return self._finished

    def stop_clock(self) -> None:
        """Take the duration now: the response is complete, whatever still runs after it."""
        if self._elapsed is None:
            self._elapsed = perf_counter() - self._started

    def fail(self, error: BaseException) -> None:
        """Keep the first exception until span, sample and line are written."""
        if self.error is None and not self._finished:
            self.error = error

    def finish(self) -> None:
        """Write span, duration sample and access line; the second call does nothing."""
        if self._finished:
            return
        self._finished = True
        self.stop_clock()
        token = otel_context.attach(self.context)
        try:
            kind = self._settle()
            with _SPAN_SITE:
                self._complete_span(kind)
            with _METRIC_SITE:
                self._measure(kind)
            with _ACCESS_SITE:
                self._say(kind)
            with _END_SITE:
                if self._span is not None:
                    self._span.end(self._end_time(self._span))
        finally:
            otel_context.detach(token)
            # Its traceback holds the frames of the request, which hold this object: they go when it goes.
            self.error = None

    def _open(self, links: tuple[trace.Link, ...]) -> None:
        with _SPAN_SITE:
            span = self._telemetry.tracer.start_span(
                self._verb,
                context=self.context,
                kind=trace.SpanKind.SERVER,
                attributes=self._first_attributes(),
                links=links,
            )
            self.context = trace.set_span_in_context(span, self.context)
            self._span = span
        with _METRIC_SITE:
            if not self._call.websocket:
                self._telemetry.active.change(self._method, self._scheme, 1)
                self._measured = True

    def _end_time(self, span: trace.Span) -> int | None:
        """Return when the response was complete, so that telemetry's own work is not part of the span."""
        start: int | None = getattr(span, "start_time", None)
        return None if start is None or self._elapsed is None else start + int(self._elapsed * 1e9)

    @property
    def _verb(self) -> str:
        return "HTTP" if self._method == "_OTHER" else self._method

    def _first_attributes(self) -> dict[str, str | int]:
        call = self._call
        attributes: dict[str, str | int] = {
            "http.request.method": self._method,
            "url.path": call.path[:_MAX_PATH],
            "url.scheme": self._scheme,
        }
        if self._method == "_OTHER":
            attributes["http.request.method_original"] = call.method[:_MAX_METHOD]
        if call.protocol_version:
            attributes["network.protocol.version"] = call.protocol_version
        if call.websocket:
            attributes["network.protocol.name"] = "websocket"
        agent = call.headers.get("user-agent")
        if agent:
            attributes["user_agent.original"] = agent
        address, port = _authority(call.headers.get("host"), call.server)
        if address:
            attributes["server.address"] = address
            attributes["server.port"] = port if port is not None else _PORTS[self._scheme]
        return attributes

    def _settle(self) -> str | None:
        """Settle the status of a response that never started, and return `error.type`."""
        if self.error is not None:
            if self.status is None and issubclass(type(self.error), Exception):
                self.status = _SERVER_ERROR
            return _qualified(type(self.error))
        if self.disconnected:
            return _CLIENT_DISCONNECTED
        if self.status is None:
            self.status = _SERVER_ERROR
            return _INCOMPLETE_RESPONSE
        return str(self.status) if self.status >= _SERVER_ERROR else None

    def _complete_span(self, kind: str | None) -> None:
        span = self._span
        if span is None or not span.is_recording():
            return
        attributes: dict[str, str | int] = {}
        if self.status is not None:
            attributes["http.response.status_code"] = self.status
        if self.route is not None:
            attributes["http.route"] = self.route
            span.update_name(f"{self._verb} {self.route}")
        if kind is not None:
            attributes["error.type"] = kind
            if self._failed:
                span.set_status(trace.StatusCode.ERROR)
        span.set_attributes(attributes)
        if self.error is not None:
            span.record_exception(self.error)

    def _measure(self, kind: str | None) -> None:
        if not self._measured:
            return
        telemetry = self._telemetry
        telemetry.active.change(self._method, self._scheme, -1)
        attributes: dict[str, str | int] = {
            "http.request.method": self._method,
            "url.scheme": self._scheme,
        }
        if self.status is not None:
            attributes["http.response.status_code"] = self.status
        if self.route is not None:
            attributes["http.route"] = self.route
        if self._call.protocol_version:
            attributes["network.protocol.version"] = self._call.protocol_version
        if kind is not None:
            attributes["error.type"] = kind
        telemetry.duration.record(self._elapsed or 0.0, attributes)

    def _say(self, kind: str | None) -> None:
        method = self._call.method[:_MAX_METHOD]
        status = self.status if self.status is not None else _NO_STATUS_LINE
        fields: dict[str, object] = {names.LOG_HTTP_METHOD: method}
        if self.route is not None:
            fields[names.LOG_HTTP_ROUTE] = self.route
        else:
            fields[names.LOG_URL_PATH] = self._call.path[:_MAX_PATH]
        fields[names.LOG_HTTP_STATUS] = status
        fields[names.LOG_DURATION_MS] = round((self._elapsed or 0.0) * 1000, 3)
        if self.request_size is not None:
            fields[names.LOG_HTTP_REQUEST_SIZE] = self.request_size
        if self.response_size is not None:
            fields[names.LOG_HTTP_RESPONSE_SIZE] = self.response_size
        if self.close_code is not None:
            fields[names.LOG_WEBSOCKET_CLOSE_CODE] = self.close_code
        if self.disconnected:
            fields[names.LOG_CLIENT_DISCONNECTED] = True
        if kind is not None:
            fields[names.LOG_ERROR_TYPE] = kind
        level = logging.ERROR if self._failed else logging.INFO
        self._telemetry.access(
            level, f"{method} {self.route or self._call.path[:_MAX_PATH]} {status}", fields
        )

    @property
    def _failed(self) -> bool:
        return self.error is not None or (self.status is not None and self.status >= _SERVER_ERROR)


def _size(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else None


def _scheme(scheme: str) -> str:
    """Keep the scheme to the four there are: it is a metric attribute."""
    return scheme if scheme in _PORTS else "http"


def _authority(host: str | None, server: tuple[str, int | None] | None) -> tuple[str, int | None]:
    """Return address and port of the Host header, else of the listening socket."""
    if not host:
        return server if server is not None else ("", None)
    if host.startswith("["):
        address, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    else:
        address, _, port = host.partition(":")
    return address, _size(port[:5])


def _qualified(kind: type[BaseException]) -> str:
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
