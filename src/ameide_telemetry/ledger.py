"""What became of every record: emitted = delivered + dropped (by reason) + queued, per signal.

What is emitted, delivered and dropped is counted exactly; `queued` is what is left, so a pipeline that
loses a record without saying so shows a queue that never empties.

No count takes a lock. Records are counted on threads of the service, and a signal handler may come in
anywhere there: it must be able to count too, and the thread that sends must never wait for the thread that
was interrupted.
"""

from __future__ import annotations

import sys
from collections import deque
from itertools import islice
from operator import length_hint
from typing import TYPE_CHECKING, Final, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ASKED_FOR", "Counts", "Ledger", "Signal", "SignalLedger"]

Signal = Literal["traces", "metrics", "logs"]
# Reasons of drops that the settings ask for.
ASKED_FOR: Final = frozenset({"storm"})


class Counts(TypedDict):
    """One signal's balance, in records (spans, metric data points, log records)."""

    emitted: int
    delivered: int
    dropped: int
    dropped_by_reason: dict[str, int]
    queued: int


class _Tally:
    """A number that any thread may raise without losing a count.

    One step of an iterator that is written in C cannot be interrupted, neither by another thread nor by a
    signal handler; reading how many steps are left takes none.
    """

    __slots__ = ("_steps", "step")

    def __init__(self) -> None:
        self._steps = iter(range(sys.maxsize))
        # Bound once, because this is called for every record.
        self.step = self._steps.__next__

    def add(self, count: int) -> None:
        deque(islice(self._steps, max(0, count)), maxlen=0)

    def read(self) -> int:
        return sys.maxsize - length_hint(self._steps)


class SignalLedger:
    """The exact balance of one signal. Safe to share between threads and with signal handlers.

    Attributes:
        emit_one: counts one record handed to telemetry by the service; cheaper than `emit`.
        pass_one: counts one record that was emitted and delivered in one step, as lines on stdout are.
    """

    __slots__ = ("_delivered", "_dropped", "_emitted", "_lost_after", "_passed", "emit_one", "pass_one")

    def __init__(self) -> None:
        self.reset()

    def emit(self, count: int = 1) -> None:
        """Count records handed to telemetry by the service."""
        self._emitted.add(count)

    def deliver(self, count: int = 1) -> None:
        """Count records that the receiving side acknowledged."""
        self._delivered.add(count)

    def drop(self, reason: str, count: int = 1) -> None:
        """Count records given up, by a short snake_case reason such as `queue_full`."""
        if count > 0:
            tally = self._dropped.get(reason)
            (self._dropped.setdefault(reason, _Tally()) if tally is None else tally).add(count)
            if reason not in ASKED_FOR:
                self._lost_after = self._all_delivered()

    def losing(self) -> bool:
        """Return whether records were dropped that nobody asked to drop, and none was delivered since."""
        return self._lost_after == self._all_delivered()

    def dropped_by_reason(self) -> dict[str, int]:
        """Return how many records were given up so far, by reason."""
        return {reason: tally.read() for reason, tally in sorted(self._dropped.copy().items())}

    def counts(self) -> Counts:
        """Return a copy of the balance, in which nothing is delivered or dropped that was not emitted."""
        # What is counted last is read first: a record that ends in between counts as queued.
        by_reason = self.dropped_by_reason()
        passed = self._passed.read()
        delivered = self._delivered.read() + passed
        emitted = self._emitted.read() + passed
        dropped = sum(by_reason.values())
        return {
            "emitted": emitted,
            "delivered": delivered,
            "dropped": dropped,
            "dropped_by_reason": by_reason,
            "queued": emitted - delivered - dropped,
        }

    def _all_delivered(self) -> int:
        return self._delivered.read() + self._passed.read()

    def reset(self) -> None:
        """Start from zero: for a forked child, which emitted nothing yet."""
        self._emitted = _Tally()
        self._delivered = _Tally()
        self._passed = _Tally()
        self.emit_one: Callable[[], object] = self._emitted.step
        self.pass_one: Callable[[], object] = self._passed.step
        self._dropped: dict[str, _Tally] = {}
        # How many had been delivered when records were last lost.
        self._lost_after = -1


class Ledger:
    """The balances of the three signals that leave over OTLP, and of the lines on stdout."""

    __slots__ = ("lines", "logs", "metrics", "traces")

    def __init__(self) -> None:
        self.traces = SignalLedger()
        self.metrics = SignalLedger()
        self.logs = SignalLedger()
        self.lines = SignalLedger()

    def counts(self) -> Mapping[str, Counts]:
        """Return every balance by name: `traces`, `metrics`, `logs` (OTLP) and `lines` (stdout)."""
        return {name: getattr(self, name).counts() for name in self.__slots__[::-1]}

    def reset(self) -> None:
        """Start every balance from zero."""
        for name in self.__slots__:
            getattr(self, name).reset()
