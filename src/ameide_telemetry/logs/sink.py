"""Where lines leave the process: whole lines, one write each, in the pipe when the call returns.

Lines are written to the descriptor itself, not through `sys.stdout`, so that a line is never buffered,
never split at a text buffer's edge, and no call waits for another thread's `print`. A write of up to
4,096 bytes (PIPE_BUF) cannot interleave with another process on the same pipe.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from ameide_telemetry.ledger import SignalLedger

__all__ = ["Sink", "TextTarget"]

_CLOSED: Final = "stream_closed"
_FULL: Final = "stream_full"


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

    __slots__ = ("_descriptor", "_ledger", "_lock", "_rest", "stream")

    def __init__(self, stream: TextTarget | None, ledger: SignalLedger) -> None:
        self.stream = stream
        self._ledger = ledger
        self._descriptor = _descriptor_of(stream)
        self._rest = b""
        # Reentrant, because a signal handler may log while this very thread is writing.
        self._lock = threading.RLock()

    def write(self, data: bytes) -> None:
        """Write one line, newline included. Never raises; what cannot be written is counted as dropped."""
        with self._lock:
            reason = self._write(data)
        if reason is None:
            self._ledger.pass_through()
        else:
            self._ledger.emit()
            self._ledger.drop(reason)

    def isatty(self) -> bool:
        """Tell whether a person is likely to read this stream in a terminal."""
        return self._descriptor is not None and os.isatty(self._descriptor)

    def after_fork(self) -> None:
        """Replace the lock, which another thread may have held when the process forked."""
        self._lock = threading.RLock()

    def _write(self, data: bytes) -> str | None:
        if self._descriptor is None:
            return self._write_text(data)
        if self._rest:
            data, self._rest = self._rest + data, b""
        written = 0
        while written < len(data):
            try:
                written += os.write(self._descriptor, data[written:] if written else data)
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
