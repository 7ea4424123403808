"""Exit, fork, the end of a worker."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry import guard, lifecycle
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.export.results import FlushResult
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.lifecycle import process, sigterm, surroundings
from support.pipelines import ScriptedSender, run_program, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    monkeypatch.setattr(process, "_process", process._Process())
    monkeypatch.setattr(process._process, "_registered", True)
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
    process._process.at_exit()
    assert pipeline.status()["state"] == "stopped"
    watched.undo()


def test_nothing_watched_is_ok(pipeline: QueuePipeline) -> None:
    """Without telemetry every hook finds nothing to do; undoing an old watch does not undo a new one."""
    assert lifecycle.flush_now() == FlushResult()
    lifecycle.resume()
    first = lifecycle.watch([pipeline], exit_timeout=5)
    second = lifecycle.watch([pipeline], exit_timeout=5)
    first.undo()
    assert process._process.current is second
    second.undo()
    process._process.at_exit()
    assert pipeline.status()["state"] == "idle"


def test_resume_starts_the_workers(pipeline: QueuePipeline) -> None:
    """A server's hook after its fork need not wait for the first record."""
    lifecycle.watch([pipeline], exit_timeout=5)
    lifecycle.resume()
    assert pipeline.status()["thread_alive"]
    process._process.at_exit()


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
    protocol = "http/protobuf"
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


@pytest.fixture
def sigterm_restored() -> Iterator[None]:
    """Let the test install what it likes."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_lines_go_out_before_and_after_the_records(pipeline: QueuePipeline) -> None:
    """Nobody waits for stdout before the pipelines had their time; a flush is followed by going on."""
    events: list[str] = []
    began = time.monotonic()
    watched = lifecycle.watch(
        [pipeline],
        exit_timeout=5,
        finish=lambda deadline: events.append("wait" if deadline > began + 1 else "look"),
        go_on=lambda: events.append("go on"),
    )
    lifecycle.flush_now()
    assert events == ["look", "wait", "go on"]
    process._process.at_exit()
    assert events[3:] == ["look", "wait"]
    watched.undo()


def test_hooks_of_one_end_share_its_time(monkeypatch: pytest.MonkeyPatch, pipeline: QueuePipeline) -> None:
    """The lifespan has used up the time: the exit hook adds none. A later end has its own again."""
    now = [100.0]
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: now[0]))
    deadlines: list[float] = []

    def slow(deadline: float) -> None:
        deadlines.append(deadline - now[0])
        now[0] = max(now[0], deadline)

    lifecycle.watch([], exit_timeout=5, finish=slow)
    lifecycle.flush_now()
    now[0] += 1
    lifecycle.flush_now()
    now[0] += 60
    lifecycle.flush_now()
    assert deadlines == [0, 5, 0, 0, 0, 5]


_SURROUNDINGS = [
    ({}, []),
    ({"gevent.monkey": SimpleNamespace(is_module_patched=lambda name: False)}, []),
    ({"gevent.monkey": SimpleNamespace(is_module_patched=lambda name: name == "threading")}, ["TEL061"]),
    ({"eventlet.patcher": SimpleNamespace(is_monkey_patched=lambda name: name == "thread")}, ["TEL061"]),
    ({"gevent.monkey": SimpleNamespace()}, []),
    ({"uwsgi": SimpleNamespace()}, []),
    ({"uwsgi": SimpleNamespace(opt={})}, ["TEL062"]),
    ({"uwsgi": SimpleNamespace(opt={b"processes": b"4"})}, ["TEL062"]),
    ({"uwsgi": SimpleNamespace(opt={b"enable-threads": True})}, []),
    ({"uwsgi": SimpleNamespace(opt={b"enable-threads": b"true"})}, []),
    ({"uwsgi": SimpleNamespace(opt={b"enable-threads": b"false"})}, ["TEL062"]),
    ({"uwsgi": SimpleNamespace(opt={"threads": "4"})}, []),
    ({"uwsgi": SimpleNamespace(opt={b"threads": b"1"})}, ["TEL062"]),
]


@pytest.mark.parametrize(("modules", "codes"), _SURROUNDINGS)
def test_what_is_not_supported_is_one_warning(
    modules: dict[str, Any], codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patched threads, and uWSGI without threads; a look at them never fails."""
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    found = surroundings.unsupported()
    assert [each.code for each in found] == codes
    assert {each.level for each in found} <= {"warning"}


@pytest.mark.usefixtures("sigterm_restored", "pipeline")
def test_the_first_process_of_a_container_keeps_its_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel does not end it by default: it goes on, and the next signal is handled as well."""
    killed: list[int] = []
    quiet = SimpleNamespace(getpid=os.getpid, kill=lambda _, number: killed.append(number))
    monkeypatch.setattr(sigterm, "os", quiet)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    handler = lifecycle.handle_sigterm()
    for _ in range(2):
        signal.raise_signal(signal.SIGTERM)
    assert killed == [signal.SIGTERM] * 2
    installed: object = signal.getsignal(signal.SIGTERM)
    assert installed is handler
    handler.undo()
    handler.undo()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.usefixtures("sigterm_restored", "pipeline")
def test_a_signal_that_waits_is_passed_on_by_whoever_is_first() -> None:
    """The second signal, or the end of the process; what our thread sends after that counts for nothing."""
    calls: list[int] = []

    def previous(number: int, frame: object) -> None:
        calls.append(number)
        if frame is None:
            raise SystemExit(7)

    signal.signal(signal.SIGTERM, previous)
    handler = sigterm.Sigterm()
    handler.install()
    handler._request = sigterm._Request()
    handler._raised = True
    signal.raise_signal(signal.SIGTERM)
    assert len(calls) == 1
    handler._raised = True
    signal.raise_signal(signal.SIGTERM)
    assert len(calls) == 1
    handler._request = sigterm._Request()
    signal.raise_signal(signal.SIGTERM)
    assert len(calls) == 3
    handler._request = sigterm._Request()
    handler.settle()
    handler.settle()
    assert len(calls) == 4
    signal.raise_signal(signal.SIGTERM)
    assert len(calls) == 5


def test_an_answer_and_an_asker_who_leaves_cannot_miss_each_other() -> None:
    """Either the asker gets the answer, or whoever answers knows that the asker has left."""
    left, served = sigterm._Request(), sigterm._Request()
    assert not left.wait(0)
    assert not left.answer()
    assert served.answer()
    assert served.wait(0)


@pytest.mark.usefixtures("sigterm_restored", "pipeline")
def test_without_a_thread_the_signal_is_passed_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child of a fork in C that cannot start its thread still ends."""
    calls: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: calls.append(1))
    handler = lifecycle.handle_sigterm()
    guard.reraise_in_tests(choice=False)
    try:
        handler._pid = 0

        def refuse(*_: object) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(sigterm, "_thread", SimpleNamespace(start_new_thread=refuse))
        signal.raise_signal(signal.SIGTERM)
    finally:
        guard.reraise_in_tests("auto")
        guard.reset()
    assert calls == [1]
    handler.undo()


@pytest.mark.usefixtures("sigterm_restored")
def test_where_nothing_can_or_need_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler in C and a thread of its own are warnings; an ignored signal and an event loop are not."""
    with monkeypatch.context() as patch:
        patch.setattr(signal, "getsignal", lambda _: None)
        assert [each.code for each in lifecycle.handle_sigterm().findings] == ["TEL060"]
    found: list[lifecycle.Sigterm] = []
    thread = threading.Thread(target=lambda: found.append(lifecycle.handle_sigterm()))
    thread.start()
    thread.join()
    assert [each.level for each in found[0].findings] == ["warning"]
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert lifecycle.handle_sigterm().findings == ()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN

    async def listening() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)
        before = signal.getsignal(signal.SIGTERM)
        handler = lifecycle.handle_sigterm()
        assert signal.getsignal(signal.SIGTERM) is before
        assert handler.findings == ()
        handler.undo()

    asyncio.run(listening())


def test_a_child_of_this_process_begins_anew(pipeline: QueuePipeline) -> None:
    """It is not at its end, whatever its parent was; who was told of the end takes that back."""
    told: list[str] = []
    lifecycle.watch([pipeline], exit_timeout=5, ledger=Ledger())
    undo = process.at_end(lambda: told.append("ended"))
    process._process.ending = True
    process._process.after_in_child()
    assert not process.ending()
    process._process.at_exit()
    assert process.ending()
    undo()
    undo()
    process._process.at_exit()
    assert told == ["ended"]
