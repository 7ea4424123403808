"""The bounded queue."""

from __future__ import annotations

import logging
import signal as signal_module
import threading
from collections import deque
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.export.budget import ByteBudget
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.ledger import SignalLedger
from support.pipelines import ScriptedSender, deadline, scripted, wait_until

if TYPE_CHECKING:
    from types import FrameType

    from ameide_telemetry.ledger import Signal


def pipeline(
    sender: ScriptedSender,
    *,
    signal: Signal = "traces",
    size: int = 1000,
    batch: int = 100,
    budget: ByteBudget | None = None,
) -> QueuePipeline:
    return QueuePipeline(
        signal,
        ledger=SignalLedger(),
        destination=scripted(sender),
        delay=60,
        max_queue_size=size,
        max_batch_size=batch,
        budget=budget,
    )


def hangs_until(release: threading.Event) -> ScriptedSender:
    return ScriptedSender(lambda _: None if release.wait(30) else "late")


def test_a_full_queue_drops_what_comes_on_top(caplog: pytest.LogCaptureFixture) -> None:
    """While the collector hangs the queue takes its size and no more; the rest is counted, and said once."""
    release = threading.Event()
    sent = pipeline(hangs_until(release), size=20, batch=10)
    with caplog.at_level(logging.WARNING, logger="ameide_telemetry"):
        for number in range(500):
            sent.put(number)
        counts = sent.status()["counts"]
        assert counts["dropped_by_reason"].keys() == {"queue_full"}
        assert counts["queued"] in {20, 30}  # a batch of ten may be on its way
        assert not caplog.records  # the worker says it, and the worker is in the midst of an attempt
        release.set()
        assert sent.shutdown(deadline(10)).queued == 0
    lost = counts["dropped"]
    assert [f": {lost} queue_full; " in record.getMessage() for record in caplog.records] == [True]


def test_bytes_are_bounded_for_all_signals_together() -> None:
    """What does not fit is dropped as such; what is gone, delivered or not, makes room for the next."""
    release, budget = threading.Event(), ByteBudget(1000)
    traces = pipeline(hangs_until(release), budget=budget)
    logs = pipeline(hangs_until(release), signal="logs", budget=budget)
    for _ in range(6):
        traces.put("span", 100)
        logs.put("line", 100)
    assert traces.status()["counts"]["queued"] + logs.status()["counts"]["queued"] == 10
    assert logs.status()["counts"]["dropped_by_reason"] == {"queue_bytes_full": 1}
    assert budget.used == 1000
    logs.put("without a size")
    release.set()
    assert traces.force_flush(deadline(10))
    assert logs.force_flush(deadline(10))
    assert budget.used == 0
    traces.put("fits again", 1000)
    traces.shutdown(deadline(10))
    logs.shutdown(deadline(10))
    assert budget.used == 0


@pytest.mark.parametrize("answer", [None, "http_400"])
def test_bytes_on_their_way_count_until_the_end(answer: str | None) -> None:
    """A batch that is being sent still takes its memory; delivered or given up, it takes none."""
    release, sending, budget = threading.Event(), threading.Event(), ByteBudget(1000)

    def hang(_: object) -> str | None:
        sending.set()
        release.wait(30)
        return answer

    sent = pipeline(ScriptedSender(hang), budget=budget)
    sent.put("a", 700)
    sent.begin_flush()
    assert sending.wait(10)
    assert budget.used == 700
    release.set()
    sent.force_flush(deadline(10))
    assert budget.used == 0
    sent.shutdown(deadline(10))


def test_what_a_shutdown_gives_up_takes_no_bytes() -> None:
    """Neither what waited nor what was on its way, nor what comes too late."""
    release, budget = threading.Event(), ByteBudget(1000)
    sent = pipeline(hangs_until(release), batch=2, budget=budget)
    for _ in range(5):
        sent.put("a", 100)
    sent.shutdown(deadline(0.1))
    assert budget.used == 0
    sent.put("late", 100)
    assert budget.used == 0
    release.set()
    assert sent.status()["counts"]["dropped_by_reason"] == {"after_shutdown": 1, "shutdown": 5}


def test_a_record_that_overtakes_the_shutdown_is_counted() -> None:
    """One that was let in just before, and is queued just after everything was given up, does not stay."""
    budget = ByteBudget(1000)
    sent = pipeline(ScriptedSender(), budget=budget)
    queue = sent._queue

    class Late(deque[tuple[object, int]]):
        def append(self, record: tuple[object, int]) -> None:
            sent.shutdown(deadline(5))
            super().append(record)

    sent._queue = Late(queue)
    sent.put("late", 10)
    counts = sent.status()["counts"]
    assert (counts["queued"], counts["dropped_by_reason"]) == (0, {"after_shutdown": 1})
    assert budget.used == 0


def test_a_batch_ends_at_two_mebibytes() -> None:
    """However few records that are; one that is larger travels alone."""
    sender = ScriptedSender()
    sent = pipeline(sender, budget=ByteBudget(100 * 2**20))
    for size in (900_000, 900_000, 900_000, 3_000_000, 10, 10):
        sent.put(size, size)
    assert sent.force_flush(deadline(10))
    assert sender.sent == [[900_000, 900_000], [900_000], [3_000_000], [10, 10]]
    sent.shutdown(deadline(5))


def test_many_bytes_wake_the_worker() -> None:
    """A batch that is full of bytes goes at once, as one does that is full of records."""
    sender = ScriptedSender()
    sent = pipeline(sender)
    for _ in range(5):
        sent.put("x", 500_000)
    assert wait_until(lambda: sum(len(batch) for batch in sender.sent) == 5)
    sent.shutdown(deadline(5))


def test_a_record_may_be_put_in_a_signal_handler_that_interrupts_a_put() -> None:
    """Thousands of interruptions: no deadlock, every record is counted, the bytes are exact."""
    sender, budget = ScriptedSender(), ByteBudget(10_000)
    sent = pipeline(sender, budget=budget)
    handled = 0

    def handler(number: int, frame: FrameType | None) -> None:
        nonlocal handled
        handled += 1
        sent.put("of the handler", 100)
        sent.request_flush()

    before = signal_module.signal(signal_module.SIGALRM, handler)
    signal_module.setitimer(signal_module.ITIMER_REAL, 0.0003, 0.0003)
    puts, end = 0, deadline(30)
    try:
        while handled < 1000 and deadline(0) < end:
            sent.put("of the thread", 100)
            puts += 1
    finally:
        signal_module.setitimer(signal_module.ITIMER_REAL, 0)
        signal_module.signal(signal_module.SIGALRM, before)
    assert handled >= 1000
    sent.shutdown(deadline(30))
    counts = sent.status()["counts"]
    assert counts["emitted"] == puts + handled == counts["delivered"] + counts["dropped"]
    assert counts["delivered"] == sum(len(batch) for batch in sender.sent)
    assert budget.used == 0


@given(
    steps=st.lists(st.sampled_from(["put", "bad", "flush", "fail", "heal"]), max_size=30),
    size=st.integers(1, 8),
    batch=st.integers(1, 8),
)
def test_the_balance_is_exact_whatever_happens(steps: list[str], size: int, batch: int) -> None:
    """emitted = delivered + dropped + queued after every step, and nothing is queued at the end."""
    sender = ScriptedSender()
    sent = QueuePipeline(
        "logs",
        ledger=SignalLedger(),
        destination=scripted(sender),
        delay=60,
        max_queue_size=size,
        max_batch_size=batch,
    )
    puts = 0
    for step in steps:
        if step in {"put", "bad"}:
            sent.put(step)
            puts += 1
        elif step == "flush":
            assert sent.force_flush(deadline(10)).queued == 0
        else:
            sender.answer = "http_503" if step == "fail" else None
        assert sent.status()["counts"]["queued"] >= 0
    sent.shutdown(deadline(10))
    counts = sent.status()["counts"]
    assert counts["emitted"] == puts == counts["delivered"] + counts["dropped"]
    assert sum(len(records) for records in sender.sent) == counts["delivered"]
