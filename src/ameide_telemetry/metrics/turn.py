"""Who is inside, where one at a time may be and nobody should wait for it.

A signal handler or a finaliser of the garbage collector may run in the midst of anything, whatever locks its
thread has there. One that waits for a lock can therefore hang two threads for good: each has what the other
one's handler waits for. So whoever does not get the turn leaves its work to the one who has it.

Only a collection waits, and comes first then: among threads that measure all the time it would find somebody
inside whenever it looked.
"""

from __future__ import annotations

import time
from threading import get_ident
from typing import Final

__all__ = ["Turn"]

_PLACE: Final = "holder"
_NEXT: Final = "next"
_PAUSE_SECONDS: Final = 0.001
# Of the time between two looks so much counts: while a process is stopped (SIGSTOP) nobody can give back.
_MOST_BETWEEN_LOOKS: Final = 0.1


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
        """Take the turn unless somebody has it, or waits for it; return whether that was done."""
        holders = self._holders
        return holders.get(_NEXT, ticket) is ticket and holders.setdefault(_PLACE, ticket) is ticket

    def wait(self, ticket: list[int], seconds: float) -> bool:
        """Take the turn as soon as nobody has it, before all who do not wait; return whether that was done.

        Args:
            ticket: of this use.
            seconds: after which it is no use to wait.
        """
        spent, before = 0.0, time.monotonic()
        while not self.take(ticket):
            if spent > seconds:
                return False
            self._holders.setdefault(_NEXT, ticket)
            time.sleep(_PAUSE_SECONDS)
            now = time.monotonic()
            spent, before = spent + min(now - before, _MOST_BETWEEN_LOOKS), now
        self._leave(_NEXT, ticket)
        return True

    def give_back(self, ticket: list[int]) -> None:
        """Let the next one in, if this use has the turn, or waits for it."""
        self._leave(_NEXT, ticket)
        self._leave(_PLACE, ticket)

    @property
    def mine(self) -> bool:
        """Whether this very thread has the turn, or is the next to get it."""
        thread = get_ident()
        return any(each[0] == thread for each in tuple(self._holders.values()))

    def _leave(self, where: str, ticket: list[int]) -> None:
        if self._holders.get(where) is ticket:
            del self._holders[where]
