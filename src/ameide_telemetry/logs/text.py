"""Lines for a stream without a descriptor, such as a test runner's in memory: text, handed over at once."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, Protocol

from ameide_telemetry.logs.losses import LastWord

if TYPE_CHECKING:
    from ameide_telemetry.logs.terms import Terms

__all__ = ["TextChannel", "TextTarget"]

_CLOSED: Final = "stream_closed"


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

    __slots__ = ("_heirs", "_last_word", "_lock", "_stream", "descriptor", "pid")

    def __init__(self, stream: TextTarget | None) -> None:
        self.pid = os.getpid()
        self.descriptor: int | None = None
        self._heirs: dict[int, TextChannel] = {}
        self._stream = stream
        self._last_word = LastWord()
        self._lock = threading.RLock()

    def heir(self) -> TextChannel:
        """Return what takes this one's place in a forked child, the same for everybody who asks."""
        return self._heirs.setdefault(os.getpid(), TextChannel(self._stream))

    def write(self, data: bytes, terms: Terms) -> None:
        """Write one line; what cannot be written is counted as dropped.

        Whatever a foreign stream raises beyond what a closed one does is counted, and raised.
        """
        with self._lock:
            why: str | None = "the stream failed"
            try:
                why = self._written(data)
            finally:
                if why is None:
                    self._last_word.over()
                    terms.ledger.pass_one()
                else:
                    terms.ledger.emit()
                    terms.ledger.drop(_CLOSED)
                    self._last_word.say(_CLOSED, why, terms.notice)

    def hurry(self, deadline: float) -> None:
        """Do nothing: no call waits."""

    def resume(self) -> None:
        """Do nothing: nothing has ended."""

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def drain(self, deadline: float) -> None:
        """Do nothing: nothing waits."""

    def _written(self, data: bytes) -> str | None:
        """Return why the stream does not take a line; None when it did."""
        if self._stream is None:
            return "it is closed"
        try:
            self._stream.write(data.decode())
            self._stream.flush()
        except (OSError, ValueError) as error:
            # ValueError is what a closed stream raises.
            return getattr(error, "strerror", None) or "it is closed"
        return None
