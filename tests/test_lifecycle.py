"""Exit, fork, the end of a worker."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry import lifecycle
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.export.results import FlushResult
from ameide_telemetry.ledger import Ledger
from support.pipelines import ScriptedSender, run_program, scripted

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """
    import os, signal, sys, time
    from support.collector import FakeCollector
    from support.pipelines import collector_settings
    from ameide_telemetry import lifecycle, metrics, traces
    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.resource import build_resource

    collector = FakeCollector("MODE").__enter__()
    settings = collector_settings(collector)
    ledger, resource = Ledger(), build_resource(settings)
    spans = traces.install(settings, resource, ledger)
    points = metrics.install(settings, resource, ledger)
    tracer = spans.tracer("test")
    counter = points.meter("test").create_counter("work.done")
"""


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> QueuePipeline:
    """Return a pipeline, in a process whose real hooks stay untouched."""
    monkeypatch.setattr(lifecycle, "_process", lifecycle._Process())
    monkeypatch.setattr(lifecycle._process, "_registered", True)
    return QueuePipeline(
        "traces",
        ledger=Ledger().traces,
        destination=scripted(ScriptedSender()),
        delay=60,
        max_queue_size=10,
        max_batch_size=10,
    )


def test_flush_now_sends_and_goes_on(pipeline: QueuePipeline) -> None:
    """The end of a lifespan delivers what waits; the pipeline still works after it."""
    watched = lifecycle.watch([pipeline, None], exit_timeout=5)
    for _ in range(2):
        pipeline.put("a")
        assert lifecycle.flush_now().traces.delivered == 1
    pipeline.put("b")
    assert lifecycle.flush_now(timeout=5)
    lifecycle._process.at_exit()
    assert pipeline.status()["state"] == "stopped"
    watched.undo()


def test_nothing_watched_is_ok(pipeline: QueuePipeline) -> None:
    """Without telemetry every hook finds nothing to do; undoing an old watch does not undo a new one."""
    assert lifecycle.flush_now() == FlushResult()
    lifecycle.resume()
    first = lifecycle.watch([pipeline], exit_timeout=5)
    second = lifecycle.watch([pipeline], exit_timeout=5)
    first.undo()
    assert lifecycle._process.current is second
    second.undo()
    lifecycle._process.at_exit()
    assert pipeline.status()["state"] == "idle"


def test_resume_starts_the_workers(pipeline: QueuePipeline) -> None:
    """A server's hook after its fork need not wait for the first record."""
    lifecycle.watch([pipeline], exit_timeout=5)
    lifecycle.resume()
    assert pipeline.status()["thread_alive"]
    lifecycle._process.at_exit()


def test_a_script_that_just_ends_loses_nothing() -> None:
    """The hook at exit sends all signals, and the exit code stays that of the script."""
    program = (
        _PROGRAM.replace("MODE", "ok")
        + """
    import atexit
    atexit.register(lambda: print(collector.count("traces"), collector.count("metrics")))
    lifecycle.watch([spans.pipeline, points.pipeline], exit_timeout=5, ledger=ledger)
    for _ in range(20):
        tracer.start_span("work").end()
    counter.add(1)
    """
    )
    # Exit handlers run last in, first out: the watch comes after the print.
    assert run_program(program).strip() == "20 1"


@pytest.mark.parametrize("mode", ["refused", "silent", "503"])
def test_exit_keeps_its_budget_with_a_sick_collector(mode: str) -> None:
    """The process ends, and every record is accounted for."""
    program = (
        _PROGRAM.replace("MODE", mode)
        + """
    import atexit
    atexit.register(lambda: print(ledger.traces.counts()["queued"], time.monotonic() - began[0] < 10))
    lifecycle.watch([spans.pipeline, points.pipeline], exit_timeout=1, ledger=ledger)
    for _ in range(3000):
        tracer.start_span("work").end()
    began = [time.monotonic()]
    """
    )
    assert run_program(program, seconds=30).strip() == "0 True"


def test_no_signal_handler_is_installed() -> None:
    """Servers own their signals."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    program = (
        _PROGRAM.replace("MODE", "ok")
        + """
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    lifecycle.watch([spans.pipeline, points.pipeline], exit_timeout=5)
    print(before == [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)])
    """
    )
    assert run_program(program).strip() == "True"
    assert before == {each: signal.getsignal(each) for each in before}


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_send_before_they_end(method: str, tmp_path: Path) -> None:
    """They end by `os._exit`, without `atexit`; their records still arrive, however they are started."""
    source = f"""
import multiprocessing, sys
from support.collector import FakeCollector
from support.pipelines import collector_settings
from ameide_telemetry import lifecycle, traces
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.resource import build_resource

class Port:
    def __init__(self, port): self.port = port
    def endpoint(self, signal=""): return f"http://127.0.0.1:{{self.port}}/v1/{{signal}}"

def begin(port):
    settings = collector_settings(Port(port))
    ledger = Ledger()
    handle = traces.install(settings, build_resource(settings), ledger)
    lifecycle.watch([handle.pipeline], exit_timeout=5, ledger=ledger)
    return handle

def work(port, spawned):
    from opentelemetry import trace
    if spawned:
        begin(port)
    trace.get_tracer("child").start_span("work").end()

if __name__ == "__main__":
    with FakeCollector() as collector:
        begin(collector.port)
        context = multiprocessing.get_context("{method}")
        arguments = (collector.port, "{method}" == "spawn")
        children = [context.Process(target=work, args=arguments) for _ in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join(30)
        print(collector.wait("traces", 3))
"""
    path = tmp_path / "program.py"
    path.write_text(source)
    program = f"""
        import subprocess, sys
        print(subprocess.run([sys.executable, {str(path)!r}], check=True, stdout=-1, text=True).stdout)
    """
    assert run_program(program, seconds=90).strip() == "3"
