"""The balance of records."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.ledger import Ledger, SignalLedger


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
    ledger.lines.pass_through(2)
    ledger.reset()
    assert {name: counts["emitted"] for name, counts in ledger.counts().items()} == {
        "traces": 0,
        "metrics": 0,
        "logs": 0,
        "lines": 0,
    }
