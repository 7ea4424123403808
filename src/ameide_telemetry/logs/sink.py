"""Where lines leave the process: whole lines, one write each, in the pipe when the call returns.

Lines are written to the descriptor itself, not through `sys.stdout`, so that a line is never buffered,
never split at a text buffer's edge, and no call waits for another thread's `print`.

Worker processes share one pipe, and the kernel keeps only writes of up to 4,096 bytes (PIPE_BUF) in one
piece. A record lock on the pipe makes them take turns; the kernel releases it when its holder dies.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment, unused-ignore]

if TYPE_CHECKING:
    from ameide_telemetry.ledger import SignalLedger

__all__ = ["Sink", "TextTarget"]

_CLOSED: Final = "stream_closed"
_FULL: Final = "stream_full"
# A holder that does not let go within this time is stopped or debugged: a torn line is the lesser evil.
_TURN_SECONDS: Final = 1.0
_TURN_STEP: Final = 0.001


class TextTarget(Protocol):
    """What a sink needs of a stream: the text half of `io.TextIOBase`."""

    def write(self, text: str, /) -> object:
        """Write text."""

    def flush(self) -> object:
        """Hand on what is buffered."""


class Sink:
    """Writes whole lines to one stream and counts every one as delivered or dropped.

    Args:
        stream: the stream that was `sys.stdout` when telemetry started; None when there is none.
        ledger: the balance that the lines are counted in.
    """

    __slots__ = ("_descriptor", "_ledger", "_lock", "_rest", "_simple", "stream")

    def __init__(self, stream: TextTarget | None, ledger: SignalLedger) -> None:
        self.stream = stream
        self._ledger = ledger
        self._descriptor = _descriptor_of(stream)
        self._rest = b""
        self._simple = self._descriptor is not None and not _is_pipe(self._descriptor)
        # Reentrant, because a signal handler may log while this very thread is writing.
        self._lock = threading.RLock()

    def write(self, data: bytes) -> None:
        """Write one line, newline included. Never raises; what cannot be written is counted as dropped."""
        with self._lock:
            reason = self._write_whole(data) if self._simple else self._write(data)
            if reason is None:
                self._ledger.pass_through()
            else:
                self._ledger.emit()
                self._ledger.drop(reason)

    def isatty(self) -> bool:
        """Tell whether a person is likely to read this stream in a terminal."""
        return self._descriptor is not None and os.isatty(self._descriptor)

    def after_fork(self) -> None:
        """Replace the lock, which another thread may have held; half a line is the parent's to finish."""
        self._lock = threading.RLock()
        self._rest = b""

    def _write(self, data: bytes) -> str | None:
        if self._descriptor is None:
            return self._write_text(data)
        taken = self._take_turn(self._descriptor)
        try:
            return self._write_whole(data)
        finally:
            if taken:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1)

    def _take_turn(self, descriptor: int) -> bool:
        """Lock the stream against the other processes that write to it; False goes without."""
        deadline = 0.0
        while True:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
            except (BlockingIOError, PermissionError):
                deadline = deadline or time.monotonic() + _TURN_SECONDS
                if time.monotonic() > deadline:
                    return False
                time.sleep(_TURN_STEP)
            except OSError:
                # Not every kind of stream knows record locks.
                self._simple = True
                return False
            else:
                return True

    def _write_whole(self, data: bytes) -> str | None:
        descriptor: int = self._descriptor  # type: ignore[assignment]  # callers have looked
        if self._rest:
            data, self._rest = self._rest + data, b""
        written = 0
        while written < len(data):
            try:
                written += os.write(descriptor, data[written:] if written else data)
            except BlockingIOError:
                # Half a line must be completed before the next one, or both are lost to the reader.
                self._rest = data[written:] if written else b""
                return None if written else _FULL
            except OSError:
                return _CLOSED
        return None

    def _write_text(self, data: bytes) -> str | None:
        if self.stream is None:
            return _CLOSED
        try:
            self.stream.write(data.decode())
            self.stream.flush()
        except (OSError, ValueError):
            # ValueError is what a closed stream raises.
            return _CLOSED
        return None


def _is_pipe(descriptor: int) -> bool:
    """Tell whether other processes may write in between; the kernel appends to files in one piece."""
    if fcntl is None:
        return False
    return stat.S_ISFIFO(os.fstat(descriptor).st_mode)


def _descriptor_of(stream: TextTarget | None) -> int | None:
    fileno = getattr(stream, "fileno", None)
    if fileno is None:
        return None
    try:
        descriptor = fileno()
    except (OSError, ValueError):
        # io.UnsupportedOperation is both: a stream without a descriptor, such as pytest's capsys.
        return None
    return descriptor if isinstance(descriptor, int) and descriptor >= 0 else None
