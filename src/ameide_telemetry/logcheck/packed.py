"""A file in the format of gzip, piece by piece -> what is in it, up to the byte where it is damaged.

The standard library's reader drops what stands before the damage in the same piece. A worker that died or a
disk that was full leaves such files behind, and their last lines say why.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

__all__ = ["MAGIC", "DamagedError", "unpacked"]

MAGIC: Final = b"\x1f\x8b"
"""The first bytes of a file in the format of gzip."""

_CHUNK: Final = 1 << 17
# Of zlib: a window of 32 KiB, in the format of gzip.
_GZIP: Final = 31
_NOT_GZIP: Final = "what stands there is not gzip"
# How zlib's words end -> what they mean.
_REASONS: Final = {
    "incorrect data check": "its CRC is wrong, what is in it is not what was packed",
    "incorrect length check": "its length is wrong, what is in it is not what was packed",
    "incorrect header check": _NOT_GZIP,
    "unknown compression method": _NOT_GZIP,
}
_OTHER: Final = "what stands there cannot be unpacked"


class DamagedError(ValueError):
    """A packed file is not whole; the text says what is wrong with it, and where."""


def unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what is packed, in pieces of a bounded size.

    Args:
        pieces: of the file; several packed ones may stand behind each other, and nulls behind them.

    Raises:
        DamagedError: it is not whole. Everything that stands before that was yielded.
    """
    members = _Members()
    for piece in pieces:
        yield from members.unpacked(piece)
    members.end()


class _Members:
    """The packed files that stand behind each other."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None
        self._read = 0

    def unpacked(self, rest: bytes) -> Iterator[bytes]:
        while rest:
            if self._member is None:
                rest = self._begun(rest)
            else:
                rest = yield from self._step(self._member, rest)

    def end(self) -> None:
        """Raise `DamagedError` where something has to follow."""
        if self._member is not None:
            raise DamagedError(f"ends in the middle, after {self._read:,} bytes")

    def _begun(self, rest: bytes) -> bytes:
        # What writes whole blocks fills the last one with nulls.
        found = rest.lstrip(b"\0")
        self._read += len(rest) - len(found)
        if found[:1] not in {b"", MAGIC[:1]}:
            raise DamagedError(f"is corrupt at byte {self._read + 1:,}: {_NOT_GZIP}")
        if found:
            self._member = zlib.decompressobj(_GZIP)
        return found

    def _step(self, member: zlib._Decompress, rest: bytes) -> Generator[bytes, None, bytes]:
        before = member.copy()
        try:
            data = member.decompress(rest, _CHUNK)
        except zlib.error as error:
            good = yield from _rescued(before, rest)
            raise DamagedError(f"is corrupt at byte {self._read + good + 1:,}: {_reason(error)}") from error
        yield data
        left = member.unused_data if member.eof else member.unconsumed_tail
        self._read += len(rest) - len(left)
        if member.eof:
            self._member = None
        return left


def _rescued(member: zlib._Decompress, damaged: bytes) -> Generator[bytes, None, int]:
    """Yield what can be unpacked byte by byte; return how many bytes that were of the ones that are there."""
    with suppress(zlib.error):
        for good in range(len(damaged)):
            yield member.decompress(damaged[good : good + 1])
    return good


def _reason(error: zlib.error) -> str:
    return next((words for end, words in _REASONS.items() if str(error).endswith(end)), _OTHER)
