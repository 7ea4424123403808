"""The balance of records."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.ledger import Ledger, SignalLedger

if TYPE_CHECKING:
    from types import FrameType


@given(
    emitted=st.integers(0, 1000),
    delivered=st.integers(0, 400),
    dropped=st.dictionaries(st.sampled_from(["queue_full", "shutdown"]), st.integers(0, 300)),
)
def test_the_balance_always_holds(emitted: int, delivered: int, dropped: dict[str, int]) -> None:
    """Emitted equals delivered plus dropped plus queued, whatever was counted."""
    ledger = SignalLedger()
    ledger.emit(emitted)
    ledger.deliver(delivered)
    for reason, count in dropped.items():
        ledger.drop(reason, count)
    counts = ledger.counts()
    assert counts["emitted"] == counts["delivered"] + counts["dropped"] + counts["queued"]
    assert counts["dropped_by_reason"] == {
        reason: count for reason, count in sorted(dropped.items()) if count
    }


def test_threads_lose_no_count() -> None:
    """Counting is exact when threads count at once."""
    ledger = SignalLedger()

    def count() -> None:
        for _ in range(5_000):
            ledger.emit()
            ledger.deliver()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert ledger.counts()["delivered"] == 20_000


def test_reset_starts_every_signal_from_zero() -> None:
    """A forked child has emitted nothing yet."""
    ledger = Ledger()
    ledger.traces.emit(3)
    ledger.lines.pass_one()
    ledger.lines.pass_one()
    ledger.reset()
    assert {name: counts["emitted"] for name, counts in ledger.counts().items()} == {
        "traces": 0,
        "metrics": 0,
        "logs": 0,
        "lines": 0,
    }


def test_a_signal_handler_counts_while_its_thread_counts() -> None:
    """Thousands of interruptions, each of which counts and reads: no deadlock and no lost count."""
    ledger, handled = SignalLedger(), [0]

    def handler(number: int, frame: FrameType | None) -> None:
        handled[0] += 1
        ledger.emit()
        ledger.drop("storm")
        assert ledger.counts()["queued"] >= 0

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
    counted, end = 0, time.monotonic() + 30
    try:
        while handled[0] < 1000 and time.monotonic() < end:
            ledger.emit()
            ledger.drop("queue_full")
            ledger.pass_one()
            ledger.pass_one()
            counted += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    counts = ledger.counts()
    assert handled[0] >= 1000
    assert counts["dropped_by_reason"] == {"queue_full": counted, "storm": handled[0]}
    assert (counts["emitted"], counts["queued"]) == (counted * 3 + handled[0], 0)


def test_no_count_goes_backwards() -> None:
    """Counting nothing, or less than nothing, changes nothing."""
    ledger = SignalLedger()
    for count in (0, -5):
        ledger.emit(count)
        ledger.deliver(count)
        ledger.drop("storm", count)
    assert ledger.counts()["emitted"] == ledger.counts()["dropped"] == 0
    assert ledger.counts()["queued"] == 0


def test_whoever_reads_sees_nothing_delivered_that_was_not_emitted() -> None:
    """Read thousands of times while others count, no balance is ever below zero."""
    ledger, done = SignalLedger(), threading.Event()

    def count() -> None:
        while not done.is_set():
            ledger.emit(3)
            ledger.drop("queue_full")
            ledger.deliver(2)
            ledger.pass_one()

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert min(ledger.counts()["queued"] for _ in range(5_000)) >= 0
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert ledger.counts()["queued"] == 0
