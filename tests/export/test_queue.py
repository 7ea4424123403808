"""The bounded queue."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry import guard
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.ledger import SignalLedger
from support.pipelines import ScriptedSender, deadline, scripted

if TYPE_CHECKING:
    import pytest


def test_a_full_queue_drops_what_comes_on_top(caplog: pytest.LogCaptureFixture) -> None:
    """While the collector hangs the queue takes its size and no more; the rest is counted, said once."""
    guard.reset()
    release = threading.Event()
    sender = ScriptedSender(lambda _: None if release.wait(30) else "late")
    sent = QueuePipeline(
        "traces",
        ledger=SignalLedger(),
        destination=scripted(sender),
        delay=60,
        max_queue_size=20,
        max_batch_size=10,
    )
    with caplog.at_level(logging.WARNING, logger="ameide_telemetry"):
        for number in range(500):
            sent.put(number)
    counts = sent.status()["counts"]
    assert counts["dropped_by_reason"].keys() == {"queue_full"}
    assert counts["queued"] in {20, 30}  # a batch of ten may be on its way
    assert len(caplog.records) == 1
    release.set()
    assert sent.shutdown(deadline(10)).queued == 0


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
