"""Lines for a stream without a descriptor, such as a test runner's in memory: text, handed over at once."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ameide_telemetry.logs.channel import Terms

__all__ = ["TextChannel", "TextTarget"]


class TextTarget(Protocol):
    """What a sink needs of a stream: the text half of `io.TextIOBase`."""

    def write(self, text: str, /) -> object:
        """Write text."""

    def flush(self) -> object:
        """Hand on what is buffered."""


class TextChannel:
    """Writes lines to a text stream.

    Args:
        stream: the stream; None when the process has none.

    Attributes:
        pid: of the process that this belongs to.
        descriptor: None.
    """

    __slots__ = ("_heirs", "_lock", "_stream", "descriptor", "pid")

    def __init__(self, stream: TextTarget | None) -> None:
        self.pid = os.getpid()
        self.descriptor: int | None = None
        self._heirs: dict[int, TextChannel] = {}
        self._stream = stream
        self._lock = threading.RLock()

    def heir(self) -> TextChannel:
        """Return what takes this one's place in a forked child, the same for everybody who asks."""
        return self._heirs.setdefault(os.getpid(), TextChannel(self._stream))

    def write(self, data: bytes, terms: Terms) -> None:
        """Write one line; what cannot be written is counted as dropped."""
        with self._lock:
            reason = self._written(data)
            if reason is None:
                terms.ledger.pass_one()
            else:
                terms.ledger.emit()
                terms.ledger.drop(reason)

    def resume(self) -> None:
        """Do nothing: nothing has ended."""

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def drain(self, deadline: float) -> None:
        """Do nothing: nothing waits."""

    def _written(self, data: bytes) -> str | None:
        if self._stream is None:
            return "stream_closed"
        try:
            self._stream.write(data.decode())
            self._stream.flush()
        except (OSError, ValueError):
            # ValueError is what a closed stream raises.
            return "stream_closed"
        return None
