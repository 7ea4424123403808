"""How long a log call waits for its line to go out, by what the calls before it found."""

from __future__ import annotations

from typing import Final

__all__ = ["Patience"]

# Less than the 10 ms that a call may take. A reader that works frees a full pipe much sooner.
_CALL_SECONDS: Final = 0.004
# A reader that takes nothing for so long while calls do nothing but wait for it has stalled. It is several
# calls, for on a busy machine a reader that works may have no processor for that long.
_IN_VAIN_SECONDS: Final = 0.02
# Calls that wait let a reader keep up. One that stays behind all the same slows no service for good.
_BEHIND_SECONDS: Final = 0.25


class Patience:
    """Gives each call its time to wait: a few milliseconds, or none where that would be in vain.

    Numbers are changed without a lock: threads that wait at the same time may spend a little more or less.
    """

    __slots__ = ("_behind", "_in_vain")

    def __init__(self) -> None:
        self._in_vain = 0.0
        self._behind = 0.0

    def seconds(self) -> float:
        """Return how long the next call may wait."""
        waits = self._in_vain < _IN_VAIN_SECONDS and self._behind < _BEHIND_SECONDS
        return _CALL_SECONDS if waits else 0.0

    def waited(self, seconds: float) -> None:
        """Note a wait; what a busy machine made it longer than it was meant to be says nothing."""
        seconds = min(seconds, _CALL_SECONDS)
        self._in_vain += seconds
        self._behind += seconds

    def moved(self) -> None:
        """Note that the stream takes something, from us or from another process."""
        self._in_vain = 0.0

    def caught_up(self) -> None:
        """Note that nothing waits any more."""
        self._in_vain = self._behind = 0.0
