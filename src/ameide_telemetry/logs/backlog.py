"""Lines that wait for a stream that takes none at the moment: bounded by bytes, in order, never half lost."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ameide_telemetry.logs.outlet import ATOMIC_BYTES

if TYPE_CHECKING:
    from ameide_telemetry.ledger import SignalLedger

__all__ = ["Backlog"]


class Backlog:
    """Whole lines, and at the front possibly one that is half out.

    Each line is counted in the ledger that it came with: as emitted when it comes, as delivered or dropped
    when it goes.

    Args:
        limit: bytes that may wait; a single line always may.
    """

    __slots__ = ("_came", "_left", "_limit", "_lines", "_out", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._came = 0
        self._left = 0
        self._lines: deque[tuple[bytes, SignalLedger | None]] = deque()
        self._size = 0
        self._out = 0

    def __bool__(self) -> bool:
        return bool(self._lines)

    @property
    def begun(self) -> bool:
        """Whether a part of the first line is out already."""
        return self._out > 0

    def has_left(self, place: int) -> bool:
        """Tell whether the line that got this place went out, or was given up."""
        return 0 < place <= self._left

    def put(self, line: bytes, ledger: SignalLedger, *, out: int = 0, bounded: bool = True) -> int:
        """Have a line wait behind the others.

        Args:
            line: the line with its newline.
            ledger: where it is counted.
            out: bytes of it that are out already; only for the first.
            bounded: whether the limit holds for it.

        Returns:
            Its place; 0, and nothing is counted, when there is no room.
        """
        if bounded and self._lines and self._size + len(line) > self._limit:
            return 0
        ledger.emit()
        if not self._lines:
            self._out = out
        self._lines.append((line, ledger))
        self._size += len(line)
        self._came += 1
        return self._came

    def chunk(self) -> bytes:
        """Return what to write next: the first line's rest, and more whole lines where that stays small."""
        chunk = self._lines[0][0][self._out :]
        for index in range(1, len(self._lines)):
            line = self._lines[index][0]
            if len(chunk) + len(line) > ATOMIC_BYTES:
                break
            chunk += line
        return chunk

    def advance(self, count: int) -> None:
        """Note that the first `count` bytes are out; lines that are complete count as delivered."""
        self._out += count
        while self._lines and self._out >= len(self._lines[0][0]):
            line, ledger = self._lines.popleft()
            self._out -= len(line)
            self._size -= len(line)
            if ledger is not None:
                self._left += 1
                ledger.deliver()

    def give_up(self, reason: str, *, complete: bool = True) -> int:
        """Count every line as dropped and return how many they were.

        Args:
            reason: for the ledger.
            complete: whether the rest of a line that is half out stays, to be written if that is ever
                possible, because the next line would be lost with it.
        """
        lines, self._lines, self._size = self._lines, deque(), 0
        counted = [ledger for _, ledger in lines if ledger is not None]
        for ledger in counted:
            ledger.drop(reason)
        self._left += len(counted)
        if complete and self._out:
            self._lines.append((lines[0][0], None))
            self._size = len(lines[0][0])
        else:
            self._out = 0
        return len(counted)

    def forget_half(self, reason: str) -> int:
        """Give up a line whose other half went elsewhere, if there is one; return how many were counted."""
        if not self._out:
            return 0
        (line, ledger), self._out = self._lines.popleft(), 0
        self._size -= len(line)
        if ledger is not None:
            self._left += 1
            ledger.drop(reason)
        return int(ledger is not None)
