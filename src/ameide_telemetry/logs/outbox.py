"""What is on its way to one stream: lines that wait, whose turn it is, and what was lost.

Everything here is one step that never waits, for a thread that has the outbox for itself: its channel sees
to both.
"""

from __future__ import annotations

import enum
import errno
import time
from typing import TYPE_CHECKING, Final

from ameide_telemetry.logs.backlog import Backlog
from ameide_telemetry.logs.losses import LastWord, Losses
from ameide_telemetry.logs.outlet import open_outlet
from ameide_telemetry.logs.patience import Patience
from ameide_telemetry.logs.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.logs.outlet import Outlet
    from ameide_telemetry.logs.terms import Terms

__all__ = ["BACKLOG_BYTES", "TO_GO_ON", "Outbox", "Step"]

BACKLOG_BYTES: Final = 1 << 20
# What one turn may write: as much as a pipe usually holds. Many lines that wait then cost one turn.
_TURN_BYTES: Final = 1 << 16
_TURN_STEP: Final = 0.0001
_LONGEST_WAIT: Final = 0.1
_CLOSED: Final = "stream_closed"
_FULL: Final = "stream_full"
_SHUTDOWN: Final = "shutdown"
# A full disk takes lines again when somebody has made room.
_REASONS: Final = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL}


class Step(enum.Enum):
    """What came of one attempt to write."""

    DONE = "nothing is left"
    MOVED = "there is more to write"
    FULL = "the reader has to read first"
    REFUSED = "another process has the turn"
    BUSY = "this very thread is at it, further down its stack"


TO_GO_ON: Final = frozenset({Step.MOVED, Step.FULL, Step.REFUSED})


class Outbox:
    """Lines on their way to a descriptor.

    Args:
        descriptor: of the stream; it is not opened before the first line.

    Attributes:
        backlog: the lines that wait.
        fast: writes a line while nothing waits and there is nothing to say, and returns how much went out.
        losses: what was lost and not said yet.
        patience: how long calls wait.
        turn: the right to write; None before the first line.
    """

    __slots__ = ("_descriptor", "_last_word", "_terms", "backlog", "fast", "losses", "patience", "turn")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._last_word = LastWord()
        self._terms: Terms | None = None
        self.backlog = Backlog(BACKLOG_BYTES)
        self.fast: Callable[[bytes], int] = _nothing
        self.losses = Losses()
        self.patience = Patience()
        self.turn: Turn | None = None

    def put(self, data: bytes, terms: Terms, *, out: int = 0, bounded: bool = True) -> int:
        """Have a line wait, and return its place in the backlog; 0 when there is no room for it."""
        self._terms = terms
        self.fast = _nothing
        return self.backlog.put(data, terms.ledger, out=out, bounded=bounded)

    def drop(self, terms: Terms) -> None:
        """Count a line for which there was no room."""
        terms.ledger.emit()
        terms.ledger.drop(_FULL)
        self.losses.add(_FULL)

    def step(self) -> Step:
        """Write a part of what waits if that is possible without waiting."""
        if not self.backlog:
            # Nothing is asked of a stream that may have been closed, or be somebody else's by now.
            return Step.DONE
        try:
            turn = self._current_turn()
            if not turn.take():
                if turn.outlet.writable():
                    self.patience.moved()
                return Step.REFUSED
            try:
                self._write_chunks(turn.outlet)
            finally:
                if not self.backlog.begun:
                    turn.leave()
        except BlockingIOError:
            return Step.FULL
        except OSError as error:
            self._fail(error)
            return Step.DONE
        return Step.MOVED if self.backlog else self._settle(turn)

    def last_step(self) -> Step:
        """Do the same at the end of the process, where losses are said at once."""
        step = self.step()
        if step is Step.DONE and self.losses.due(at_once=True) and self._say_losses():
            step = self.step()
        return step

    def give_up(self) -> Step:
        """Count what waits as dropped, because the process ends."""
        self.losses.add(_SHUTDOWN, self.backlog.give_up(_SHUTDOWN))
        return Step.DONE

    def pause(self, step: Step, seconds: float) -> None:
        """Wait until it is worth another step after this one, at most for the time given.

        The only thing here that waits; any thread may do it at any time.
        """
        turn = self.turn
        if turn is None or step is Step.MOVED:
            return
        if step is Step.FULL or not turn.outlet.writable():
            turn.outlet.wait(min(seconds, _LONGEST_WAIT))
        else:
            time.sleep(max(0.0, min(seconds, _TURN_STEP)))

    def close(self) -> None:
        """Close what was opened for it."""
        if self.turn is not None:
            self.turn.outlet.close()

    def _write_chunks(self, outlet: Outlet) -> None:
        """Write what one turn may: other processes wait for theirs."""
        left = _TURN_BYTES
        while self.backlog and left > 0:
            out: list[int] = []
            try:
                # One call for the interpreter: a signal handler that raises cannot come between the writing
                # and the noting of what was written, or a part of a line would be written twice.
                out.extend(map(outlet.write, (self.backlog.chunk(),)))
            finally:
                self.backlog.advance(sum(out))
            left -= sum(out)
            self.patience.moved()

    def _settle(self, turn: Turn) -> Step:
        """Say what was lost, now that the stream takes lines again, and go back to the fast way."""
        self._last_word.over()
        if self.losses.due() and self._say_losses():
            return self.step()
        self.patience.caught_up()
        if turn.outlet.shared:
            turn.looked()
            self.fast = turn.write
        elif not self.losses:
            self.fast = turn.outlet.write
        return Step.DONE

    def _say_losses(self) -> bool:
        terms = self._terms
        line = self.losses.line(terms.notice) if terms is not None else None
        return terms is not None and line is not None and self.backlog.put(line, terms.ledger) > 0

    def _current_turn(self) -> Turn:
        turn = self.turn
        if turn is not None and not turn.outlet.is_current():
            # Somebody redirected the descriptor: half a line went where nobody can complete it any more.
            turn.outlet.close()
            turn = self.turn = None
            self.losses.add(_CLOSED, self.backlog.forget_half(_CLOSED))
        if turn is None:
            turn = self.turn = Turn(open_outlet(self._descriptor))
        return turn

    def _fail(self, error: OSError) -> None:
        reason = _REASONS.get(error.errno or 0, _CLOSED)
        self.losses.add(reason, self.backlog.give_up(reason, complete=reason != _CLOSED))
        if self._terms is not None:
            self._last_word.say(reason, error.strerror, self._terms.notice)
        if self.turn is not None:
            self.turn.leave()


def _nothing(_data: bytes) -> int:
    return 0
