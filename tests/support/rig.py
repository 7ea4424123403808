"""A real SDK in memory, and drivers that call an application as an ASGI or a WSGI server does."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ameide_telemetry.context import current_bindings
from ameide_telemetry.integrations.server import ServerTelemetry
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Answer", "Line", "Rig"]

LIMIT = 20.0
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


class Line(NamedTuple):
    """One access line and what was current when it was written."""

    level: int
    message: str
    fields: dict[str, Any]
    trace_id: str
    span_id: str
    bound: dict[str, str]


@dataclass
class Answer:
    """What the server saw."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    error: BaseException | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)

    def header(self, name: str) -> list[str]:
        """Return every value of one header."""
        return [value for key, value in self.headers if key.lower() == name]


class Rig:
    """Telemetry in memory, and drivers for the two protocols."""

    traceparent = TRACEPARENT
    trace_id = TRACE_ID
    parent_id = PARENT_ID

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False)
        self.lines: list[Line] = []
        self.events: list[str] = []

    def telemetry(self, **settings: Any) -> ServerTelemetry:
        """Return telemetry that writes into this rig."""
        return ServerTelemetry.build(
            TelemetrySettings(**settings),
            access=self._access,
            flush=lambda: self.events.append("flush"),
            tracer_provider=self.tracers,
            meter_provider=self.meters,
        )

    def _access(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        current = trace.get_current_span().get_span_context()
        bindings = current_bindings()
        self.lines.append(
            Line(
                level,
                message,
                dict(fields),
                f"{current.trace_id:032x}",
                f"{current.span_id:016x}",
                dict(bindings.values) if bindings else {},
            )
        )

    def spans(self, kind: trace.SpanKind | None = None) -> list[ReadableSpan]:
        """Return the finished spans, of one kind if given."""
        return [each for each in self.exporter.get_finished_spans() if kind in (None, each.kind)]

    def span(self) -> ReadableSpan:
        """Return the one SERVER span there must be."""
        (span,) = self.spans(trace.SpanKind.SERVER)
        return span

    def line(self) -> Line:
        """Return the one access line there must be."""
        (line,) = self.lines
        return line

    def points(self, name: str) -> list[Any]:
        """Return the data points of one instrument."""
        data = self.reader.get_metrics_data()
        if data is None:
            return []
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def durations(self) -> list[Any]:
        """Return the points of the request duration."""
        return self.points("http.server.request.duration")

    def asgi(
        self,
        app: Any,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: Iterable[bytes] = (b"",),
        scope: Mapping[str, Any] | None = None,
        disconnect_after: int | None = None,
    ) -> Answer:
        """Make one HTTP request to an ASGI application and return what the server saw."""
        return asyncio.run(
            asyncio.wait_for(
                self.asgi_call(
                    app,
                    path,
                    method=method,
                    headers=headers,
                    body=list(body),
                    scope=scope,
                    disconnect_after=disconnect_after,
                ),
                LIMIT,
            )
        )

    async def asgi_call(
        self,
        app: Any,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: Sequence[bytes] = (b"",),
        scope: Mapping[str, Any] | None = None,
        disconnect_after: int | None = None,
    ) -> Answer:
        """Do the same inside a running loop."""
        answer = Answer()
        left = [
            {"type": "http.request", "body": each, "more_body": index + 1 < len(body)}
            for index, each in enumerate(body)
        ]
        done = asyncio.Event()
        if disconnect_after == 0:
            done.set()

        async def receive() -> dict[str, Any]:
            if left:
                return left.pop(0)
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            answer.messages.append(message)
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [(k.decode(), v.decode()) for k, v in message.get("headers", ())]
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")
                if not message.get("more_body"):
                    done.set()
            self.events.append(message["type"])
            if disconnect_after is not None and len(answer.messages) >= disconnect_after:
                done.set()

        try:
            await app(http_scope(path, method, headers) | dict(scope or {}), receive, send)
        except BaseException as error:  # noqa: BLE001 the server's place: it takes everything
            answer.error = error
        return answer

    def websocket(
        self,
        app: Any,
        path: str,
        incoming: Sequence[Mapping[str, Any]],
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Make one websocket connection to an ASGI application."""
        answer = Answer()
        left = [{"type": "websocket.connect"}, *(dict(each) for each in incoming)]
        scope = http_scope(path, "GET", headers) | {"type": "websocket", "scheme": "ws", "subprotocols": []}
        del scope["method"]

        async def receive() -> dict[str, Any]:
            if left:
                return left.pop(0)
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            answer.messages.append(message)

        async def connect() -> None:
            try:
                await app(scope, receive, send)
            except Exception as error:  # noqa: BLE001 the server's place
                answer.error = error

        asyncio.run(asyncio.wait_for(connect(), LIMIT))
        return answer

    def lifespan(self, app: Any, scope: Mapping[str, Any] | None = None) -> list[str]:
        """Start and stop an ASGI application; return what it sent, and flushes, in order."""
        incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> dict[str, Any]:
            return incoming.pop(0)

        async def send(message: dict[str, Any]) -> None:
            self.events.append(message["type"])

        given = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}, **(scope or {})}
        asyncio.run(asyncio.wait_for(app(given, receive, send), LIMIT))
        return self.events

    def wsgi(
        self,
        app: Any,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        environ: Mapping[str, Any] | None = None,
        steps: int | None = None,
    ) -> Answer:
        """Make one request to a WSGI application, as a server by PEP 3333 does."""
        answer = Answer()
        written: list[bytes] = []

        def start_response(
            status: str, response_headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            answer.status = int(status.split(maxsplit=1)[0])
            answer.headers = list(response_headers)
            return written.append

        given = wsgi_environ(path, method, headers, body) | dict(environ or {})
        try:
            chunks = app(given, start_response)
            try:
                for index, chunk in enumerate(chunks):
                    written.append(chunk)
                    if steps is not None and index + 1 >= steps:
                        break
            finally:
                if hasattr(chunks, "close"):
                    chunks.close()
        except Exception as error:  # noqa: BLE001 the server's place
            answer.error = error
        answer.body = b"".join(written)
        return answer


def http_scope(path: str, method: str, headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a scope as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.partition("?")[0],
        "raw_path": path.encode(),
        "query_string": path.partition("?")[2].encode(),
        "root_path": "",
        "headers": [(b"host", b"shop.test:8080"), *((k.encode(), v.encode()) for k, v in headers)],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


def wsgi_environ(path: str, method: str, headers: Sequence[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """Return an environ as a server by PEP 3333 makes it."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.partition("?")[0],
        "QUERY_STRING": path.partition("?")[2],
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "shop.test:8080",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return environ | {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in headers}
