"""All signals under one deadline."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.export.together import flush_all, shutdown_all
from ameide_telemetry.ledger import SignalLedger
from support.pipelines import ScriptedSender, scripted

if TYPE_CHECKING:
    from ameide_telemetry.ledger import Signal


def pipeline(signal: Signal, sender: ScriptedSender) -> QueuePipeline:
    return QueuePipeline(
        signal,
        ledger=SignalLedger(),
        destination=scripted(sender),
        delay=60,
        max_queue_size=100,
        max_batch_size=10,
    )


def hangs(signal: Signal, release: threading.Event) -> QueuePipeline:
    return pipeline(signal, ScriptedSender(lambda _: None if release.wait(30) else "late"))


def test_signals_without_exporter_are_ok() -> None:
    """None stands for a signal that goes nowhere; it is ok with zeros."""
    assert flush_all([None, None], 1)
    assert shutdown_all([], 1)


def test_hanging_signals_share_one_budget() -> None:
    """Two signals hang: flush and shutdown take the time of one, and say of both what is lost."""
    release = threading.Event()
    hanging = [hangs("traces", release), hangs("logs", release)]
    for each in hanging:
        each.put("a")
    began = time.monotonic()
    flushed = flush_all(hanging, 0.5)
    stopped = shutdown_all(hanging, 0.2)
    assert time.monotonic() - began < 5
    release.set()
    assert (flushed.traces.error, flushed.logs.error) == ("timeout", "timeout")
    assert (stopped.traces.dropped, stopped.logs.dropped) == (1, 1)
    assert not stopped


def test_a_hanging_signal_does_not_take_the_time_of_the_others() -> None:
    """What is asked second is sent meanwhile."""
    release = threading.Event()
    both = [hangs("traces", release), pipeline("logs", ScriptedSender())]
    for each in both:
        each.put("a")
    flushed = flush_all(both, 0.5)
    assert (flushed.traces.error, flushed.logs.delivered) == ("timeout", 1)
    assert shutdown_all(both, 0.2).logs.ok
    release.set()


def test_a_negative_timeout_asks_without_waiting() -> None:
    """No time is no time, not an error."""
    sent = pipeline("traces", ScriptedSender())
    assert flush_all([sent], -1)
    assert shutdown_all([sent], -1)
