"""How far a run is: one line on a terminal, where it takes longer than a moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

__all__ = ["Progress"]

_MOMENT: Final = 1.0
_STEP: Final = 0.1


class Progress:
    """Shows how far a run is, and takes it away at its end; nothing where no person looks on.

    Args:
        stream: what is written to.
        clock: tells the seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._next = clock() + _MOMENT
        self._is_watched = stream.isatty()
        self._shown = 0

    def __call__(self, words: str, done: int, count: int) -> None:
        """Say how much of something is done."""
        if self._is_watched and self._clock() >= self._next:
            self._next = self._clock() + _STEP
            self._write(f"{words} {done:,} of {count:,}")

    def end(self) -> None:
        """Leave the line as it was."""
        if self._shown:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text.ljust(self._shown)}")
        self._stream.flush()
        self._shown = len(text)
