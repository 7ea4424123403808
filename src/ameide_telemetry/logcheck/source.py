"""Files, pipes and compressed files -> lines, as bytes, with bounded memory."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ameide_telemetry.exceptions import UnusableInput
from ameide_telemetry.logcheck.encodings import foreign_encoding
from ameide_telemetry.logcheck.line import LONGEST
from ameide_telemetry.logcheck.packed import MAGIC, DamagedError, unpacked

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

__all__ = ["STDIN", "lines_of"]

STDIN: Final = "-"
"""The name of the standard input."""

_CHUNK: Final = 1 << 17
# What else files of logs are packed in -> how it is unpacked.
_PACKED: Final = {
    b"\x28\xb5\x2f\xfd": "zstd -dc",
    b"BZh": "bzip2 -dc",
    b"\xfd7zXZ": "xz -dc",
    b"PK\x03\x04": "unzip -p",
}
# Two characters of UTF-32.
_LEAST_HEAD: Final = 8
_SUFFIX: Final = ".gz"
_SHOWN: Final = 16
_WHOLE: Final = "name a file of log lines that is whole: copy or pack it again, `gzip -t` tells when it is"
_NAMED: Final = "name it without .gz when it is plain text, or pack it: gzip FILE"


def lines_of(path: str = STDIN, stdin: IO[bytes] | None = None) -> Iterator[bytes]:
    """Yield the lines of a file without their newlines.

    What is there when the end is reached is read; a file that still grows is not waited for, a pipe is. Of a
    line that is longer than `line.LONGEST` that many bytes and one more are yielded.

    Args:
        path: a file, plain or compressed by gzip; `-` is the standard input.
        stdin: what to read as standard input; by default that of the process.

    Raises:
        UnusableInput: it is missing, a directory, empty, not text in UTF-8, or damaged. What could be read
            before was yielded. A cure that belongs to the one file is the error's note.
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
    plain = _with_head(iter(partial(stream.read1, _CHUNK), b""))
    head = next(plain, b"")
    whole = chain([head], plain)
    if not head.startswith(MAGIC):
        _refuse(path, head)
        yield from whole
        return
    try:
        for number, chunk in enumerate(_with_head(unpacked(whole))):
            if not number:
                _refuse(path, chunk, packed=True)
            yield chunk
    except DamagedError as error:
        raise _unusable(path, f"the compressed file {error}", _WHOLE) from error


def _with_head(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces of which the first is enough to tell what they are; a pipe may give one byte at a time."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _LEAST_HEAD or b"\n" in head:
            break
    yield head
    yield from pieces


def _refuse(path: str, head: bytes, *, packed: bool = False) -> None:
    """Refuse what does not begin as lines do."""
    for magic, command in _PACKED.items():
        if head.startswith(magic):
            raise _unusable(path, f"is compressed; read it through `{command}`, with `-` for the file")
    encoding = foreign_encoding(head)
    if encoding:
        raise _unusable(path, f"is {encoding}, and log lines are UTF-8", _converted(path, encoding, packed))
    # A log file with a hole has null bytes too, but lines that begin like records as well.
    if b"\0" in head and not head.lstrip(b"\0").startswith(b"{") and b"\n{" not in head:
        raise _unusable(path, "is a binary file")
    if not packed and path.endswith(_SUFFIX) and head and not head.lstrip().startswith(b"{"):
        raise _unusable(
            path, f"is not gzip, whatever its name says; it begins with {head[:_SHOWN]!r}", _NAMED
        )


def _converted(path: str, encoding: str, packed: bool) -> str:
    """Return the command that checks the same text in UTF-8."""
    convert = f"iconv -f {encoding} -t UTF-8"
    name = shlex.quote(path)
    if path == STDIN:
        convert = f"CMD | {convert}"
    else:
        convert = f"gzip -dc -- {name} | {convert}" if packed else f"{convert} -- {name}"
    return f"convert it: {convert} | ameide-telemetry logs check"


def _unusable(path: str, what: str, cure: str = "") -> UnusableInput:
    error = UnusableInput(f"{_shown(path)}: {what}")
    if cure:
        error.add_note(cure)
    return error


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        first, *lines = chunk.split(b"\n")
        rest = (rest + first)[: LONGEST + 1] if rest else first
        if lines:
            yield rest
            rest = lines.pop()
            yield from lines
    if rest:
        yield rest
