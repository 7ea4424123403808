"""The receiver over real sockets: good bodies, broken ones, hanging clients, and that it goes on."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import zlib
from typing import TYPE_CHECKING

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from ameide_telemetry import guard
from ameide_telemetry.local.errors import PortError
from ameide_telemetry.local.receiver import Receiver
from ameide_telemetry.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

_PROTOBUF = "application/x-protobuf"
_JSON = "application/json"
_HEAD_OF_99 = (
    b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-protobuf\r\nContent-Length: 99\r\n\r\n"
)
_TRACE_ID = "5b8efff798038103d269b633813fc60c"


def _body() -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="over the wire")
    span.trace_id, span.span_id = bytes.fromhex(_TRACE_ID), b"12345678"
    return request.SerializeToString()


def _json_body() -> bytes:
    span = {"traceId": _TRACE_ID, "spanId": "eee19b7ec3c1b174", "name": "over the wire"}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def _post(
    receiver: Receiver, body: bytes, path: str = "/v1/traces", method: str = "POST", **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": _PROTOBUF, **given})
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def _stored(store: Store) -> int:
    return store.counts()["spans"]


@pytest.mark.parametrize("compression", list(Compression))
def test_the_sdk_exporters(receiver: Receiver, store: Store, compression: Compression) -> None:
    """The SDK's own exporters deliver spans and metrics, with every compression they have."""
    provider = TracerProvider(shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{receiver.endpoint}/v1/traces", compression=compression)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("t").start_as_current_span("work", kind=trace.SpanKind.CLIENT):
        pass
    provider.shutdown()
    metrics = MeterProvider(
        [
            PeriodicExportingMetricReader(
                OTLPMetricExporter(f"{receiver.endpoint}/v1/metrics", compression=compression)
            )
        ],
        shutdown_on_exit=False,
    )
    metrics.get_meter("m").create_counter("hits").add(1)
    metrics.shutdown()
    last = store.last_trace()
    assert last is not None
    assert (last.spans[0].name, last.spans[0].kind) == ("work", "client")
    assert store.points("hits")[0].value == 1.0
    assert not receiver.refused


def test_log_records(receiver: Receiver, store: Store) -> None:
    """Log records over OTLP are lines."""
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(trace_id=bytes.fromhex(_TRACE_ID))
    record.body.string_value = "hi"
    assert _post(receiver, request.SerializeToString(), "/v1/logs")[0] == 200
    assert [(line.source, line.message) for line in store.lines_of(_TRACE_ID)] == [("otlp", "hi")]


@pytest.mark.parametrize("content_type", [_JSON, "application/json; charset=utf-8"])
def test_json(receiver: Receiver, store: Store, content_type: str) -> None:
    """JSON bodies are answered in JSON, and their ids are hexadecimal."""
    status, body, headers = _post(receiver, _json_body(), Content_Type=content_type)
    assert (status, json.loads(body), headers["Content-Type"]) == (200, {}, _JSON)
    assert store.trace(_TRACE_ID) is not None


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_encodings(receiver: Receiver, store: Store, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Compressed bodies are unpacked; the answer to protobuf is protobuf, empty."""
    status, body, headers = _post(receiver, pack(_body()), Content_Encoding=encoding)
    assert (status, body, headers["Content-Type"], _stored(store)) == (200, b"", _PROTOBUF, 1)


def test_chunked(receiver: Receiver, store: Store) -> None:
    """A body without a length, in chunks, is read to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    body = _body()
    connection.request(
        "POST", "/v1/traces", iter([body[:5], body[5:]]), {"Content-Type": _PROTOBUF}, encode_chunked=True
    )
    assert connection.getresponse().read() == b""
    connection.close()
    assert _stored(store) == 1


def test_partial_success(receiver: Receiver) -> None:
    """Spans that cannot be stored are said to be rejected."""
    status, body, _ = _post(receiver, _json_body().replace(_TRACE_ID.encode(), b"00"), Content_Type=_JSON)
    assert (status, json.loads(body)["partialSuccess"]["rejectedSpans"]) == (200, "1")


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"body": b"\xff\xff\xff"}, 400, "no protobuf message"),
        ({"body": b"{", "Content_Type": _JSON}, 400, "no JSON"),
        ({"body": b"x", "Content_Encoding": "gzip"}, 400, "compressed body is broken"),
        ({"Host": "evil.example:4318"}, 403, "Host header"),
        ({"Host": ""}, 403, "Host header"),
        ({"Host": "localhost.evil.com"}, 403, "Host header"),
        ({"Host": "127.0.0.1.evil.com:4318"}, 403, "Host header"),
        ({"path": "/v2/traces"}, 404, "unknown path"),
        ({"path": "/"}, 404, "unknown path"),
        ({"body": b"x" * 100_001}, 413, "larger than"),
        ({"body": gzip.compress(b"x" * 100_001), "Content_Encoding": "gzip"}, 413, "larger than"),
        ({"Content_Encoding": "zstd"}, 415, "Content-Encoding"),
        ({"Content_Type": "text/plain"}, 415, "Content-Type"),
        ({"Content_Length": "x"}, 400, "Content-Length"),
    ],
)
def test_refusals(
    receiver: Receiver, store: Store, change: dict[str, object], code: int, reason: str
) -> None:
    """Every broken request gets a google.rpc.Status that says why; the next good one is taken."""
    arguments = {"body": _body(), **change}
    status, body, headers = _post(receiver, **arguments)  # type: ignore[arg-type]
    message = (
        json.loads(body)["message"] if headers["Content-Type"] == _JSON else Status.FromString(body).message
    )
    assert status == code
    assert reason in message
    assert receiver.refused == {code: 1}
    assert _post(receiver, _body())[0] == 200
    assert _stored(store) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_other_methods(receiver: Receiver, method: str) -> None:
    """Only POST is served; a page in a browser that asks first is refused."""
    status, _, headers = _post(receiver, b"", method=method)
    assert (status, headers["Allow"]) == (405, "POST")
    assert _post(receiver, b"", "/favicon.ico", method=method)[0] == 404


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:4318"])
def test_loopback_names(receiver: Receiver, host: str) -> None:
    """All names of this machine's loopback are good."""
    assert _post(receiver, _body(), Host=host)[0] == 200


def test_connection_is_kept_after_a_broken_body(receiver: Receiver, store: Store) -> None:
    """A body that was read whole and is broken does not cost the connection."""
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    statuses = []
    for body in (b"\xff\xff", _body(), b"\xff", _body()):
        connection.request("POST", "/v1/traces", body, {"Content-Type": _PROTOBUF})
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        assert response.headers["Connection"] is None
    connection.close()
    assert statuses == [400, 200, 400, 200]
    assert _stored(store) == 1


def _talk(receiver: Receiver, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        (b"POST /v1/traces HTTP/9.9\r\n\r\n", b"505"),
        (b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf\r\n\r\n", b"403"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"POST /v1/traces HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431"),
        (b"", b""),
        (b"\r\n", b""),
    ],
)
def test_what_is_no_http(receiver: Receiver, sent: bytes, answer: bytes) -> None:
    """Anything may come down a socket; the answer is short and plain, or none."""
    assert answer in _talk(receiver, sent).split(b"\r\n", 1)[0]
    assert _post(receiver, _body())[0] == 200


def test_expect_continue(receiver: Receiver) -> None:
    """A client that asks first is told to go on."""
    body = _body()
    head = _HEAD_OF_99.replace(b"99\r\n", b"%d\r\nExpect: 100-continue\r\n" % len(body))
    answer = _talk(receiver, head + body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


def test_client_that_hangs_up(receiver: Receiver, store: Store) -> None:
    """A connection that ends within the body stores nothing and harms nobody."""
    assert b"400" in _talk(receiver, _HEAD_OF_99 + b"abc")
    assert _stored(store) == 0


def test_reset_within_the_body(receiver: Receiver) -> None:
    """A client that resets its connection is no error of ours."""
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as client:
        client.sendall(_HEAD_OF_99)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert _post(receiver, _body())[0] == 200
    assert guard.site("local.receiver").caught == 0


def test_client_that_hangs(receiver: Receiver) -> None:
    """A client that sends half a body gets 408 after its time; others are served meanwhile."""
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as slow:
        slow.sendall(_HEAD_OF_99 + b"abc")
        assert _post(receiver, _body())[0] == 200
        assert b"408" in slow.recv(65_536)


def test_silent_client_is_dropped(receiver: Receiver) -> None:
    """A client that begins a head and never ends it is hung up on."""
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as silent:
        silent.sendall(b"POST /v1/tra")
        assert silent.recv(1) == b""


def test_store_that_fails(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A store that does not take it is the sender's reason to try later."""
    store = Store()
    with Receiver(store) as receiver:
        store.close()
        status, body, _ = _post(receiver, _body())
    assert (status, "cannot be used" in Status.FromString(body).message) == (503, True)


def test_own_failure(receiver: Receiver, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the receiver itself is counted, answered with 500, and survived."""

    def fail(*_: object) -> int:
        raise ZeroDivisionError

    site = guard.site("local.receiver")
    guard.reraise_in_tests(False)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(store, "add_spans", fail)
            assert _post(receiver, _body())[0] == 500
        assert site.caught == 1
        assert _post(receiver, _body())[0] == 200
    finally:
        guard.reraise_in_tests("auto")
        site.caught = 0


def test_many_clients_at_once(receiver: Receiver, store: Store) -> None:
    """Nothing is lost when many send side by side."""

    def send(number: int) -> None:
        for at in range(10):
            body = _json_body().replace(b"eee19b7ec3c1b174", f"{number + 1:08x}{at:08x}".encode())
            assert _post(receiver, body, Content_Type=_JSON)[0] == 200

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert _stored(store) == 60


def test_port_that_is_taken(receiver: Receiver, store: Store) -> None:
    """A port that somebody has is named, with the cure."""
    with pytest.raises(PortError, match=f"127.0.0.1:{receiver.port}") as caught:
        Receiver(store, port=receiver.port).start()
    assert "--port" in caught.value.cure


def test_closing(store: Store) -> None:
    """Closing ends open connections and threads, frees the port, and may be repeated."""
    receiver = Receiver(store)
    assert receiver.port == 0
    receiver.close()
    port = receiver.start().port
    assert receiver.endpoint == f"http://127.0.0.1:{port}"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as idle:
        idle.sendall(b"POST")
        assert _post(receiver, _body())[0] == 200
        receiver.close()
        receiver.close()
        idle.settimeout(1)
        assert idle.recv(1) == b""
    names = {thread.name for thread in threading.enumerate()}
    assert not {
        name for name in names if name.startswith(("ameide-telemetry-receiver", "ameide-telemetry-conn"))
    }
    with Receiver(store, port=port) as again:
        assert again.port == port


def test_only_loopback(receiver: Receiver) -> None:
    """Nobody outside of this machine can reach the port."""
    assert receiver.endpoint.startswith("http://127.0.0.1:")
    with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
        socket.create_connection((_other_address(), receiver.port), timeout=1)


def _other_address() -> str:
    """Another address of this machine: all of 127/8 is loopback on Linux, and we listen on one of it."""
    return "127.0.0.2"
