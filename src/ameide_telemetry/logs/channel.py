"""One process's side of one stream: a line is in the pipe when the call returns, or waits, or is counted.

In health a call writes its line itself and returns. Where it cannot, because there is no room or because it
is another process's turn, its line goes into a bounded backlog, which calls and a thread write out in order,
and the call waits a few milliseconds at most for its line to leave. Lines that find no room are dropped and
counted; those that waited longest stay.

Nobody waits while holding the lock: it is held for single steps, so the waits of threads do not add up.

Everything here belongs to one process. A forked child makes its own: the lock may be held by a thread that
the child does not have, and lines that wait are the parent's to write.
"""

from __future__ import annotations

import _thread
import math
import os
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from ameide_telemetry import guard
from ameide_telemetry.logs.outbox import TO_GO_ON, Outbox, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.logs.terms import Terms

__all__ = ["Channel"]

_FLUSH_SECONDS: Final = 0.05
_SLOWLY: Final = guard.site("logs.backlog")
_DRAINER: Final = guard.site("logs.drainer", thread=True)


@dataclass(slots=True, eq=False)
class _Line:
    """A line whose call waits for it.

    Attributes:
        data: the line with its newline.
        terms: its sink's.
        place: the one in the backlog; 0 as long as it found no room there.
    """

    data: bytes
    terms: Terms
    place: int


class Channel:
    """Writes lines to a descriptor.

    Args:
        descriptor: of the stream; it is not opened before the first line.

    Attributes:
        pid: of the process that this belongs to.
        descriptor: as given.
        outbox: what is on its way.
    """

    __slots__ = (
        "_busy",
        "_closing",
        "_drained",
        "_heirs",
        "_late",
        "_leading",
        "_lock",
        "_until",
        "_waiting",
        "descriptor",
        "outbox",
        "pid",
    )

    def __init__(self, descriptor: int) -> None:
        self.pid = os.getpid()
        self._heirs: dict[int, Channel] = {}
        self.descriptor = descriptor
        self.outbox = Outbox(descriptor)
        # Reentrant, because a signal handler may log while this very thread is writing.
        self._lock = threading.RLock()
        # Whose call waits for the stream; the others wait for that one. Reentrant for the same reason.
        self._leading = threading.RLock()
        self._busy = False
        self._late: deque[tuple[bytes, Terms]] = deque()
        self._drained = False
        self._closing = False
        # Until when calls that wait for as long as the reader stalls do so.
        self._until = math.inf
        # Threads whose call waits: a signal handler that logs meanwhile does not wait on top of that, or
        # handlers would pile up on one another.
        self._waiting: set[int] = set()

    def write(self, data: bytes, terms: Terms) -> None:
        """Write one line, newline included. Never raises."""
        line = None
        with self._lock:
            if self._busy:
                # A signal handler, or the finalizer of some object, logs in the middle of what follows.
                self._late.append((data, terms))
                return
            self._busy = True
            try:
                try:
                    out = self.outbox.fast(data)
                except OSError:
                    out = 0
                if out == len(data):
                    terms.ledger.pass_one()
                else:
                    line = _SLOWLY.call(self._slowly, data, terms, out)
            finally:
                self._busy = False
            if self._late:
                _SLOWLY.call(self._unless_busy, self._catch_up)
        if line is not None:
            _SLOWLY.call(self._wait_for, line)

    def flush(self) -> None:
        """Write out what the stream takes at once, and wait for nothing."""
        deadline = time.monotonic() + _FLUSH_SECONDS
        step = Step.MOVED
        while step is Step.MOVED and self.outbox.backlog:
            step = self._alone(self.outbox.step, deadline)

    def drain(self, deadline: float) -> None:
        """Write out what waits until `deadline` (`time.monotonic()`) and count the rest as dropped.

        For the end of the process: from now on no thread is started and no line waits for one.
        """
        self._closing = True
        outbox = self.outbox
        step = self._alone(outbox.last_step, deadline)
        while step in TO_GO_ON and time.monotonic() < deadline:
            outbox.pause(step, deadline - time.monotonic())
            step = self._alone(outbox.last_step, deadline)
        if step in TO_GO_ON:
            self._alone(outbox.give_up, deadline)

    def hurry(self, deadline: float) -> None:
        """Have no call wait for a reader beyond `deadline` (`time.monotonic()`), whatever its terms are."""
        self._until = deadline

    def resume(self) -> None:
        """Let lines and calls wait again after `drain` and `hurry`: the process has not ended."""
        self._closing = False
        self._until = math.inf

    def heir(self) -> Channel:
        """Return what takes this one's place in a forked child, the same for everybody who asks."""
        fresh = Channel(self.descriptor)
        # Atomic, and without a lock that somebody could have held at the fork.
        heir = self._heirs.setdefault(fresh.pid, fresh)
        if heir is fresh:
            self.outbox.close()
        return heir

    def _slowly(self, data: bytes, terms: Terms, out: int) -> _Line | None:
        """Write a line that cannot go the fast way; return it if its call has to wait."""
        line = _Line(data, terms, self.outbox.put(data, terms, out=out))
        if self._attempt(line) is not Step.DONE and self._seconds_for(line):
            return line
        self._part_with(line)
        return None

    def _seconds_for(self, line: _Line) -> float:
        """Return how long a line's call may wait."""
        if threading.get_ident() in self._waiting:
            return 0.0
        patience = self.outbox.patience.seconds()
        return max(patience, self._until - time.monotonic()) if line.terms.blocks else patience

    def _wait_for(self, line: _Line) -> None:
        """Wait until a line is out or its call's time is over; only one thread at a time asks the stream."""
        begun, thread = time.monotonic(), threading.get_ident()
        deadline = begun + self._seconds_for(line)
        try:
            self._waiting.add(thread)
            if self._leading.acquire(timeout=_timeout(deadline - begun)):
                self._push(line, deadline)
        finally:
            # Also where a signal handler raised right after it was taken; it may not be ours.
            with suppress(RuntimeError):
                self._leading.release()
            self._waiting.discard(thread)
            self.outbox.patience.waited(time.monotonic() - begun)
            self._alone(partial(self._part_with, line))

    def _push(self, line: _Line, deadline: float) -> None:
        """Write out what waits until a line is out or the time is over."""
        attempt = partial(self._attempt, line)
        step = self._alone(attempt)
        while step in TO_GO_ON:
            # `hurry` may have come in between.
            left = (self._until if deadline == math.inf else deadline) - time.monotonic()
            if left <= 0:
                return
            self.outbox.pause(step, left)
            step = self._alone(attempt)

    def _attempt(self, line: _Line) -> Step:
        """Write a part of what waits, and find a place for a line that has none; done when it is out."""
        outbox = self.outbox
        if outbox.backlog.has_left(line.place):
            return Step.DONE
        step = outbox.step()
        if not line.place:
            line.place = outbox.put(line.data, line.terms)
            step = outbox.step() if line.place else step
        return Step.DONE if outbox.backlog.has_left(line.place) else step

    def _part_with(self, line: _Line) -> Step:
        """Leave what is not out to the thread, and drop a line that found no place."""
        outbox = self.outbox
        if not line.place and line.terms.blocks and time.monotonic() < self._until:
            # Its call may not wait, or was interrupted, and no line is given up.
            line.place = outbox.put(line.data, line.terms, bounded=False)
        if not line.place:
            outbox.drop(line.terms)
        if outbox.turn is not None and not outbox.backlog.has_left(line.place):
            outbox.turn.step_back()
        if outbox.backlog:
            self._leave_to_others()
        return Step.DONE

    def _leave_to_others(self) -> None:
        """Have the thread write out what waits; without it later calls do, and at the end nobody."""
        if self._closing:
            self.outbox.give_up()
        elif not self._drained:
            self._drained = True
            try:
                # Unlike `threading.Thread.start` this waits for nothing and takes no lock, which the
                # code that a signal handler interrupted may hold.
                _thread.start_new_thread(self._drain, ())
            except RuntimeError:
                self._drained = False

    def _drain(self) -> None:
        """Write out what waits, in a thread of its own, until nothing is left."""
        with _DRAINER:
            step = Step.MOVED
            while step in TO_GO_ON and not self._closing:
                self.outbox.pause(step, math.inf)
                step = self._alone(self._drain_step)
            return
        self._drained = False

    def _drain_step(self) -> Step:
        step = self.outbox.step()
        self._drained = step in TO_GO_ON
        return step

    def _alone(self, work: Callable[[], Step], deadline: float = math.inf) -> Step:
        """Do a part of the work while no other thread is at it; lines that came meanwhile follow."""
        if deadline == math.inf:
            # A signal handler that raises cannot come between the taking of a lock and a `with` block.
            with self._lock:
                return self._unless_busy(work)
        if not self._lock.acquire(timeout=_timeout(deadline - time.monotonic())):
            return Step.BUSY
        try:
            return self._unless_busy(work)
        finally:
            self._lock.release()

    def _unless_busy(self, work: Callable[[], Step]) -> Step:
        if self._busy:
            return Step.BUSY
        self._busy = True
        try:
            step = work()
        finally:
            self._busy = False
        return self._unless_busy(self._catch_up) if self._late else step

    def _catch_up(self) -> Step:
        """Write lines that came in the middle of something, without waiting: their calls are over."""
        step = Step.DONE
        while self._late:
            data, terms = self._late.popleft()
            line = _Line(data, terms, self.outbox.put(data, terms))
            step = self._attempt(line)
            self._part_with(line)
        return step


def _timeout(seconds: float) -> float:
    """Return seconds as locks take them."""
    return -1.0 if seconds == math.inf else max(0.0, seconds)
