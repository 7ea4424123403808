"""A fake OTLP/HTTP collector on loopback: real sockets, many ways to be sick, counts what it gets.

In a test:

    with FakeCollector() as collector:
        ... point an exporter at collector.endpoint("traces") ...
        assert collector.count("traces") == 20

Its port stays the same whatever the mode, so an outage and its end can be played. A process under test
reaches it by `collector.environment()`. `support.grpc_collector.GrpcCollector` is its twin.

Modes:
    ok         200 and an empty answer
    refused    nobody listens
    silent, backlog, reset, drip: sick below the protocol, see `support.sick`
    blackhole  requests are read, never answered
    429        "too many requests", with Retry-After
    any other number: every request is answered with that status
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.sick import SICK, SickListener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["MODES", "FakeCollector"]

# One of each kind of answer, for what must hold whatever the collector does.
MODES: Final = (
    "ok",
    "refused",
    "silent",
    "backlog",
    "reset",
    "blackhole",
    "drip",
    "503",
    "429",
    "400",
    "413",
)
_MESSAGES: Final[Mapping[str, Any]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
_DECODERS: Final[Mapping[str | None, Callable[[bytes], bytes]]] = {
    None: bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


class Listener(Protocol):
    """What is behind the port at the moment."""

    def close(self) -> None:
        """End all connections and free the port."""
        ...


class FakeCollector:
    """Counts and keeps what exporters send.

    Attributes:
        port: on 127.0.0.1, the same in every mode.
        requests: every decoded request that was answered with success, per signal, in order.
        headers: the headers of each of them, lower case, in the same order.
        attempts: how many requests came in, whatever the answer; in a sick mode, how many connections.
        unparsable: how many bodies could not be decoded.
        retry_after: what the answer 429 asks for, in seconds or as a date.
        reply: body of a success.
        prompt: what a drip sends at once.
    """

    protocol: ClassVar[Literal["http/protobuf", "grpc"]] = "http/protobuf"
    # Long enough for minutes.
    drip: ClassVar[bytes] = b"HTTP/1.1 200 OK\r\nx-padding: " + b"a" * 200 + b"\r\ncontent-length: 0\r\n\r\n"

    def __init__(self, mode: str = "ok") -> None:
        self.requests: dict[str, list[Any]] = {signal: [] for signal in _MESSAGES}
        self.headers: dict[str, list[dict[str, str]]] = {signal: [] for signal in _MESSAGES}
        self.attempts = 0
        self.unparsable = 0
        self.retry_after = "1"
        self.reply = b""
        self.prompt = b""
        self._mode = mode
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._listener: Listener | None = None
        # Bound, not listening: the port is ours and connections to it are refused.
        self._reserved: socket.socket | None = _bound(0)
        self.port: int = self._reserved.getsockname()[1]

    def __enter__(self) -> Self:
        self.mode = self._mode
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._stop_listening()
        if self._reserved is not None:
            self._reserved.close()

    @property
    def mode(self) -> str:
        """How requests are met; may be assigned at any time."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        before, self._mode = self._mode, mode
        # Requests that a black hole holds are let go.
        released, self._released = self._released, threading.Event()
        released.set()
        if self._listener is not None and _kind(before) == _kind(mode) == "server":
            return
        self._stop_listening()
        if mode != "refused":
            self._listen()

    def endpoint(self, signal: str = "") -> str:
        """Return the URL of a signal, or the base URL."""
        base = f"http://127.0.0.1:{self.port}"
        return f"{base}/v1/{signal}" if signal else base

    def environment(self) -> dict[str, str]:
        """Return the variables that send a process here."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint(),
            "OTEL_EXPORTER_OTLP_PROTOCOL": self.protocol,
        }

    def count(self, signal: str) -> int:
        """Return how many spans, data points or log records arrived."""
        return sum(1 for _ in {"traces": self.spans, "metrics": self.points, "logs": self.logs}[signal]())

    def spans(self) -> Iterator[Any]:
        """Yield every span."""
        for resource in self.resources("traces"):
            for scope in resource.scope_spans:
                yield from scope.spans

    def logs(self) -> Iterator[Any]:
        """Yield every log record."""
        for resource in self.resources("logs"):
            for scope in resource.scope_logs:
                yield from scope.log_records

    def metrics(self, name: str | None = None) -> Iterator[Any]:
        """Yield every metric of every export, or those called `name`, oldest first."""
        for resource in self.resources("metrics"):
            for scope in resource.scope_metrics:
                yield from (metric for metric in scope.metrics if name in {None, metric.name})

    def points(self, name: str | None = None) -> Iterator[Any]:
        """Yield the data points of `metrics(name)`."""
        for metric in self.metrics(name):
            yield from getattr(metric, metric.WhichOneof("data")).data_points

    def last_points(self, name: str) -> list[Any]:
        """Return the data points of the newest export of a metric."""
        newest = list(self.metrics(name))[-1]
        return list(getattr(newest, newest.WhichOneof("data")).data_points)

    def resources(self, signal: str) -> Iterator[Any]:
        """Yield the resource part of every request of a signal."""
        with self._lock:
            requests = tuple(self.requests[signal])
        field = {"traces": "resource_spans", "metrics": "resource_metrics", "logs": "resource_logs"}[signal]
        for request in requests:
            yield from getattr(request, field)

    def wait(self, signal: str, count: int, seconds: float = 10.0) -> int:
        """Wait until `count` records of a signal arrived, `seconds` at most; return how many did."""
        limit = time.monotonic() + seconds
        while self.count(signal) < count and time.monotonic() < limit:
            time.sleep(0.02)
        return self.count(signal)

    def receive(self, signal: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take one request and return the status to answer; blocks while the mode is `blackhole`."""
        self.connected()
        mode, released = self._mode, self._released
        if mode == "blackhole":
            released.wait(60)
            return 503
        if mode != "ok":
            # A sick one is on its way: this request came over a connection from before.
            return int(mode) if mode.isdecimal() else 503
        try:
            message = _MESSAGES[signal].FromString(_DECODERS[headers.get("content-encoding")](body))
        except Exception:  # noqa: BLE001 whatever is wrong with it, it is counted and refused
            self.unparsable += 1
            return 400
        with self._lock:
            self.requests[signal].append(message)
            self.headers[signal].append(dict(headers))
        return 200

    def connected(self) -> None:
        """Count an attempt."""
        with self._lock:
            self.attempts += 1

    def serve(self) -> Listener:
        """Begin to serve the protocol on the port."""
        return _Server(self)

    def _listen(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        if self._mode in SICK:
            self._listener = SickListener(
                self.port, self._mode, on_connect=self.connected, prompt=self.prompt, drip=self.drip
            )
        else:
            self._listener = self.serve()

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            self._reserved = _bound(self.port)


def _kind(mode: str) -> str:
    return mode if mode in SICK or mode == "refused" else "server"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, collector: FakeCollector) -> None:
        self.collector = collector
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", collector.port), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet: peers that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        collector = self.server.collector
        status = collector.receive(self.path.rsplit("/", 1)[-1], headers, body)
        answer = collector.reply if status == 200 else b""
        self.send_response(status)
        if status == 429:
            self.send_header("retry-after", collector.retry_after)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the parent's name
        """Stay quiet."""


def _bound(port: int) -> socket.socket:
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", port))
    return reserved
