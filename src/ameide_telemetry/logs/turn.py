"""Processes that write to one stream take turns, so that no line is torn by another process's.

The kernel keeps only writes of up to 4,096 bytes in one piece. A record lock on the stream covers the
rest: it needs no file of its own, siblings that share an open file exclude each other by it, and the
kernel releases it when its holder dies.

Record locks know no order. A second lock, on another byte, is the place of who is next: whoever has
written a line and comes with another finds the place taken, and cannot be first again and again.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment, unused-ignore]

if TYPE_CHECKING:
    from ameide_telemetry.logs.outlet import Outlet

__all__ = ["Turn"]

_CAN_LOCK: Final = fcntl is not None
_TAKE: Final = fcntl.LOCK_EX | fcntl.LOCK_NB if _CAN_LOCK else 0
_LEAVE: Final = fcntl.LOCK_UN if _CAN_LOCK else 0
# Bytes of the stream that are locked: who writes, and who is next. Nothing has to be there.
_WRITER: Final = (1, 0)
_NEXT: Final = (1, 1)
_BOTH: Final = 2
# A holder that keeps its turn for so long although there is room was stopped in the middle of a line: one
# torn line is a lesser evil than silence.
_STOPPED_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.1


class Turn:
    """The right to write, for this process.

    Attributes:
        outlet: the stream that it is about.
    """

    __slots__ = ("_descriptor", "_is_next", "_look_at", "_mine", "_refused_at", "_takes", "_write", "outlet")

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self._descriptor = outlet.descriptor
        self._write = outlet.write
        self._takes = _CAN_LOCK and outlet.shared
        self._mine = False
        self._is_next = False
        self._refused_at = 0.0
        self._look_at = 0.0

    def take(self) -> bool:
        """Take the turn without waiting, or keep it; False while others are before us."""
        if not self._takes:
            return True
        try:
            self._take()
        except (BlockingIOError, PermissionError):
            return self._holder_is_stopped()
        except OSError:
            # Not every kind of stream knows record locks.
            self._takes = False
        self._refused_at = 0.0
        return True

    def leave(self) -> None:
        """Let the others write."""
        self._mine = False
        if self._takes:
            with suppress(OSError):
                fcntl.lockf(self._descriptor, _LEAVE, _BOTH)

    def step_back(self) -> None:
        """Give up the place of who is next: who stops trying must not keep it from the others."""
        if self._is_next:
            self._is_next = False
            with suppress(OSError):
                fcntl.lockf(self._descriptor, _LEAVE, *_NEXT)

    def _take(self) -> None:
        descriptor = self._descriptor
        if not self._mine and not self._is_next:
            fcntl.lockf(descriptor, _TAKE, *_NEXT)
            self._is_next = True
        # Also when it is ours already: closing any descriptor of the stream, anywhere in the process,
        # makes the kernel release it.
        fcntl.lockf(descriptor, _TAKE, *_WRITER)
        self._mine = True
        if self._is_next:
            self._is_next = False
            fcntl.lockf(descriptor, _LEAVE, *_NEXT)

    def looked(self) -> None:
        """Note that all was well with the stream; `write` works for a while from now on."""
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def write(self, data: bytes) -> int:
        """Write a line to a healthy stream, in a turn of its own, and return how much of it went out.

        The turn is kept while half a line is out.

        Raises:
            OSError: it is not our turn, or nothing could be written, or it is time to look at the stream.
        """
        if time.monotonic() > self._look_at:
            raise BlockingIOError
        if not self._takes:
            return self._write(data)
        descriptor, lock = self._descriptor, fcntl.lockf
        out = 0
        try:
            lock(descriptor, _TAKE, _BOTH)
            out = self._write(data)
        finally:
            if 0 < out < len(data):
                self._keep()
            else:
                lock(descriptor, _LEAVE, _BOTH)
        return out

    def _keep(self) -> None:
        """Keep the turn, but not the place of who is next."""
        self._mine = True
        fcntl.lockf(self._descriptor, _LEAVE, *_NEXT)

    def _holder_is_stopped(self) -> bool:
        now = time.monotonic()
        if not self._refused_at or not self.outlet.writable():
            self._refused_at = now
        return now - self._refused_at > _STOPPED_SECONDS
