"""A grammar of hostile requests: every header that is read, method, target, query, version and framing.

`pieces` derives as many as wanted from a seed, always the same ones. What keeps the connection open can be
sent one after the other on it, or several in one packet; what may be refused, or never ends, has its own.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CANARY", "STATUS_PATH", "Piece", "pieces"]

CANARY: Final = b"CaNaRy"
"""Is in many of the values, and must be in no diagnostic."""

STATUS_PATH: Final = "/status-of-telemetry"
"""Where the applications of `hostile_echo` tell what telemetry says of itself."""

_TRACE: Final = b"0af7651916cd43dd8448eb211c80319c"
_SPAN: Final = b"b7ad6b7169203331"
_MOST_IN_PACKET: Final = 8
_VERSIONS: Final = (b"00", b"00", b"00", b"01", b"cc", b"fe", b"ff", b"0", b"000", b"zz")
_FLAGS: Final = (b"01", b"00", b"ff", b"03", b"0", b"011", b"zz", b"01-CaNaRy")
_TRACES: Final = (_TRACE, _TRACE, _TRACE.upper(), b"0" * 32, _TRACE[:-1], _TRACE + b"0", b"g" * 32)
_SPANS: Final = (_SPAN, _SPAN, _SPAN.upper(), b"0" * 16, _SPAN[:-1], _SPAN + b"0")
_KEYS: Final = (b"tenant_id", b"request_id", b"ameide.session_id", b"tenant.id", b"k", b"", b"a b", b"\xff")
_TEXTS: Final = (
    b"CaNaRy",
    b"victim",
    b"",
    b" ",
    b"\t \t",
    b".",
    b"..",
    b"a/b",
    b"\xff",
    b"\xff\\xCaNaRy",
    b"\\x",
    b"\\N{",
    b"\\U99999999",
    b"\\u0000CaNaRy",
    "\u202eCaNaRy\u2028".encode(),
    b"\xed\xa0\x80CaNaRy",
    b"%0d%0aX-Evil:%20CaNaRy",
    b"%zz%1CaNaRy%",
    b"%ff%00CaNaRy",
    b'{"level":"CaNaRy"}',
    b"%s%d%(CaNaRy)s{0}{}",
    b"${jndi:CaNaRy}",
    b"'; drop table --",
    b"," * 300,
    b"=" * 300,
    b";" * 300,
    b"a" * 64,
    b"a" * 65,
    b"t" * 150,
    b"t" * 151,
)
# What a server may refuse, and end the connection.
_RAW_TEXTS: Final = (
    b"a\x00CaNaRy",
    b"\x1b[31mCaNaRy",
    b"\x01",
    b"a\rCaNaRy",
    b"a\nb: CaNaRy",
    b"CaNaRy" * 10923,
)
_HOSTS: Final = (
    b"h",
    b"shop.test:8080",
    b"[::1]:80",
    b"[::1",
    b"a:b:c",
    b"a:99999999",
    b":80",
    b"@",
    b"user:CaNaRy@host",
    b"a" * 262,
    b"a" * 263,
    b"h:\xb2",
    b"",
)
_LENGTHS: Final = (
    b"+5",
    b"5, 5",
    b"CaNaRy",
    b"-1",
    b"",
    b"0x5",
    b"5 ",
    b"05",
    b"9" * 18,
    b"9" * 30,
    b"4",
    b"500",
)
_METHODS: Final = (b"GET", b"GET", b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH")
_RAW_METHODS: Final = (
    b"get",
    b"CaNaRy",
    b"A" * 300,
    b"G\xcbT",
    b"QUERY",
    b"*",
    b"",
    b"GE T",
    b"TRACE",
    b"CONNECT",
)
_PATHS: Final = (
    b"/",
    b"/items/7",
    b"/%ff",
    b"/%00CaNaRy",
    b"//",
    b"//evil.test/x",
    b"/../../etc/passwd",
    b"/a/./b/%2e%2e/c",
    b"/%ed%a0%80",
    b"/%41" * 50,
    b"/;x=%0d%0aX-Evil:CaNaRy",
    b"/" + b"a" * 2000,
)
_RAW_PATHS: Final = (
    b"*",
    b"/\xc3\xa9",
    b"/a b",
    b"/#f",
    b"http://other.test/x",
    b"",
    b"CaNaRy",
    b"/\x00",
    b"/\x7f",
)
_QUERIES: Final = (
    b"",
    b"",
    b"?",
    b"?a=CaNaRy&b=%ff",
    b"?" + b"b=" * 500,
    b"?password=CaNaRy",
    b"?%0d%0a",
    b"??&&==",
)
_RAW_VERSIONS: Final = (
    b"HTTP/1.0",
    b"HTTP/1.2",
    b"HTTP/2.0",
    b"HTTP/0.9",
    b"HTTP/9",
    b"HTTQ/1.1",
    b"",
    b"CaNaRy",
)
_PLAIN: Final = (
    b"x-request-id",
    b"x-request-id",
    b"user-agent",
    b"x-tenant",
    b"x-tenant",
    b"tracestate",
    b"x-other",
)
_CHUNKS: Final = (
    b"5\r\nhello\r\n0\r\n\r\n",
    b"5;a=CaNaRy\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nbaggage: tenant_id=CaNaRy\r\n\r\n",
    b"zz\r\nhello\r\n0\r\n\r\n",
    b"ff\r\nhalf",
    b"FFFFFFFFFFFFFFFFF\r\nCaNaRy",
    b"0\r\n\r\n",
    b"",
)


class Piece(NamedTuple):
    """What is sent in one write.

    Attributes:
        requests: each as bytes.
        last: whether the client is done afterwards: it ends its side, and waits for the server's end.
    """

    requests: tuple[bytes, ...]
    last: bool


def pieces(seed: int, count: int, *, packets: bool) -> Iterator[Piece]:
    """Derive pieces with so many requests together, or a few more.

    Args:
        seed: the same seed, the same requests.
        count: of requests.
        packets: whether several requests may come in one packet.
    """
    grammar, made = _Grammar(seed), 0
    while made < count:
        piece = grammar.piece(packets=packets)
        made += len(piece.requests)
        yield piece


class _Grammar:
    """Derives; each method is a rule."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._choice = self._random.choice

    def piece(self, *, packets: bool) -> Piece:
        kind = self._random.random()
        if kind < 0.08:
            return Piece((self._broken(),), last=True)
        if packets and kind < 0.3:
            each = [self._request() for _ in range(self._random.randint(2, _MOST_IN_PACKET))]
            return Piece(tuple(each), last=False)
        return Piece((self._request(),), last=False)

    def _request(self) -> bytes:
        """A request that every server can read, whatever it says."""
        body = self._body() if self._random.random() < 0.2 else ()
        method = self._choice(_METHODS)
        headers = [(b"host", self._choice(_HOSTS[:3])), *self._headers(), *body[:1]]
        self._random.shuffle(headers)
        target = self._choice(_PATHS) + self._choice(_QUERIES)
        return _bytes(method, target, b"HTTP/1.1", headers, body[1][1] if body else b"")

    def _body(self) -> tuple[tuple[bytes, bytes], ...]:
        """A header about the body, and the body."""
        text = self._text()
        if self._random.random() < 0.5:
            return (b"content-length", b"%d" % len(text)), (b"", text)
        chunks = b"%x\r\n%s\r\n" % (len(text), text) if text else b""
        return (b"transfer-encoding", b"chunked"), (b"", chunks + b"0\r\n\r\n")

    def _headers(self) -> list[tuple[bytes, bytes]]:
        rules = (self._traceparent, self._baggage, self._plain)
        found = [self._choice(rules)() for _ in range(self._random.randint(0, 4))]
        if found and self._random.random() < 0.2:
            found.append((found[0][0], self._text()))
        if self._random.random() < 0.1:
            # A state is looked at only where its parent is valid.
            parent = (b"traceparent", b"00-%s-%s-01" % (_TRACE, _SPAN))
            found += [parent, (b"tracestate", self._noisy(b"a=b," + self._text()))]
        return [(self._cased(name), value) for name, value in found]

    def _cased(self, name: bytes) -> bytes:
        return self._choice((name, name, name.upper(), name.title()))

    def _traceparent(self) -> tuple[bytes, bytes]:
        if self._random.random() < 0.3:
            return b"traceparent", self._text()
        parts = (self._choice(_VERSIONS), self._choice(_TRACES), self._choice(_SPANS), self._choice(_FLAGS))
        return b"traceparent", self._noisy(b"-".join(parts))

    def _baggage(self) -> tuple[bytes, bytes]:
        kind = self._random.random()
        if kind < 0.02:
            return b"baggage", b",".join(b"k%d=v" % each for each in range(self._choice((180, 181, 182))))
        if kind < 0.04:
            # gunicorn's own limit is 8190 bytes for the whole header line.
            return b"baggage", b"k=" + b"v" * (self._choice((8100, 8192, 8193)) - 2)
        members = [self._member() for _ in range(self._random.randint(1, 5))]
        return b"baggage", self._noisy(b",".join(members))

    def _member(self) -> bytes:
        return b"%s=%s%s" % (self._choice(_KEYS), self._text(), self._choice((b"", b"", b";p=CaNaRy;q")))

    def _plain(self) -> tuple[bytes, bytes]:
        return self._choice(_PLAIN), self._noisy(self._text())

    def _text(self) -> bytes:
        return self._choice(_TEXTS)

    def _noisy(self, value: bytes) -> bytes:
        if self._random.random() < 0.8:
            return value
        letters = [self._random.randrange(0x20, 0x100) for _ in range(self._random.randint(1, 8))]
        noise = bytes(each for each in letters if each != 0x7F)
        at = self._random.randint(0, len(value))
        return value[:at] + noise + value[at:]

    def _broken(self) -> bytes:
        """A request that may be refused, may never end, or may end the connection."""
        rule = self._choice((self._odd_line, self._odd_header, self._odd_body, self._cut, self._odd_lines))
        return rule()

    def _odd_line(self) -> bytes:
        method, path, version = b"GET", self._choice(_PATHS), b"HTTP/1.1"
        which = self._random.randrange(3)
        if which == 0:
            method = self._choice(_RAW_METHODS)
        elif which == 1:
            path = self._choice(_RAW_PATHS)
        else:
            version = self._choice(_RAW_VERSIONS)
        return _bytes(method, path, version, [(b"host", b"h"), *self._headers()])

    def _odd_header(self) -> bytes:
        name = self._choice(
            (b"traceparent", b"baggage", b"host", b"x-tenant", b"x-request-id", b"x y", b"\xff", b"")
        )
        value = self._choice(_HOSTS) if name == b"host" else self._choice(_RAW_TEXTS)
        host = self._choice(((), ((b"host", b"h"),), ((b"host", b"h"), (b"host", b"CaNaRy"))))
        return _bytes(b"GET", b"/", b"HTTP/1.1", [*host, (name, value), *self._headers()])

    def _odd_body(self) -> bytes:
        headers = [(b"host", b"h"), *self._headers()]
        which = self._random.randrange(4)
        if which:
            headers.append((b"content-length", self._choice(_LENGTHS)))
        if which != 1:
            headers.append(
                (b"transfer-encoding", self._choice((b"chunked", b"chunked", b"CaNaRy", b"gzip, chunked")))
            )
        return _bytes(b"POST", b"/", b"HTTP/1.1", headers, self._choice(_CHUNKS) if which != 1 else b"12345")

    def _cut(self) -> bytes:
        """The client leaves in the middle."""
        whole = self._request()
        return whole[: self._random.randrange(len(whole))]

    def _odd_lines(self) -> bytes:
        odd = (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03CaNaRy\r\n\r\n",
            b"GET / HTTP/1.1\nhost: h\nbaggage: tenant_id=CaNaRy\n\n",
            b"GET / HTTP/1.1\r\nhost: h\r\nCaNaRy\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: h\r\nbaggage: a=b,\r\n c=CaNaRy\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost: h\r\nbaggage : a=CaNaRy\r\n\r\n",
            b"\r\n\r\nGET / HTTP/1.1\r\nhost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"x-many: CaNaRy\r\n" * 120 + b"host: h\r\n\r\n",
            b"",
        )
        return self._choice(odd)


def _bytes(
    method: bytes, target: bytes, version: bytes, headers: list[tuple[bytes, bytes]], body: bytes = b""
) -> bytes:
    lines = [b" ".join((method, target, version)), *(b"%s: %s" % pair for pair in headers)]
    return b"\r\n".join([*lines, b"", body])
