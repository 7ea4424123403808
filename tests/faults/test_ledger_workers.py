"""Workers that die, fork or are interrupted: the books stay right and data goes on; as real processes."""

from __future__ import annotations

import pytest

from support.collector import FakeCollector
from support.pipelines import run_program

# What every program below begins with.
_START = """
    import ctypes, json, os, signal, sys, threading, time
    from ameide_telemetry.export import flush_all, shutdown_all
    from faults.kit.books import Elsewhere, Said, Service
    from support.collector import FakeCollector
    from support.grpc_collector import GrpcCollector
    from support.pipelines import deadline, wait_until

    said = Said()
"""


def run(program: str, **environment: str) -> str:
    """Run a program that begins as above."""
    return run_program(_START + program, env=environment, seconds=100)


def test_a_worker_that_is_killed_is_replaced() -> None:
    """Whatever ends the thread from outside: the next record starts another, it is seen, and data flows."""
    program = """
    from ameide_telemetry.export import thread as worker_thread
    # Else the worker would have itself replaced before the next record does it.
    worker_thread._PAUSE_SECONDS = 60

    def kill():
        worker = service.spans.pipeline._thread
        thread = worker._thread
        while not worker.died:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
            )
            # An idle thread hears of it when it wakes.
            service.spans.pipeline.request_flush()
            thread.join(0.01)

    with FakeCollector() as collector:
        service = Service(collector)
        for deaths in range(1, 4):
            service.work(5)
            assert flush_all(service.pipelines, 20)
            kill()
            dead = service.spans.pipeline.status()
            assert (dead["state"], dead["thread_alive"]) == ("failing", False), dead
            service.work(5)
            began = time.monotonic()
            assert flush_all(service.pipelines, 20)
            assert time.monotonic() - began < 5
            alive = service.spans.pipeline.status()
            assert (alive["state"], alive["thread_alive"], alive["restarts"]) == ("ok", True, deaths), alive
        service.check(traces=30, logs=30)
        print(collector.count("traces"), collector.count("logs"))
    """
    assert run(program).split() == ["30", "30"]


@pytest.mark.parametrize(
    "error",
    [
        "SystemExit",
        pytest.param("KeyboardInterrupt", marks=pytest.mark.full),
        pytest.param("GeneratorExit", marks=pytest.mark.full),
        pytest.param("MemoryError", marks=pytest.mark.full),
    ],
)
def test_foreign_code_on_the_worker_cannot_end_it(error: str) -> None:
    """A callback or a record that raises what ends threads costs itself; all three signals go on."""
    program = """
    class Poison:
        '''An attribute value that fails when it is encoded.'''
        def __class__(self): raise ERROR
        def __getattribute__(self, name): raise ERROR
        def __str__(self): raise ERROR

    def callback(options):
        raise ERROR

    with FakeCollector() as collector:
        service = Service(collector)
        service.points.meter("test").create_observable_gauge("bad", callbacks=[callback])
        service.work(5)
        flush_all(service.pipelines, 20)
        # Behind the back of everything that looks at values before.
        service.spans.pipeline.put(Poison())
        service.lines.pipeline.put(Poison())
        service.work(5)
        flush_all(service.pipelines, 20)
        service.work(5)
        assert flush_all([service.spans.pipeline, service.lines.pipeline], 20)
        flush_all(service.pipelines, 20)
        for each in service.pipelines:
            status = each.status()
            assert (status["thread_alive"], status["restarts"]) == (True, 0), status
        service.check(traces=16, logs=16)
        print(collector.count("traces"), collector.count("logs"))
        print(max(point.as_int for point in collector.points("work.done")))
    """.replace("ERROR", error)
    first, second = run(program).splitlines()
    assert first == "15 15"
    assert second == "15"


def test_a_signal_handler_can_wait_for_a_flush_whatever_it_interrupts() -> None:
    """Hundreds of signals land anywhere in the emission of records; what was put before is sent, each time.

    The handler keeps the main thread where it is, so the worker gets nowhere if it needs a lock that is held
    there.
    """
    program = """
    from ameide_telemetry.export.budget import ByteBudget
    from ameide_telemetry.export.queue import QueuePipeline
    from ameide_telemetry.ledger import Ledger
    from support.pipelines import ScriptedSender, scripted

    sender, ledger = ScriptedSender(), Ledger()
    sent = QueuePipeline("traces", ledger=ledger.traces, destination=scripted(sender), delay=60,
                         max_queue_size=2048, max_batch_size=512, budget=ByteBudget())
    sent.put("first", 100)
    handled, late = 0, 0

    def handler(number, frame):
        global handled, late
        flush = sent.request_flush()
        limit = deadline(5)
        while not flush.done.is_set() and deadline(0) < limit:
            time.sleep(0.0005)
        handled += 1
        late += not flush.done.is_set()
        signal.setitimer(signal.ITIMER_REAL, 0.0007)

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0007)
    limit, puts = deadline(60), 1
    while handled < 500 and not late and deadline(0) < limit:
        sent.put("more", 100)
        puts += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert sent.shutdown(deadline(20)), sent.status()
    counts = ledger.traces.counts()
    assert counts["emitted"] == puts == counts["delivered"], (counts, puts)
    print(handled, late)
    """
    handled, late = run(program).split()
    assert (int(handled), int(late)) == (500, 0)


@pytest.mark.parametrize("how", ["os.fork", "ctypes.PyDLL(None).fork"])
def test_the_books_of_a_child_are_its_own(how: str) -> None:
    """A child of a parent with a full queue and a hanging send counts from zero, and delivers its own."""
    program = """
    import ameide_telemetry.export.over_http  # otherwise imported by the first thread that sends
    from ameide_telemetry.export.otlp import destination
    from ameide_telemetry.settings import OtlpSettings

    def elsewhere(name):
        otlp = OtlpSettings(Elsewhere("WELL").endpoint(name))
        return destination(name, "otlp", otlp, timeout=10).connect

    def live():
        # Each child has a connection of its own, and so may have it to another collector.
        for each in service.pipelines:
            object.__setattr__(each.destination, "connect", elsewhere(each.signal))
        service.work(4)
        service.check(traces=4, logs=4)
        assert service.budget.used < 100_000
        result = flush_all(service.pipelines, 30)
        assert result, result
        assert (result.traces.delivered, result.logs.delivered) == (4, 4), result
        service.check(traces=4, logs=4)

    service = Service(Elsewhere("SICK"))
    service.work(600)
    service.spans.pipeline.begin_flush()
    # Every thread is asleep, so nobody else wants the interpreter, or imports, when it is copied.
    for _ in range(60):
        worked = time.process_time()
        time.sleep(0.5)
        if time.process_time() - worked < 0.01:
            break
    children = []
    for _ in range(3):
        child = FORK()
        if child == 0:
            signal.alarm(60)
            status = 1
            try:
                live()
                status = 0
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
            finally:
                os._exit(status)
        children.append(child)
        time.sleep(0.1)
    print([os.waitpid(child, 0)[1] for child in children])
    service.check(traces=600, logs=600)
    shutdown_all(service.pipelines, 0.5)
    service.check(traces=600, logs=600)
    print(service.ledger.traces.counts()["queued"])
    """.replace("FORK", how)
    with FakeCollector("blackhole") as sick, FakeCollector() as well:
        output = run(program, SICK=str(sick.port), WELL=str(well.port))
        assert output.splitlines() == ["[0, 0, 0]", "0"]
        assert (well.count("traces"), well.count("logs")) == (12, 12)
