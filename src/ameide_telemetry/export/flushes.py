"""Calls that wait until what was put before them is sent."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ameide_telemetry.export.wake import Latch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.ledger import Counts

__all__ = ["Flush", "Flushes"]


@dataclass(slots=True, eq=False)
class Flush:
    """A call that waits until everything up to a position was sent.

    Attributes:
        before: the ledger's counts when the call began.
        done: set when the position was reached, or never will be.
        error: kind of the first failure on the way.
        end: the position; infinite until the worker has heard of the call.
    """

    before: Counts
    done: Latch = field(default_factory=Latch)
    error: str | None = None
    end: float = math.inf

    def finish(self, error: str | None = None) -> None:
        """Let the call return."""
        self.error = self.error or error
        self.done.set()


class Flushes:
    """The flushes of one pipeline. Any thread, or a signal handler, may ask; the rest is under its lock."""

    __slots__ = ("_asked", "_heard")

    def __init__(self) -> None:
        self._asked: deque[Flush] = deque()
        self._heard: list[Flush] = []

    def __bool__(self) -> bool:
        return bool(self._heard or self._asked)

    def ask(self, flush: Flush) -> None:
        """Let the worker know of a flush; takes no lock."""
        self._asked.append(flush)

    def hear(self, position: Callable[[], float]) -> bool:
        """Note the position that everybody who asked until now waits for; return whether anybody did."""
        new = False
        while self._asked:
            flush = self._asked.popleft()
            # After it was found, because what was put before it has to be sent.
            flush.end = position()
            self._heard.append(flush)
            new = True
        return new

    def reach(self, start: float, end: float, error: str | None) -> None:
        """Let those return that wait for no more than `end`; a failure since `start` is theirs to tell."""
        waiting = self._heard
        self._heard = [flush for flush in waiting if flush.end > end]
        for flush in waiting:
            if start < flush.end:
                flush.error = flush.error or error
            if flush.end <= end:
                flush.done.set()

    def release(self, error: str | None) -> None:
        """Let everybody return."""
        waiting, self._heard = self._heard, []
        while self._asked:
            waiting.append(self._asked.popleft())
        for flush in waiting:
            flush.finish(error)
