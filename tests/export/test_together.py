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


def test_signals_without_exporter_are_ok() -> None:
    """None stands for a signal that goes nowhere; it is ok with zeros."""
    assert flush_all([None, None], 1)
    assert shutdown_all([], 1)


def test_one_hanging_signal_does_not_take_the_time_of_the_others() -> None:
    """Both hang and share one budget; the healthy third delivers."""
    release = threading.Event()
    hanging = [
        pipeline(signal, ScriptedSender(lambda _: None if release.wait(30) else "late"))
        for signal in ("traces", "metrics")
    ]
    healthy = pipeline("logs", ScriptedSender())
    for each in (*hanging, healthy):
        each.put("a")
    began = time.monotonic()
    flushed = flush_all([*hanging, healthy], 0.5)
    assert time.monotonic() - began < 5
    assert (flushed.traces.error, flushed.metrics.error) == ("timeout", "timeout")
    assert flushed.logs.ok
    stopped = shutdown_all([*hanging, healthy], 0.2)
    release.set()
    assert (stopped.traces.dropped, stopped.metrics.dropped, stopped.logs.dropped) == (1, 1, 0)
    assert not stopped


def test_a_negative_timeout_asks_without_waiting() -> None:
    """No time is no time, not an error."""
    sent = pipeline("traces", ScriptedSender())
    assert flush_all([sent], -1)
    assert shutdown_all([sent], -1)
