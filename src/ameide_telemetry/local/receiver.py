"""An OTLP/HTTP receiver on loopback that keeps what it is sent in a store.

    with Store() as store, Receiver(store) as receiver:
        ...point an exporter at receiver.endpoint...

It listens on 127.0.0.1 only and answers only to requests that name it so: a page in a browser that
resolves its own name to 127.0.0.1 (DNS rebinding) is refused. One thread per connection; a client that
hangs holds its own thread, for a bounded time, and nothing else.
"""

from __future__ import annotations

import io
import re
import socket
import threading
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self

from ameide_telemetry import guard
from ameide_telemetry.local import otlp, wire
from ameide_telemetry.local.decode import Batch, decode
from ameide_telemetry.local.errors import PortError, StoreError

if TYPE_CHECKING:
    from types import TracebackType

    from ameide_telemetry.local.otlp import Encoding, Signal
    from ameide_telemetry.local.store import Store

__all__ = ["Limits", "Receiver"]

_HOST: Final = "127.0.0.1"
_SIGNALS: Final[dict[str, Signal]] = {"/v1/traces": "traces", "/v1/metrics": "metrics", "/v1/logs": "logs"}
_LOOPBACK_HOST: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?", re.IGNORECASE)
_ENCODINGS: Final[dict[str, Encoding]] = {otlp.PROTOBUF: otlp.PROTOBUF, otlp.JSON: otlp.JSON}
_UNKNOWN_PATH: Final = f"unknown path; POST to {', '.join(_SIGNALS)}"
_EXTRA_HEADERS: Final = {405: (("Allow", "POST"),), 415: (("Accept-Encoding", "gzip, deflate"),)}
_LINGER_SECONDS: Final = 1.0
_SITE: Final = guard.site("local.receiver")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost.

    Attributes:
        body_bytes: largest body, as sent and unpacked; 20 MiB is the OpenTelemetry Collector's default.
        idle: seconds that a connection may wait between requests.
        patience: seconds from the first byte of a request to its last.
    """

    body_bytes: int = 20 * 1024 * 1024
    idle: float = 300.0
    patience: float = 10.0


class Receiver:
    """The receiver. `start` and `close` it, or use it in a `with` block.

    Attributes:
        refused: how many requests were answered with each HTTP status from 400 on.
    """

    def __init__(self, store: Store, *, port: int = 0, limits: Limits | None = None) -> None:
        """Prepare a receiver; nothing is opened before `start`.

        Args:
            store: where everything goes; stays open when the receiver closes.
            port: TCP port on 127.0.0.1; 0 lets the system choose one.
            limits: what one request may cost.
        """
        self._store = store
        self._wanted_port = port
        self._limits = limits or Limits()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.refused: Counter[int] = Counter()

    @property
    def port(self) -> int:
        """The port it listens on; 0 before `start`."""
        return int(self._server.server_address[1]) if self._server else 0

    @property
    def endpoint(self) -> str:
        """The value for `OTEL_EXPORTER_OTLP_ENDPOINT`."""
        return f"http://{_HOST}:{self.port}"

    def start(self) -> Self:
        """Listen.

        Raises:
            PortError: another process has the port, or this one may not have it.
        """
        try:
            self._server = _Server(self._wanted_port, self._store, self._limits, self.refused)
        except OSError as error:
            raise PortError(
                f"cannot listen on {_HOST}:{self._wanted_port}: {error.strerror or error}",
                cure="leave --port out: the system chooses a free port, and the command is pointed at it",
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="ameide-telemetry-receiver",
        )
        self._thread.daemon = True
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and end every connection; calling it again does nothing."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        server.hang_up()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    """The listening socket and the connections that came from it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, store: Store, limits: Limits, refused: Counter[int]) -> None:
        self.store = store
        self.limits = limits
        self._refused = refused
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        super().__init__((_HOST, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service who we are, which the base class does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = _HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection in a thread of its own, remembered for as long as it is open."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="ameide-telemetry-connection",
            daemon=True,
        )
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close one connection."""
        super().shutdown_request(request)
        with self._lock:
            self._connections.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 of the base class
        """Count what a connection's thread raised: a client that went away is dealt with before."""
        with _SITE:
            raise  # noqa: PLE0704 the base class calls this in its except block

    def count_refusal(self, status: int) -> None:
        """Count one answer that is no success."""
        with self._lock:
            self._refused[status] += 1

    def hang_up(self) -> None:
        """End every connection and wait for its thread."""
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in connections.values():
            thread.join(timeout=2.0)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # An answer is two small writes; with Nagle's algorithm the second waits for the client's delayed ACK.
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        """Read from the connection under one deadline per request."""
        super().setup()
        limits = self.server.limits
        self._timed = wire.TimedSocket(self.connection, idle=limits.idle, patience=limits.patience)
        self.rfile.close()
        self.rfile = io.BufferedReader(self._timed)

    def handle(self) -> None:
        """Serve request after request until one side has had enough."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def handle_one_request(self) -> None:
        """Serve one request."""
        self._timed.next_request()
        super().handle_one_request()

    def do_POST(self) -> None:
        """Take one export request and answer it."""
        encoding = _ENCODINGS.get(self.headers.get_content_type())
        self._unread = True
        status, body = 500, otlp.refusal(500, "the receiver failed by its own fault", encoding or otlp.JSON)
        with _SITE:
            status, body = self._outcome(encoding)
        self._send(status, body, encoding or otlp.JSON, close=self._unread)

    def refuse_method(self) -> None:
        """Answer a request of any method that is not POST."""
        known = self.path.split("?", 1)[0] in _SIGNALS
        status, reason = (405, "use POST") if known else (404, _UNKNOWN_PATH)
        self._send(status, otlp.refusal(status, reason, otlp.JSON), otlp.JSON, close=True)

    def __getattr__(self, name: str) -> Any:
        """Send every method but POST to `refuse_method`: the base class looks for `do_<METHOD>`."""
        if name.startswith("do_"):
            return self.refuse_method
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 of the base class
        """Answer what is no HTTP request that this server knows; called by the base class."""
        reason = HTTPStatus(code).phrase
        self.request_version = (
            self.protocol_version
        )  # a head that is none counts as HTTP/0.9, without headers
        self._send(int(code), otlp.refusal(int(code), reason, otlp.JSON), otlp.JSON, close=True)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 the base class names it so
        """Say nothing: refusals are counted, and standard error belongs to the command that runs."""

    def version_string(self) -> str:
        """Return who answers."""
        return "ameide-telemetry"

    def _outcome(self, encoding: Encoding | None) -> tuple[int, bytes]:
        try:
            return 200, self._receive(encoding)
        except wire.BodyError as error:
            return error.code, otlp.refusal(error.code, str(error), encoding or otlp.JSON)

    def _receive(self, encoding: Encoding | None) -> bytes:
        """Store the request's records and return the answer's body."""
        if not _LOOPBACK_HOST.fullmatch(self.headers.get("Host", "")):
            raise wire.BodyError(403, "the Host header must name 127.0.0.1 or localhost")
        signal = _SIGNALS.get(self.path.split("?", 1)[0])
        if signal is None:
            raise wire.BodyError(404, _UNKNOWN_PATH)
        if encoding is None:
            raise wire.BodyError(415, f"Content-Type must be {otlp.PROTOBUF} or {otlp.JSON}")
        batch = self._batch(signal, encoding)
        self._keep(batch)
        return otlp.answer(signal, encoding, rejected=batch.rejected, reason=batch.reason)

    def _batch(self, signal: Signal, encoding: Encoding) -> Batch:
        limit = self.server.limits.body_bytes
        sent = self._sent(limit)
        body = wire.decompress(sent, self.headers.get("Content-Encoding", ""), limit=limit)
        try:
            return decode(otlp.parse(signal, body, encoding))
        except otlp.MessageError as error:
            raise wire.BodyError(400, str(error)) from None

    def _sent(self, limit: int) -> bytes:
        try:
            sent = wire.read_body(self.rfile, self.headers, limit=limit)
        except TimeoutError:
            raise wire.BodyError(408, "the body did not arrive in time") from None
        except OSError:
            raise wire.BodyError(400, "the connection broke") from None
        self._unread = False
        return sent

    def _keep(self, batch: Batch) -> None:
        store = self.server.store
        try:
            store.add_spans(batch.spans)
            store.add_lines(batch.lines)
            store.add_points(batch.points)
        except StoreError as error:
            raise wire.BodyError(503, str(error)) from None

    def _send(self, status: int, body: bytes, encoding: Encoding, *, close: bool) -> None:
        if status >= HTTPStatus.BAD_REQUEST:
            self.server.count_refusal(status)
        self.connection.settimeout(self.server.limits.patience)
        self.send_response(status)
        self.send_header("Content-Type", encoding)
        self.send_header("Content-Length", str(len(body)))
        for name, value in _EXTRA_HEADERS.get(status, ()):
            self.send_header(name, value)
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if close:
            self._linger()

    def _linger(self) -> None:
        """Read away what the client still sends: closing at once would reset the connection too early."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_LINGER_SECONDS)
        left = self.server.limits.body_bytes
        while left > 0 and (piece := self.connection.recv(64 * 1024)):
            left -= len(piece)
