"""Bodies off the wire: framed, bounded, decompressed."""

from __future__ import annotations

import gzip
import io
import random
import socket
import threading
import tracemalloc
import zlib
from email.message import Message
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.local.wire import BodyError, TimedSocket, decompress, read_body

if TYPE_CHECKING:
    from collections.abc import Callable

_NEVER = threading.Event()


def _read(wire: bytes, **headers: str) -> bytes:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return read_body(io.BufferedReader(io.BytesIO(wire)), message, limit=100)


def test_content_length() -> None:
    """Exactly the announced bytes are read."""
    assert _read(b"hello world", Content_Length="5") == b"hello"


def test_chunked() -> None:
    """Chunks are put together; extensions and trailers are skipped."""
    assert _read(b"3;x=1\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n", Transfer_Encoding="chunked") == b"hello"


@pytest.mark.parametrize(
    ("wire", "headers", "code"),
    [
        (b"", {}, 411),
        (b"abc", {"Content_Length": "4"}, 400),
        (b"abc", {"Content_Length": "-1"}, 400),
        (b"abc", {"Content_Length": "+3"}, 400),
        (b"abc", {"Content_Length": "1_0"}, 400),
        (b"abc", {"Content_Length": "٣"}, 400),
        (b"abc", {"Content_Length": "101"}, 413),
        (b"abc", {"Content_Length": "9" * 5000}, 413),
        (b"0\r\n\r\n", {"Content_Length": "3", "Transfer_Encoding": "chunked"}, 400),
        (b"abc", {"Transfer_Encoding": "gzip, chunked"}, 400),
        (b"3\r\nhelp\r\n0\r\n\r\n", {"Transfer_Encoding": "chunked"}, 400),
        (b"-3\r\nhel\r\n0\r\n\r\n", {"Transfer_Encoding": "chunked"}, 400),
        (b"\r\n", {"Transfer_Encoding": "chunked"}, 400),
        (b"3\r\nhe", {"Transfer_Encoding": "chunked"}, 400),
        (b"f" * 2000 + b"\r\n", {"Transfer_Encoding": "chunked"}, 400),
        (b"ffffff\r\n", {"Transfer_Encoding": "chunked"}, 413),
        (b"60\r\n" + b"x" * 96 + b"\r\n5\r\n", {"Transfer_Encoding": "chunked"}, 413),
        (b"0\r\n" + b"A: b\r\n" * 70 + b"\r\n", {"Transfer_Encoding": "chunked"}, 400),
    ],
)
def test_broken_framing(wire: bytes, headers: dict[str, str], code: int) -> None:
    """Every way to frame a body wrongly has its status and a reason."""
    with pytest.raises(BodyError) as caught:
        _read(wire, **headers)
    assert caught.value.code == code
    assert str(caught.value)


def test_lengths_that_disagree() -> None:
    """Two different lengths are refused: a proxy could have believed the other one."""
    message = Message()
    message["Content-Length"] = "3"
    message["Content-Length"] = "4"
    with pytest.raises(BodyError, match="one whole number"):
        read_body(io.BufferedReader(io.BytesIO(b"abcd")), message, limit=9)


def _bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (b"hello", ""),
        (b"hello", "identity"),
        (gzip.compress(b"hello"), "gzip"),
        (gzip.compress(b"hello"), " GZip "),
        (gzip.compress(b"hel") + gzip.compress(b"lo"), "gzip"),
        (zlib.compress(b"hello"), "deflate"),
        (_bare(b"hello"), "deflate"),
    ],
)
def test_codings(packed: bytes, encoding: str) -> None:
    """Every coding of OTLP senders is undone."""
    assert decompress(packed, encoding, limit=5) == b"hello"


@pytest.mark.parametrize(
    ("packed", "encoding", "code"),
    [
        (b"hello", "br", 415),
        (b"hello", "gzip, gzip", 415),
        (b"hello", "gzip", 400),
        (b"\xffhello", "deflate", 400),
        (gzip.compress(b"hello")[:-5], "gzip", 400),
        (b"", "gzip", 400),
        (b"x" * 101, "identity", 413),
        (gzip.compress(b"x" * 50_000_000), "gzip", 413),
        (zlib.compress(b"x" * 101), "deflate", 413),
    ],
)
def test_broken_codings(packed: bytes, encoding: str, code: int) -> None:
    """Broken data, unknown codings and bombs are refused, each with its status."""
    with pytest.raises(BodyError) as caught:
        decompress(packed, encoding, limit=100)
    assert caught.value.code == code


@pytest.mark.parametrize(("pack", "encoding"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
def test_a_bomb_costs_no_memory(pack: Callable[[bytes], bytes], encoding: str) -> None:
    """What unpacks to 50 MB is given up before it has taken one."""
    bomb = pack(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(BodyError):
            decompress(bomb, encoding, limit=1_000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("pack", "encoding"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
def test_memory_is_bounded_by_the_limit(pack: Callable[[bytes], bytes], encoding: str) -> None:
    """What is unpacked already counts: a bomb behind a harmless beginning costs no second limit."""
    limit = 1_000_000
    noise = random.Random(1).randbytes(60_000)  # stays as long as it is, and so fills the first piece
    bomb = pack(noise + bytes(850_000) + noise[::-1][:10_000] + bytes(40 * limit))
    tracemalloc.start()
    try:
        with pytest.raises(BodyError):
            decompress(bomb, encoding, limit=limit)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * limit


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_exactly_the_limit(pack: Callable[[bytes], bytes]) -> None:
    """The limit itself is allowed, one byte more is not."""
    encoding = "gzip" if pack is gzip.compress else "deflate"
    assert len(decompress(pack(bytes(1_000)), encoding, limit=1_000)) == 1_000
    with pytest.raises(BodyError):
        decompress(pack(bytes(1_001)), encoding, limit=1_000)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "identity"]), st.booleans())
def test_total(data: bytes, encoding: str, packed: bool) -> None:
    """Any bytes are either unpacked within the limit or refused with a status."""
    sent = gzip.compress(data) if packed else data
    outcome = _unpacked_size_or_status(sent, encoding)
    assert outcome <= 200 or outcome in {400, 413}


def _unpacked_size_or_status(sent: bytes, encoding: str) -> int:
    try:
        return len(decompress(sent, encoding, limit=200))
    except BodyError as error:
        return error.code


def test_one_deadline_for_a_whole_request() -> None:
    """A client that sends a byte now and then does not get more time with each of them."""
    ours, theirs = socket.socketpair()
    with ours, theirs, io.BufferedReader(TimedSocket(ours, idle=5.0, patience=0.05)) as reader:
        theirs.sendall(b"a")
        assert reader.read(1) == b"a"
        with pytest.raises(TimeoutError):
            _drip(theirs, reader)


def _drip(client: socket.socket, reader: io.BufferedIOBase) -> None:
    for _ in range(200):
        client.sendall(b"x")
        reader.read1(1)
        _NEVER.wait(0.005)


def test_next_request_has_time_again() -> None:
    """The deadline of one request does not count for the next."""
    ours, theirs = socket.socketpair()
    timed = TimedSocket(ours, idle=5.0, patience=0.01)
    with ours, theirs, io.BufferedReader(timed) as reader:
        for _ in range(3):
            timed.next_request()
            theirs.sendall(b"a")
            _NEVER.wait(0.02)
            assert reader.read(1) == b"a"
