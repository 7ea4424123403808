"""OTLP over HTTP: what is particular to it, against real sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.export.destination import Answer
from ameide_telemetry.export.over_http import HttpWire
from ameide_telemetry.settings import OtlpSettings
from support.certificates import certificate as certificate  # noqa: PLC0414 a fixture is used by its name
from support.collector import FakeCollector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n"


def post(otlp: OtlpSettings, body: bytes = b"", seconds: float = 5) -> bytes | Answer:
    """Make one attempt over a connection of its own."""
    wire = HttpWire(otlp, "test/1")
    try:
        return wire.post(body, time.monotonic() + seconds)
    finally:
        wire.close()


def answered(answer: bytes, *, then: float = 0.0, seconds: float = 5) -> bytes | Answer:
    """Return what an attempt makes of an answer, after which the connection stays open for so long."""
    with _peer(answer, then) as port:
        return post(OtlpSettings(f"http://127.0.0.1:{port}/v1/traces"), seconds=seconds)


@contextlib.contextmanager
def _peer(answer: bytes, then: float = 0.0, context: ssl.SSLContext | None = None) -> Iterator[int]:
    done = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            plain, _ = listener.accept()
            with plain, context.wrap_socket(plain, server_side=True) if context else plain as connection:
                connection.recv(65536)
                connection.sendall(answer)
                done.wait(then)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_compression(compression: Any) -> None:
    """The body is what the header says, and the collector reads it."""
    with FakeCollector() as collector:
        assert post(OtlpSettings(collector.endpoint("traces"), compression=compression)) == b""
        (headers,) = collector.headers["traces"]
        assert headers.get("content-encoding") == (None if compression == "none" else compression)
        assert headers["content-type"] == "application/x-protobuf"


def test_credentials_in_the_url_become_a_header() -> None:
    """As curl and the SDK's exporters do it."""
    with FakeCollector() as collector:
        assert post(OtlpSettings(collector.endpoint("traces").replace("//", "//u:p@"))) == b""
        assert collector.headers["traces"][0]["authorization"] == "Basic dTpw"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure(status: int) -> None:
    """Nobody is followed to another place with the records and the headers."""
    with FakeCollector() as other:
        place = f"location: {other.endpoint('traces')}\r\ncontent-length: 0\r\n\r\n"
        assert answered(f"HTTP/1.1 {status} there\r\n{place}".encode()) == Answer(f"http_{status}")
        assert other.attempts == 0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"3", 3.0),
        (b"0", 0.0),
        (formatdate(time.time() - 1000, usegmt=True).encode(), 0.0),
        (b"soon", None),
        (b"-3", None),
        (b"", None),
        (b"1" * 5000, None),
        ("\u00b2".encode("latin-1"), None),
    ],
)
def test_retry_after(header: bytes, expected: float | None) -> None:
    """Seconds or a date; what cannot be read asks for nothing."""
    answer = b"HTTP/1.1 503 no\r\ncontent-length: 0\r\nretry-after: " + header + b"\r\n\r\n"
    assert answered(answer) == Answer("http_503", retry=True, retry_after=expected)


def test_retry_after_a_date() -> None:
    """The seconds until then."""
    date = formatdate(time.time() + 100, usegmt=True).encode()
    answer = answered(b"HTTP/1.1 429 no\r\ncontent-length: 0\r\nretry-after: " + date + b"\r\n\r\n")
    assert isinstance(answer, Answer)
    assert answer.retry_after is not None
    assert 60 < answer.retry_after <= 100


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", Answer("connection_reset", retry=True)),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Answer("bad_answer", retry=True)),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", Answer("bad_answer", retry=True)),
        (_OK + b"content-length: 2\r\n\r\nab", b"ab"),
        (_OK + b"content-length: 9\r\n\r\nab", b"ab"),
        (_OK + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", b"ab"),
        (_OK + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\nab", b""),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nab", b""),
        (b"HTTP/1.1 202 OK\r\ncontent-length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No\r\n\r\n", b""),
    ],
)
def test_odd_answers(answer: bytes, expected: bytes | Answer) -> None:
    """A success is one however its body looks; what is no HTTP may be better the next time."""
    assert answered(answer) == expected


def test_no_more_than_a_little_is_read() -> None:
    """A body without an end costs neither memory nor time."""
    reply = answered(_OK + b"content-length: 999999999\r\n\r\n" + b"x" * 200_000, then=60)
    assert isinstance(reply, bytes)
    assert len(reply) == 64 * 1024


@pytest.mark.parametrize("prompt", [b"", b"HTTP/1.1 200 OK\r\n", _OK + b"content-length: 1000\r\n\r\n"])
def test_a_drip_ends_by_the_deadline(prompt: bytes) -> None:
    """One byte per second holds nobody, be it in the status line, in the headers or in the body."""
    collector = FakeCollector("drip")
    collector.prompt = prompt
    with collector:
        begin = time.monotonic()
        reply = post(OtlpSettings(collector.endpoint("traces")), seconds=1.5)
        assert time.monotonic() - begin < 5
    # Whoever said "200" has the records.
    assert reply == (b"" if b"\r\n\r\n" in prompt else Answer("timeout", retry=True))


def test_a_body_that_nobody_reads_ends_by_the_deadline() -> None:
    """Sending is limited like reading."""
    with FakeCollector("silent") as collector:
        begin = time.monotonic()
        assert post(OtlpSettings(collector.endpoint("traces")), b"x" * 50_000_000, seconds=1) == Answer(
            "timeout", retry=True
        )
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://name.invalid:4318/v1/traces", Answer("dns_failure", retry=True)),
        ("http://[::1", Answer("InvalidURL")),
        ("gopher://127.0.0.1/", Answer("InvalidSchema")),
    ],
)
def test_nowhere(endpoint: str, expected: Answer) -> None:
    """A name that nobody knows may be known later; a URL that is none stays so."""
    assert post(OtlpSettings(endpoint)) == expected


def test_a_stale_connection_is_not_used() -> None:
    """The peer closed it after the last answer: the next attempt succeeds all the same."""
    with FakeCollector() as collector:
        wire = HttpWire(OtlpSettings(collector.endpoint("traces")), "test/1")
        assert wire.post(b"", time.monotonic() + 5) == b""
        collector.mode = "refused"
        collector.mode = "ok"
        assert wire.post(b"", time.monotonic() + 5) == b""
        wire.close()


def test_no_cookie_comes_back() -> None:
    """What a peer says is not sent again with the records."""
    answer = _OK + b"set-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
    with _peer(answer) as port:
        wire = HttpWire(OtlpSettings(f"http://127.0.0.1:{port}/v1/traces"), "test/1")
        assert wire.post(b"", time.monotonic() + 5) == b""
        assert list(wire._session.cookies) == []
        wire.close()


def _server_context(certificate: tuple[Path, Path], *, mutual: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if mutual:
        context.load_verify_locations(certificate[0])
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _secure(port: int, certificate: tuple[Path, Path], *, mutual: bool = False) -> OtlpSettings:
    trusted, key = (str(path) for path in certificate)
    plain = OtlpSettings(f"https://127.0.0.1:{port}/v1/traces", certificate=trusted)
    return replace(plain, client_certificate=trusted, client_key=key) if mutual else plain


@pytest.mark.parametrize("mutual", [False, True])
def test_tls(certificate: tuple[Path, Path], mutual: bool) -> None:
    """The collector is known by the certificate of the settings, and knows us by ours."""
    context = _server_context(certificate, mutual=mutual)
    with _peer(_OK + b"content-length: 2\r\n\r\nab", context=context) as port:
        assert post(_secure(port, certificate, mutual=mutual)) == b"ab"


def test_a_stranger_is_not_trusted(certificate: tuple[Path, Path]) -> None:
    """A certificate that nobody vouches for ends the attempt, and trying again does not help."""
    with _peer(_OK, context=_server_context(certificate)) as port:
        assert post(OtlpSettings(f"https://127.0.0.1:{port}/v1/traces")) == Answer("tls_failure")


@pytest.mark.parametrize("mode", ["silent", "drip"])
def test_a_handshake_ends_by_the_deadline(certificate: tuple[Path, Path], mode: str) -> None:
    """TLS with a peer that says nothing, or one byte per second, takes no longer than anything else."""
    collector = FakeCollector(mode)
    collector.prompt = b"\x16\x03\x03\x40\x00"
    with collector:
        begin = time.monotonic()
        assert post(_secure(collector.port, certificate), seconds=1.5) == Answer("timeout", retry=True)
        assert time.monotonic() - begin < 5


def test_a_drip_over_tls_ends_by_the_deadline(certificate: tuple[Path, Path]) -> None:
    """The limit holds inside TLS as well, for reading and for closing from another thread."""
    with _peer(b"HTTP/1.1 2", then=60, context=_server_context(certificate)) as port:
        wire = HttpWire(_secure(port, certificate), "test/1")
        threading.Timer(0.5, wire.close).start()
        begin = time.monotonic()
        assert wire.post(b"", time.monotonic() + 60) == Answer("aborted")
        assert time.monotonic() - begin < 10
    with _peer(b"HTTP/1.1 2", then=60, context=_server_context(certificate)) as port:
        assert post(_secure(port, certificate), seconds=0.5) == Answer("timeout", retry=True)


def test_a_failure_says_nothing_of_headers() -> None:
    """A header that is none fails for good, by a name that holds no text of it."""
    with FakeCollector() as collector:
        otlp = OtlpSettings(collector.endpoint("traces"), headers=(("x-key", "secret\nsecret"),))
        wire = HttpWire(otlp, "test/1")
        assert wire.post(b"", time.monotonic() + 5) == Answer("InvalidHeader")
        assert "secret" not in repr(wire)
        wire.close()
