"""One process's side of one stream: a line is in the pipe when the call returns, or waits, or is counted.

In health a call writes its line itself and returns. When the reader stalls, a call waits a few
milliseconds at most; then its line waits in a bounded backlog, which later calls and a thread write out in
order. Lines that find no room are dropped and counted; those that waited longest stay.

Everything here belongs to one process. A forked child makes its own: the lock may be held by a thread that
the child does not have, and lines that wait are the parent's to write.
"""

from __future__ import annotations

import _thread
import enum
import errno
import math
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry import guard
from ameide_telemetry.logs.backlog import Backlog
from ameide_telemetry.logs.losses import Losses, last_word
from ameide_telemetry.logs.outlet import open_outlet
from ameide_telemetry.logs.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.ledger import SignalLedger
    from ameide_telemetry.logs.outlet import Outlet

__all__ = ["Channel", "Terms"]

BACKLOG_BYTES: Final = 1 << 20
# Less than the 10 ms that a call may take. A reader that works frees a full pipe much sooner.
_PATIENCE_SECONDS: Final = 0.004
_FLUSH_SECONDS: Final = 0.05
_TURN_STEP: Final = 0.0001
_LONGEST_WAIT: Final = 0.1
_CLOSED: Final = "stream_closed"
_FULL: Final = "stream_full"
_SHUTDOWN: Final = "shutdown"
# A full disk takes lines again when somebody has made room.
_REASONS: Final = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL}
_SLOWLY: Final = guard.site("logs.backlog")
_NOTICE: Final = guard.site("logs.notice")
_DRAINER: Final = guard.site("logs.drainer", thread=True)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """On what terms a sink writes.

    Attributes:
        ledger: where its lines are counted.
        blocks: whether a call waits for as long as the reader stalls.
        notice: renders a message and its fields as a line of our own; None says nothing.
    """

    ledger: SignalLedger
    blocks: bool = False
    notice: Callable[[str, Mapping[str, object]], bytes] | None = None


class _Step(enum.Enum):
    """What came of one attempt to write."""

    DONE = "nothing is left"
    MOVED = "there is more to write"
    FULL = "the reader has to read first"
    REFUSED = "another process has the turn"
    BUSY = "this very thread is at it, further down its stack"


_TO_WAIT: Final = frozenset({_Step.FULL, _Step.REFUSED})
_TO_GO_ON: Final = frozenset({_Step.MOVED, *_TO_WAIT})


class Channel:
    """Writes lines to a descriptor.

    Args:
        descriptor: of the stream; it is not opened before the first line.

    Attributes:
        pid: of the process that this belongs to.
        descriptor: as given.
    """

    __slots__ = (
        "_backlog",
        "_busy",
        "_closing",
        "_drained",
        "_fast",
        "_heirs",
        "_late",
        "_lock",
        "_losses",
        "_said_closed",
        "_stalls",
        "_terms",
        "_turn",
        "descriptor",
        "pid",
    )

    def __init__(self, descriptor: int) -> None:
        self.pid = os.getpid()
        self._heirs: dict[int, Channel] = {}
        self.descriptor = descriptor
        # Reentrant, because a signal handler may log while this very thread is writing.
        self._lock = threading.RLock()
        self._busy = False
        self._late: deque[tuple[bytes, Terms]] = deque()
        self._turn: Turn | None = None
        # How a line is written while nothing waits and there is nothing to say.
        self._fast: Callable[[bytes], int] = _nothing
        self._backlog = Backlog(BACKLOG_BYTES)
        self._losses = Losses()
        self._terms: Terms | None = None
        # Whether nothing was read since a call last began to wait for room: no other then waits in vain.
        self._stalls = False
        self._drained = False
        self._closing = False
        self._said_closed = False

    def write(self, data: bytes, terms: Terms) -> None:
        """Write one line, newline included. Never raises."""
        with self._lock:
            if self._busy:
                # A signal handler, or the finalizer of some object, logs in the middle of what follows.
                self._late.append((data, terms))
                return
            self._busy = True
            try:
                try:
                    out = self._fast(data)
                except OSError:
                    out = 0
                if out == len(data):
                    terms.ledger.pass_one()
                else:
                    _SLOWLY.call(self._slowly, data, terms, out)
            finally:
                self._busy = False
            if self._late:
                self._catch_up()

    def flush(self) -> None:
        """Write out what the stream takes at once, and wait for nothing."""
        # Whoever holds the lock for longer waits for the reader, as `block` asks, and this does not.
        deadline = time.monotonic() + _FLUSH_SECONDS
        step = _Step.MOVED
        while step is _Step.MOVED and self._backlog:
            step = self._alone(self._step, deadline)

    def drain(self, deadline: float) -> None:
        """Write out what waits until `deadline` (`time.monotonic()`) and count the rest as dropped.

        For the end of the process: from now on no thread is started and no line waits for one.
        """
        self._closing = True
        step = self._alone(self._last_step, deadline)
        while step in _TO_GO_ON and time.monotonic() < deadline:
            self._pause(step, deadline - time.monotonic())
            step = self._alone(self._last_step, deadline)
        if step in _TO_GO_ON:
            self._alone(self._give_up, deadline)

    def resume(self) -> None:
        """Let lines wait again after `drain`: the process has not ended, and telemetry was started anew."""
        self._closing = False

    def heir(self) -> Channel:
        """Return what takes this one's place in a forked child, the same for everybody who asks."""
        fresh = Channel(self.descriptor)
        # Atomic, and without a lock that somebody could have held at the fork.
        heir = self._heirs.setdefault(fresh.pid, fresh)
        if heir is fresh and self._turn is not None:
            self._turn.outlet.close()
        return heir

    def _slowly(self, data: bytes, terms: Terms, out: int) -> None:
        """Write a line for which there is no room, or that has others before it."""
        self._terms = terms
        self._fast = _nothing
        if terms.blocks and self._backlog:
            self._push(math.inf)
        alone = not self._backlog
        if not self._queued(data, terms, out):
            return
        if alone or terms.blocks:
            self._push(math.inf if terms.blocks else _PATIENCE_SECONDS)
        else:
            self._push(_PATIENCE_SECONDS, _Step.MOVED)
        if self._backlog:
            self._leave_to_others()

    def _queued(self, data: bytes, terms: Terms, out: int) -> bool:
        """Have a line wait, if need be when a reader that reads has made room for it; else it is dropped."""
        fits = self._backlog.put(data, terms.ledger, out=out)
        if not fits:
            deadline = time.monotonic() + (0.0 if self._stalls else _PATIENCE_SECONDS)
            self._stalls = True
            while not fits and self._progress(deadline):
                fits = self._backlog.put(data, terms.ledger)
        if not fits:
            terms.ledger.emit()
            terms.ledger.drop(_FULL)
            self._losses.add(_FULL)
        return fits

    def _progress(self, deadline: float) -> bool:
        """Write a part of what waits, or wait until that may be possible; False when the time is over."""
        step = self._step()
        left = deadline - time.monotonic()
        if left > 0 and step in _TO_WAIT:
            self._pause(step, left)
        return left > 0 or step not in _TO_WAIT

    def _push(self, seconds: float, *while_step: _Step) -> None:
        """Write out what waits, for a time at most, and only while each step is one of those given."""
        going = while_step or _TO_GO_ON
        deadline = time.monotonic() + seconds
        step = self._step()
        while step in going and (left := deadline - time.monotonic()) > 0:
            self._pause(step, left)
            step = self._step()

    def _leave_to_others(self) -> None:
        """Have the thread write out what waits; without it later calls do, and at the end nobody."""
        if self._closing:
            self._give_up()
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
            step = _Step.MOVED
            while step in _TO_GO_ON and not self._closing:
                self._pause(step, _LONGEST_WAIT)
                step = self._alone(self._drain_step)
            return
        self._drained = False

    def _drain_step(self) -> _Step:
        step = self._step()
        self._drained = step in _TO_GO_ON
        return step

    def _last_step(self) -> _Step:
        step = self._step() if self._backlog else _Step.DONE
        if step is _Step.DONE and self._losses.due(at_once=True) and self._say_losses():
            step = self._step()
        return step

    def _step(self) -> _Step:
        """Write a part of what waits if that is possible without waiting."""
        try:
            turn = self._current_turn()
            if not turn.take():
                self._stalls = self._stalls and not turn.outlet.writable()
                return _Step.REFUSED
            try:
                self._write_chunk(turn.outlet)
            finally:
                if not self._backlog.begun:
                    turn.leave()
        except BlockingIOError:
            return _Step.FULL
        except OSError as error:
            self._fail(error)
            return _Step.DONE
        return _Step.MOVED if self._backlog else self._settle(turn)

    def _write_chunk(self, outlet: Outlet) -> None:
        if not self._backlog:
            return
        out: list[int] = []
        try:
            # One call for the interpreter: a signal handler that raises cannot come between the writing
            # and the noting of what was written, or a part of a line would be written twice.
            out.extend(map(outlet.write, (self._backlog.chunk(),)))
        finally:
            self._backlog.advance(sum(out))
            self._stalls = self._stalls and not out

    def _settle(self, turn: Turn) -> _Step:
        """Say what was lost, now that the stream takes lines again, and go back to the fast way."""
        if self._losses.due() and self._say_losses():
            return _Step.MOVED
        if turn.outlet.shared:
            turn.looked()
            self._fast = turn.write
        elif not self._losses:
            self._fast = turn.outlet.write
        return _Step.DONE

    def _say_losses(self) -> bool:
        terms = self._terms
        if terms is None or terms.notice is None:
            return False
        message, reasons = self._losses.take()
        line = _NOTICE.call(terms.notice, message, {"dropped_by_reason": reasons})
        return line is not None and self._backlog.put(line, terms.ledger)

    def _current_turn(self) -> Turn:
        turn = self._turn
        if turn is not None and not turn.outlet.is_current():
            # Somebody redirected the descriptor: half a line went where nobody can complete it any more.
            turn.outlet.close()
            turn = self._turn = None
            self._losses.add(_CLOSED, self._backlog.forget_half(_CLOSED))
        if turn is None:
            turn = self._turn = Turn(open_outlet(self.descriptor))
        return turn

    def _fail(self, error: OSError) -> None:
        reason = _REASONS.get(error.errno or 0, _CLOSED)
        self._losses.add(reason, self._backlog.give_up(reason, complete=reason != _CLOSED))
        if self._said_closed or self._terms is None or self._terms.notice is None:
            return
        self._said_closed = True
        message = f"stdout takes no log lines ({error.strerror}); they are dropped and counted"
        line = _NOTICE.call(self._terms.notice, message, {"reason": reason})
        if line is not None:
            last_word(line)
        if self._turn is not None:
            self._turn.leave()

    def _give_up(self) -> _Step:
        self._losses.add(_SHUTDOWN, self._backlog.give_up(_SHUTDOWN))
        return _Step.DONE

    def _pause(self, step: _Step, seconds: float) -> None:
        """Wait until it is worth another attempt, at most for the time given."""
        turn = self._turn
        if step is _Step.FULL and turn is not None:
            turn.outlet.wait(min(seconds, _LONGEST_WAIT))
        elif step is _Step.REFUSED:
            time.sleep(max(0.0, min(seconds, _TURN_STEP)))

    def _alone(self, work: Callable[[], _Step], deadline: float = math.inf) -> _Step:
        """Do a part of the work while no other thread is at it; lines that came meanwhile follow."""
        seconds = -1.0 if deadline == math.inf else max(0.0, deadline - time.monotonic())
        if not self._lock.acquire(timeout=seconds):
            return _Step.BUSY
        try:
            if self._busy:
                return _Step.BUSY
            self._busy = True
            try:
                return work()
            finally:
                self._busy = False
        finally:
            if not self._busy and self._late:
                self._catch_up()
            self._lock.release()

    def _catch_up(self) -> None:
        while self._late:
            self.write(*self._late.popleft())


def _nothing(_data: bytes) -> int:
    return 0
