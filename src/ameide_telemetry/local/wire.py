"""The body of one HTTP request: framed, bounded, decompressed. Knows bytes, not telemetry.

Every reader takes a limit and holds it: a body that says it is small and is not, or that is small and
unpacks to gigabytes, costs no more memory than the limit.
"""

from __future__ import annotations

import io
import time
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from email.message import Message

    from typing_extensions import Buffer

__all__ = ["BodyError", "TimedSocket", "decompress", "read_body"]

_CHUNK: Final = 64 * 1024
_MAX_SIZE_LINE: Final = 1024
_MAX_TRAILERS: Final = 64
_GZIP: Final = 16 + zlib.MAX_WBITS
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class TimedSocket(io.RawIOBase):
    """The reading side of a socket, with one deadline for a whole request.

    A socket's own timeout counts anew with every byte; a client that sends one byte every few seconds
    would hold its connection for hours.

    Args:
        connection: the socket; not closed from here.
        idle: seconds to wait for a request to begin.
        patience: seconds from a request's first byte to its last.
    """

    def __init__(self, connection: socket.socket, *, idle: float, patience: float) -> None:
        super().__init__()
        self._connection = connection
        self._idle = idle
        self._patience = patience
        self._deadline: float | None = None

    def next_request(self) -> None:
        """Begin to wait for the next request."""
        self._deadline = None

    def readable(self) -> bool:
        """Return True: this is what it is for."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Receive into `buffer`; raises TimeoutError behind the deadline."""
        left = self._idle if self._deadline is None else self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        size = self._connection.recv_into(buffer)
        if self._deadline is None:
            self._deadline = time.monotonic() + self._patience
        return size


class BodyError(Exception):
    """The body cannot be read.

    Attributes:
        code: the HTTP status that says so.
    """

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


def read_body(reader: io.BufferedIOBase, headers: Message, *, limit: int) -> bytes:
    """Return the body as it was sent, still compressed (RFC 9112, section 6).

    Args:
        reader: the connection, just behind the header section.
        headers: the request's headers.
        limit: largest body in bytes.

    Raises:
        BodyError: 400 for broken framing, 411 without a length, 413 for too large.
    """
    coding = headers.get("Transfer-Encoding")
    lengths = {value.strip() for value in headers.get_all("Content-Length", [])}
    if coding is not None:
        if lengths or coding.strip().lower() != "chunked":
            raise BodyError(400, "a body is framed by Content-Length or by Transfer-Encoding: chunked")
        return _chunked(reader, limit)
    if not lengths:
        raise BodyError(411, "the body has neither Content-Length nor Transfer-Encoding: chunked")
    return _exactly(reader, _length(lengths, limit))


def decompress(body: bytes, encoding: str, *, limit: int) -> bytes:
    """Return the body without its content coding (RFC 9110, section 8.4.1).

    Raises:
        BodyError: 400 for broken data, 413 for more than `limit` bytes of it, 415 for another coding.
    """
    unpack = _CODINGS.get(encoding.strip().lower())
    if unpack is None:
        raise BodyError(415, "Content-Encoding must be gzip, deflate or identity")
    try:
        return unpack(body, limit)
    except zlib.error:
        raise BodyError(400, "the compressed body is broken") from None


def _exactly(reader: io.BufferedIOBase, size: int) -> bytes:
    body = reader.read(size)
    if len(body) < size:
        raise BodyError(400, "the body ends before its announced length")
    return body


def _line(reader: io.BufferedIOBase) -> bytes:
    line = reader.readline(_MAX_SIZE_LINE)
    if not line.endswith(b"\n"):
        raise BodyError(400, "the chunked body is broken")
    return line.rstrip(b"\r\n")


def _length(values: set[str], limit: int) -> int:
    value = values.pop()
    if values or not (value.isascii() and value.isdecimal()):
        raise BodyError(400, "Content-Length is not one whole number")
    # Longer than any length that could be allowed, and int() refuses to read thousands of digits.
    if len(value.lstrip("0")) > len(str(limit)) or int(value) > limit:
        raise _too_large(limit)
    return int(value)


def _chunked(reader: io.BufferedIOBase, limit: int) -> bytes:
    body = bytearray()
    while size := _chunk_size(_line(reader), limit):
        if len(body) + size > limit:
            raise _too_large(limit)
        body += _exactly(reader, size)
        if _line(reader):
            raise BodyError(400, "the chunked body is broken")
    for _ in range(_MAX_TRAILERS):
        if not _line(reader):
            return bytes(body)
    raise BodyError(400, "the chunked body has too many trailers")


def _chunk_size(line: bytes, limit: int) -> int:
    digits = line.split(b";", 1)[0].strip()
    if not digits or not _HEX.issuperset(digits):
        raise BodyError(400, "the chunked body is broken")
    size = int(digits, 16)
    if size > limit:
        raise _too_large(limit)
    return size


def _identity(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, _GZIP)


def _deflate(body: bytes, limit: int) -> bytes:
    """Unpack zlib data, or the bare deflate data that some clients send under the same name."""
    try:
        return _inflate(body, limit, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate(body, limit, -zlib.MAX_WBITS)


def _inflate(body: bytes, limit: int, window: int) -> bytes:
    """Unpack one or more members; fed piece by piece, because each new member copies what follows it."""
    unpacked = bytearray()
    member = zlib.decompressobj(window)
    for start in range(0, len(body), _CHUNK):
        piece = body[start : start + _CHUNK]
        while piece:
            if member.eof:
                member = zlib.decompressobj(window)
            unpacked += member.decompress(piece, limit + 1 - len(unpacked))
            if len(unpacked) > limit:
                raise _too_large(limit)
            piece = member.unused_data
    if not member.eof:
        raise zlib.error
    return bytes(unpacked)


def _too_large(limit: int) -> BodyError:
    return BodyError(413, f"the body is larger than {limit} bytes")


_CODINGS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
}
