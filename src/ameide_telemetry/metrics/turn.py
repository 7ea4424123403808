"""Who is inside, where one at a time may be and nobody should wait for it.

A signal handler or a finaliser of the garbage collector may run in the midst of anything, whatever locks its
thread has there. One that waits for a lock can therefore hang two threads for good: each has what the other
one's handler waits for. So whoever does not get the turn leaves its work to the one who has it.
"""

from __future__ import annotations

import time
from threading import get_ident
from typing import Final

__all__ = ["Turn"]

_PLACE: Final = "holder"
_PAUSE_SECONDS: Final = 0.001


class Turn:
    """One thread's turn. Taken and given back in single steps of a dictionary: there is no lock in it.

        mine = turn.ticket()
        try:
            if turn.take(mine):
                ...
        finally:
            turn.give_back(mine)

    That order leaves nothing taken where a signal handler raises in between, as Ctrl+C does.
    """

    __slots__ = ("_holders",)

    def __init__(self) -> None:
        self._holders: dict[str, list[int]] = {}

    @staticmethod
    def ticket() -> list[int]:
        """Return what stands for this one use; its own thread has another one when it comes again."""
        return [get_ident()]

    def take(self, ticket: list[int]) -> bool:
        """Take the turn unless somebody has it; return whether that was done."""
        return self._holders.setdefault(_PLACE, ticket) is ticket

    def wait(self, ticket: list[int], seconds: float) -> bool:
        """Take the turn as soon as nobody has it; return whether that was done in time."""
        limit = time.monotonic() + seconds
        while not self.take(ticket):
            if time.monotonic() > limit:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def give_back(self, ticket: list[int]) -> None:
        """Let the next one in, if this use has the turn."""
        if self._holders.get(_PLACE) is ticket:
            del self._holders[_PLACE]

    @property
    def mine(self) -> bool:
        """Whether this very thread has the turn."""
        holder = self._holders.get(_PLACE)
        return holder is not None and holder[0] == get_ident()
