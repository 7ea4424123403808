"""What became of every record: emitted = delivered + dropped (by reason) + queued, per signal.

The three counts are exact and live under one lock per signal; `queued` is what is left of them, so a
pipeline that loses a record without saying so shows a queue that never empties.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Counts", "Ledger", "Signal", "SignalLedger"]

Signal = Literal["traces", "metrics", "logs"]


class Counts(TypedDict):
    """One signal's balance, in records (spans, metric data points, log records)."""

    emitted: int
    delivered: int
    dropped: int
    dropped_by_reason: dict[str, int]
    queued: int


class SignalLedger:
    """The exact balance of one signal. Safe to share between threads."""

    __slots__ = ("_delivered", "_dropped", "_emitted", "_lock")

    def __init__(self) -> None:
        self.reset()

    def emit(self, count: int = 1) -> None:
        """Count records handed to telemetry by the service."""
        with self._lock:
            self._emitted += count

    def deliver(self, count: int = 1) -> None:
        """Count records that the receiving side acknowledged."""
        with self._lock:
            self._delivered += count

    def pass_through(self, count: int = 1) -> None:
        """Count records that were emitted and delivered in one step, as lines on stdout are.

        Takes no lock, for its caller holds one of its own through which all counts of this balance go.
        """
        self._emitted += count
        self._delivered += count

    def drop(self, reason: str, count: int = 1) -> None:
        """Count records given up, by a short snake_case reason such as `queue_full`."""
        if not count:
            return
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + count

    def counts(self) -> Counts:
        """Return a consistent copy of the balance."""
        with self._lock:
            dropped = sum(self._dropped.values())
            return {
                "emitted": self._emitted,
                "delivered": self._delivered,
                "dropped": dropped,
                "dropped_by_reason": dict(sorted(self._dropped.items())),
                "queued": self._emitted - self._delivered - dropped,
            }

    def reset(self) -> None:
        """Start from zero with a fresh lock: for a forked child, which emitted nothing yet."""
        self._lock = threading.Lock()
        self._emitted = 0
        self._delivered = 0
        self._dropped: dict[str, int] = {}


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
