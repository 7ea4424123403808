"""Hostile requests as bytes: every header that we read and every value that was ever a problem, and more.

`REQUESTS` is the fixed corpus, by name. `generated` makes as many more as wanted, from a seed. All end the
connection, so that the answer is what comes until the server closes it.
"""

from __future__ import annotations

import random
import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ABORTED", "CANARY", "HANDSHAKE", "REQUESTS", "answer", "frame", "generated", "normal", "talk"]

CANARY: Final = b"CaNaRy"
"""Is in most hostile values, and must be in no diagnostic."""

_SECONDS: Final = 20.0
_ABORT_SECONDS: Final = 0.3
_TRACE: Final = b"0af7651916cd43dd8448eb211c80319c"
_SPAN: Final = b"b7ad6b7169203331"
_READ: Final = (
    b"traceparent",
    b"tracestate",
    b"baggage",
    b"x-request-id",
    b"user-agent",
    b"host",
    b"x-tenant",
)
_VALUES: Final[Mapping[str, bytes]] = {
    "ff": b"\xff",
    "ff-escape": b"\xff\\xCaNaRy",
    "escape-x": b"\\x",
    "escape-name": b"\\N{",
    "escape-long": b"\\U99999999",
    "escape-nul": b"\\u0000CaNaRy",
    "nul": b"a\x00CaNaRy",
    "delete": b"\x7fCaNaRy",
    "terminal": b"\x1b[31mCaNaRy",
    "bidi": "\u202eCaNaRy\u2028".encode(),
    "surrogate": b"\xed\xa0\x80CaNaRy",
    "empty": b"",
    "spaces": b"   ",
    "tabs": b"\ta\t",
    "commas": b"," * 3000,
    "equals": b"=" * 3000,
    "percent-crlf": b"tenant.id=a%0d%0aX-Evil:%20CaNaRy",
    "percent-broken": b"tenant.id=%zz%1CaNaRy%",
    "percent-ff": b"tenant.id=%ff%00CaNaRy",
    "json": b'{"level":"CaNaRy"}',
    "format": b"%s%d%(CaNaRy)s{0}{}",
    "kib8": b"a" * 8192,
    "kib64": b"CaNaRy" * 10923,
}
_TRACEPARENTS: Final[Mapping[str, bytes]] = {
    "valid": b"00-%s-%s-01" % (_TRACE, _SPAN),
    "version-cc": b"cc-%s-%s-01" % (_TRACE, _SPAN),
    "version-ff": b"ff-%s-%s-01" % (_TRACE, _SPAN),
    "zero-trace": b"00-%s-%s-01" % (b"0" * 32, _SPAN),
    "zero-span": b"00-%s-%s-01" % (_TRACE, b"0" * 16),
    "upper": b"00-%s-%s-01" % (_TRACE.upper(), _SPAN),
    "short": b"00-%s-%s-0" % (_TRACE, _SPAN),
    "long": b"00-%s-%s-011" % (_TRACE, _SPAN),
    "extra": b"00-%s-%s-01-CaNaRy" % (_TRACE, _SPAN),
    "extra-version": b"01-%s-%s-01-CaNaRy" % (_TRACE, _SPAN),
    "flags-ff": b"00-%s-%s-ff" % (_TRACE, _SPAN),
    "not-hex": b"00-%s-%s-zz" % (b"g" * 32, _SPAN),
    "dashes": b"-" * 55,
    "unicode-digits": b"00-%s-%s-01" % ("\u0661".encode() * 16, _SPAN),
}
_BAGGAGES: Final[Mapping[str, bytes]] = {
    "members-180": b",".join(b"k%d=v" % each for each in range(180)),
    "members-181": b",".join(b"k%d=v" % each for each in range(181)),
    "bytes-8192": b"k=" + b"v" * 8190,
    "bytes-8193": b"k=" + b"v" * 8191,
    "member-4096": b"tenant.id=" + b"v" * 4086,
    "member-4097": b"tenant.id=" + b"v" * 4087,
    "properties": b"tenant.id=CaNaRy;secret=1;also",
    "same-key": b"tenant.id=a,tenant.id=CaNaRy",
    "surrogate": b"tenant.id=%ed%a0%80",
}
_LENGTHS: Final = (b"+5", b"5, 5", b"abc", b"-1", b"", b"0x5", "\u0665".encode(), b"5 ", b"05")
_METHODS: Final = (b"HEAD", b"OPTIONS", b"PURGE", b"get", b"CaNaRy", b"A" * 300, b"G\xcbT", b"QUERY", b"*")
_TARGETS: Final = (
    b"/%ff",
    b"/%00CaNaRy",
    b"//",
    b"//evil.test/x",
    b"/../../etc/passwd",
    b"/a/./b/%2e%2e/c",
    b"/" + b"a" * 4000,
    b"/" + b"%41" * 1000,
    b"/\xc3\xa9",
    b"/%ed%a0%80",
    b"/?a=CaNaRy&" + b"b=" * 1000,
    b"/#fragment",
    b"http://other.test/absolute",
    b"*",
    b"/%",
    b"/%zz",
    b"/a b",
    b"/;x=%0d%0aX-Evil:CaNaRy",
)
_VERSIONS: Final = (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/9", b"HTTQ/1.1", b"")
_HOSTS: Final = (
    b"[::1]:80",
    b"[::1",
    b"a:b:c",
    b"a:99999999",
    b":80",
    b"@",
    b"user:CaNaRy@host",
    b"xn--",
    b"a" * 300,
    b"]",
    b"h:\xb2",
)
_CHUNKED: Final = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


def request(
    method: bytes = b"GET",
    target: bytes = b"/",
    version: bytes = b"HTTP/1.1",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    body: bytes = b"",
) -> bytes:
    """Return one request; Host is added unless given."""
    given = headers if any(name == b"host" for name, _ in headers) else ((b"host", b"h"), *headers)
    lines = [b"%s %s %s" % (method, target, version), *(b"%s: %s" % pair for pair in given)]
    return b"\r\n".join([*lines, b"connection: close", b"", body])


def _headers() -> Iterator[tuple[str, bytes]]:
    for header in _READ:
        for name, value in _VALUES.items():
            yield f"{header.decode()}-{name}", request(headers=((header, value),))
        for name, value in (("twice", b"CaNaRy"), ("twice-empty", b"")):
            yield f"{header.decode()}-{name}", request(headers=((header, b"a"), (header, value)))
    for name, value in _TRACEPARENTS.items():
        yield f"traceparent-{name}", request(headers=((b"traceparent", value), (b"tracestate", b"a=b")))
    for name, value in _BAGGAGES.items():
        yield f"baggage-{name}", request(headers=((b"baggage", value),))
    for number, value in enumerate(_HOSTS):
        yield f"host-variant-{number}", request(headers=((b"host", value),))
    for number, value in enumerate(_LENGTHS):
        yield f"length-{number}", request(b"POST", headers=((b"content-length", value),), body=b"12345")
    many = tuple((b"x-%d" % each, b"CaNaRy") for each in range(90))
    yield "many-headers", request(headers=many)
    yield "no-colon", b"GET / HTTP/1.1\r\nhost: h\r\nCaNaRy\r\nconnection: close\r\n\r\n"
    yield "folded", b"GET / HTTP/1.1\r\nhost: h\r\nbaggage: a=b,\r\n c=CaNaRy\r\nconnection: close\r\n\r\n"
    yield "no-host", b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n"


def _lines() -> Iterator[tuple[str, bytes]]:
    for number, method in enumerate(_METHODS):
        yield f"method-{number}", request(method)
    for number, target in enumerate(_TARGETS):
        yield f"target-{number}", request(target=target)
    for number, version in enumerate(_VERSIONS):
        yield f"version-{number}", request(version=version)
    yield "bare-newlines", b"GET / HTTP/1.1\nhost: h\nconnection: close\n\n"
    yield "tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03CaNaRy\r\n\r\n"
    yield "h2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def _bodies() -> Iterator[tuple[str, bytes]]:
    yield "chunked", _CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"
    yield "chunk-extension", _CHUNKED + b"5;a=CaNaRy\r\nhello\r\n0\r\n\r\n"
    yield "chunk-trailers", _CHUNKED + b"5\r\nhello\r\n0\r\nbaggage: tenant.id=CaNaRy\r\n\r\n"
    yield "chunk-size-bad", _CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"
    yield "body", request(b"POST", headers=((b"content-length", b"5"),), body=b"\x00\xff\r\n1")
    large = b"x" * 70_000
    yield "body-large", request(b"POST", headers=((b"content-length", b"70000"),), body=large)
    both = ((b"content-length", b"5"), (b"transfer-encoding", b"chunked"))
    yield "length-and-chunked", request(b"POST", headers=both, body=b"0\r\n\r\n")
    pair = request().replace(b"connection: close\r\n", b"", 1)
    yield "pipelined", pair + pair + request(target=b"/third", headers=((b"x-request-id", b"third"),))


REQUESTS: Final[Mapping[str, bytes]] = {**dict(_headers()), **dict(_lines()), **dict(_bodies())}
ABORTED: Final[Mapping[str, bytes]] = {
    "half-a-line": b"GET / HT",
    "half-a-header": b"GET / HTTP/1.1\r\nhost: h\r\nbagg",
    "half-a-body": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nhalf",
    "half-a-chunk": _CHUNKED + b"ff\r\nhalf",
    "endless": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %s\r\n\r\nhalf" % (b"9" * 20),
    "nothing": b"",
}
"""Requests that are never completed: the client leaves."""


def generated(seed: int, count: int) -> Iterator[bytes]:
    """Make so many requests of random parts of the corpus, some of them with random bytes."""
    choice = random.Random(seed)
    values = [*_VALUES.values(), *_TRACEPARENTS.values(), *_BAGGAGES.values()]
    for _ in range(count):
        headers = [(choice.choice(_READ), _mutated(choice, choice.choice(values))) for _ in range(4)]
        yield request(
            choice.choice((b"GET", b"GET", b"GET", *_METHODS)),
            choice.choice((b"/", *_TARGETS)),
            headers=tuple(headers[: choice.randint(0, 4)]),
        )


def _mutated(choice: random.Random, value: bytes) -> bytes:
    if choice.random() < 0.5:
        return value
    noise = bytes(choice.randrange(0x20, 0x100) for _ in range(choice.randint(1, 8)))
    at = choice.randint(0, len(value))
    return value[:at] + noise + value[at:]


def answer(port: int, data: bytes, *, aborted: bool = False) -> bytes:
    """Send bytes, and return what comes until the server closes; with `aborted`, leave soon instead."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection:
        try:
            connection.sendall(data)
            connection.settimeout(_ABORT_SECONDS if aborted else _SECONDS)
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionError:
            # A server that refuses a request may close before it has read all of it.
            pass
        except TimeoutError:
            assert aborted, f"no end of the answer to {data[:300]!r}"
    return bytes(received)


def normal(data: bytes) -> bytes:
    """Return an answer without the date, and without what we add to it."""
    lines = data.split(b"\r\n")
    return b"\r\n".join(each for each in lines if not each.lower().startswith((b"date:", b"x-request-id:")))


HANDSHAKE: Final = (
    b"GET %s HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n"
)
"""With a path and further headers."""


def frame(kind: int, payload: bytes) -> bytes:
    """Return one masked frame of up to 125 bytes."""
    return bytes([0x80 | kind, 0x80 | len(payload)]) + bytes(4) + payload


def talk(port: int, path: bytes, headers: bytes, frames: bytes) -> bytes:
    """Open a websocket, send frames, and return all that comes until the server closes."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as connection:
        connection.sendall(HANDSHAKE % (path, headers))
        limit = time.monotonic() + _SECONDS
        while b"\r\n\r\n" not in received and time.monotonic() < limit:
            received += connection.recv(65536)
        try:
            connection.sendall(frames)
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionError:
            pass
    return bytes(received)
