"""Files, pipes and compressed files -> lines, as bytes, with bounded memory."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ameide_telemetry.exceptions import UnusableInput
from ameide_telemetry.logcheck.line import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STDIN", "lines_of"]

STDIN: Final = "-"
"""The name of the standard input."""

_CHUNK: Final = 1 << 17
_GZIP: Final = b"\x1f\x8b"
# What else files of logs are packed in -> how it is unpacked.
_PACKED: Final = {
    b"\x28\xb5\x2f\xfd": "zstd -dc",
    b"BZh": "bzip2 -dc",
    b"\xfd7zXZ": "xz -dc",
    b"PK\x03\x04": "unzip -p",
}
_BROKEN: Final = (EOFError, gzip.BadGzipFile, zlib.error)
_LEAST_PACKED: Final = 8


def lines_of(path: str = STDIN, stdin: IO[bytes] | None = None) -> Iterator[bytes]:
    """Yield the lines of a file without their newlines.

    What is there when the end is reached is read; a file that still grows is not waited for, a pipe is. Of a
    line that is longer than `line.LONGEST` that many bytes and one more are yielded.

    Args:
        path: a file, plain or compressed by gzip; `-` is the standard input.
        stdin: what to read as standard input; by default that of the process.

    Raises:
        UnusableInput: it is missing, a directory, empty, not text or broken. What could be read before was
            yielded.
    """
    with _opened(path, stdin) as stream:
        nothing = True
        for chunk in _split(_chunks(path, stream)):
            nothing = False
            yield chunk
        if nothing:
            raise UnusableInput(f"{_shown(path)}: is empty")


def _shown(path: str) -> str:
    return "standard input" if path == STDIN else path


@contextmanager
def _opened(path: str, stdin: IO[bytes] | None) -> Iterator[io.BufferedReader]:
    try:
        if path == STDIN:
            given = stdin if stdin is not None else sys.stdin and sys.stdin.buffer
            if not given:
                raise UnusableInput("standard input: is closed")
            yield given  # type: ignore[misc]
        else:
            with Path(path).open("rb") as stream:
                yield stream
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnusableInput(f"{_shown(path)}: cannot be read: {reason}") from error
    except ValueError as error:
        # A closed stream, or a path with a null character.
        raise UnusableInput(f"{_shown(path)!r}: cannot be read: {error}") from error


def _chunks(path: str, stream: io.BufferedReader) -> Iterator[bytes]:
    head = _head(stream)
    if head[:2] == _GZIP:
        yield from _unpacked(path, gzip.GzipFile(fileobj=_Rejoined(head, stream)))
        return
    _refuse_binary(path, head)
    while head:
        yield head
        head = stream.read1(_CHUNK)


def _head(stream: io.BufferedReader) -> bytes:
    """Return the first bytes, enough of them to tell what they are; a pipe may give one at a time."""
    head = stream.read1(_CHUNK)
    while 0 < len(head) < _LEAST_PACKED and b"\n" not in head:
        more = stream.read1(_CHUNK)
        if not more:
            break
        head += more
    return head


def _unpacked(path: str, stream: gzip.GzipFile) -> Iterator[bytes]:
    first = True
    while True:
        try:
            chunk = stream.read1(_CHUNK)
        except _BROKEN as error:
            reason = "ends in the middle" if isinstance(error, EOFError) else "is corrupt"
            raise UnusableInput(f"{_shown(path)}: the compressed file {reason}") from error
        if not chunk:
            return
        if first:
            _refuse_binary(path, chunk)
            first = False
        yield chunk


def _refuse_binary(path: str, head: bytes) -> None:
    for magic, command in _PACKED.items():
        if head.startswith(magic):
            raise UnusableInput(
                f"{_shown(path)}: is compressed; read it through `{command}`, with `-` for the file"
            )
    # A log file with a hole has null bytes too, but lines that begin like records as well.
    if b"\0" in head and not head.lstrip(b"\0").startswith(b"{") and b"\n{" not in head:
        raise UnusableInput(f"{_shown(path)}: is a binary file")


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    cut = False
    for chunk in chunks:
        first, *lines = chunk.split(b"\n")
        if not cut:
            rest = rest + first if rest else first
        if not lines:
            cut = cut or len(rest) > LONGEST
            rest = rest[: LONGEST + 1]
            continue
        yield rest[: LONGEST + 1]
        rest = lines.pop()
        cut = False
        yield from lines
    if rest or cut:
        yield rest[: LONGEST + 1]


class _Rejoined(io.RawIOBase):
    """A stream with the bytes before it that were already read."""

    def __init__(self, head: bytes, stream: io.BufferedReader) -> None:
        super().__init__()
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; all that is left for a size below zero."""
        if not self._head:
            return self._stream.read1(size) if size >= 0 else self._stream.read()
        head, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
        return head
