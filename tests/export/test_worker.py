"""The thread behind a pipeline, seen through a queue of records."""

from __future__ import annotations

import logging
import threading

import pytest

from ameide_telemetry.export import thread as worker_thread
from ameide_telemetry.export.destination import Destination
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.ledger import SignalLedger
from support.pipelines import ScriptedSender, deadline, run_program, scripted, wait_until


def pipeline(sender: ScriptedSender, *, delay: float = 60, size: int = 100, batch: int = 10) -> QueuePipeline:
    return QueuePipeline(
        "traces",
        ledger=SignalLedger(),
        destination=scripted(sender),
        delay=delay,
        max_queue_size=size,
        max_batch_size=batch,
    )


def workers(signal: str) -> list[threading.Thread]:
    """Return the threads that send a signal's records."""
    return [thread for thread in threading.enumerate() if thread.name == f"ameide-telemetry-{signal}"]


def test_no_thread_before_the_first_record() -> None:
    """Making a pipeline starts nothing; the first record starts one daemon thread with a telling name."""
    sent = pipeline(ScriptedSender())
    assert not sent._thread.alive
    assert sent.status()["state"] == "idle"
    sent.put("a")
    (thread,) = workers("traces")
    assert thread.daemon
    assert sent.status()["thread_alive"]
    assert sent.shutdown(deadline(5))


def test_flush_delivers_what_waits_in_order() -> None:
    """After a flush every record has arrived, in order, in batches that are not too big."""
    sender = ScriptedSender()
    sent = pipeline(sender)
    for number in range(25):
        sent.put(number)
    result = sent.force_flush(deadline(5))
    assert result.ok
    assert result.queued == 0
    assert [record for batch in sender.sent for record in batch] == list(range(25))
    assert max(len(batch) for batch in sender.sent) == 10
    sent.shutdown(deadline(5))


def test_flush_of_nothing_is_ok_and_starts_nothing() -> None:
    """A flush without records is ok with zeros, and needs no thread."""
    sent = pipeline(ScriptedSender())
    result = sent.force_flush(deadline(5))
    assert (result.ok, result.delivered, sent._thread.alive) == (True, 0, False)


def test_a_full_batch_goes_without_a_flush() -> None:
    """As many records as fit one batch wake the worker; fewer wait for the delay."""
    sender = ScriptedSender()
    sent = pipeline(sender)
    for number in range(13):
        sent.put(number)
    assert wait_until(lambda: sender.sent)
    assert [len(batch) for batch in sender.sent] == [10]
    assert sent.status()["counts"]["queued"] == 3
    sent.shutdown(deadline(5))


def test_the_delay_sends_what_is_there() -> None:
    """A batch that is not full leaves after the delay."""
    sender = ScriptedSender()
    sent = pipeline(sender, delay=0.01)
    sent.put("a")
    assert wait_until(lambda: sender.sent == [["a"]])
    sent.shutdown(deadline(5))


def test_flush_says_what_failed() -> None:
    """A refused batch makes the flush false, with the kind of the failure and the count of what was lost."""
    sent = pipeline(ScriptedSender("http_503"))
    sent.put("a")
    result = sent.force_flush(deadline(5))
    assert (result.ok, result.delivered, result.dropped, result.error) == (False, 0, 1, "http_503")
    sent.shutdown(deadline(5))


def test_flush_forgets_failures_of_before() -> None:
    """A failure before the call does not make it false; only what waited when it began counts."""
    sender = ScriptedSender("http_503")
    sent = pipeline(sender)
    sent.put("lost")
    assert not sent.force_flush(deadline(5))
    sender.answer = None
    sent.put("kept")
    assert sent.force_flush(deadline(5)).delivered == 1
    sent.shutdown(deadline(5))


def test_flush_gives_up_at_its_deadline() -> None:
    """A hanging export does not hold the caller: the flush is false, with `timeout`, and says what waits."""
    release = threading.Event()
    sent = pipeline(ScriptedSender(lambda _: None if release.wait(30) else "late"))
    sent.put("a")
    result = sent.force_flush(deadline(0.2))
    assert (result.ok, result.error, result.queued) == (False, "timeout", 1)
    release.set()
    assert sent.force_flush(deadline(5)).queued == 0
    sent.shutdown(deadline(5))


def test_shutdown_sends_the_rest() -> None:
    """What waits at shutdown is sent, the sender is closed once and the thread ends."""
    sender = ScriptedSender()
    sent = pipeline(sender)
    sent.put("a")
    result = sent.shutdown(deadline(5))
    assert (result.ok, result.delivered) == (True, 1)
    assert sender.closed == 1
    assert sent.status()["state"] == "stopped"
    assert not sent.status()["thread_alive"]


def test_shutdown_gives_up_and_counts() -> None:
    """When an export hangs, shutdown interrupts it at the deadline and counts what is lost, exactly once."""
    release = threading.Event()
    sender = ScriptedSender(lambda _: None if release.wait(30) else "late")
    sent = pipeline(sender)
    for number in range(15):
        sent.put(number)
    result = sent.shutdown(deadline(0.2))
    release.set()
    for thread in workers("traces"):
        thread.join(5)
    counts = sent.status()["counts"]
    assert (result.ok, result.error, result.dropped) == (False, "timeout", 15)
    assert counts["dropped_by_reason"] == {"shutdown": 15}
    assert counts["queued"] == 0
    assert sender.closed == 1


def test_shutdown_does_not_try_every_batch_of_a_sick_collector() -> None:
    """After one failure at the end the remaining batches are dropped, not tried one by one."""
    ending = threading.Event()
    sender = ScriptedSender(lambda _: "ConnectionError" if ending.wait(30) else "late")
    sent = pipeline(sender, batch=50, size=1000)
    for number in range(400):
        sent.put(number)
    before = sent.begin_shutdown(deadline(60))
    ending.set()
    result = sent.end_shutdown(before, deadline(60))
    assert [len(records) for records, _ in sender.attempts] == [50]
    assert sent.status()["counts"]["dropped_by_reason"] == {"export_failed": 50, "shutdown": 350}
    assert result.error == "ConnectionError"


def test_a_second_shutdown_does_nothing() -> None:
    """Shutting down twice is ok and changes no count."""
    sent = pipeline(ScriptedSender("no"))
    sent.put("a")
    assert not sent.shutdown(deadline(5))
    again = sent.shutdown(deadline(5))
    assert (again.ok, again.dropped) == (True, 0)


def test_late_records_are_counted_and_start_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand records after shutdown: no exception, no line, each counted as dropped."""
    sent = pipeline(ScriptedSender())
    sent.shutdown(deadline(5))
    with caplog.at_level(logging.DEBUG):
        for number in range(10_000):
            sent.put(number)
    assert sent.status()["counts"]["dropped_by_reason"] == {"after_shutdown": 10_000}
    assert not caplog.records
    assert not workers("traces")


def test_flush_after_shutdown_is_not_ok() -> None:
    """Nothing can be delivered any more, and the flush says so at once."""
    sent = pipeline(ScriptedSender())
    sent.shutdown(deadline(5))
    result = sent.force_flush(deadline(60))
    assert (result.ok, result.delivered, result.error) == (False, 0, "shutdown")


def test_a_waiting_flush_ends_with_the_shutdown() -> None:
    """A flush in one thread does not outlast the shutdown by another."""
    release = threading.Event()
    sent = pipeline(ScriptedSender(lambda _: None if release.wait(30) else "late"))
    sent.put("a")
    flush = sent.begin_flush()
    sent.shutdown(deadline(0.1))
    assert sent.end_flush(flush, deadline(30)).error == "shutdown"
    release.set()


def test_an_exporter_that_raises_costs_its_batch_only() -> None:
    """An exception is counted by its type and the worker goes on."""

    def answer(records: list[str]) -> str | None:
        if "poison" in records:
            raise ValueError("no")
        return None

    sent = pipeline(ScriptedSender(answer))
    sent.put("poison")
    assert sent.force_flush(deadline(5)).error == "ValueError"
    sent.put("fine")
    assert sent.force_flush(deadline(5)).ok
    sent.shutdown(deadline(5))


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_nothing_that_a_sender_raises_ends_the_worker(error: type[BaseException]) -> None:
    """What would end a thread costs the batch, which is counted, and the same thread sends the next one."""
    sender = ScriptedSender(lambda _: (_ for _ in ()).throw(error))
    sent = pipeline(sender)
    sent.put("a")
    (first,) = workers("traces")
    assert sent.force_flush(deadline(5)).error == error.__name__
    sender.answer = None
    sent.put("b")
    assert sent.force_flush(deadline(5)).delivered == 1
    assert workers("traces") == [first]
    assert sent.shutdown(deadline(5)).ok
    assert sent.status()["counts"]["dropped_by_reason"] == {"export_failed": 1}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("call", "pause"), [("put", 5), ("force_flush", 0.3)])
def test_a_worker_that_died_all_the_same_is_replaced(
    call: str, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batch is counted, the status shows that it is gone, and the next record or time brings another."""
    sender = ScriptedSender()
    sent = pipeline(sender)
    with monkeypatch.context() as patched:
        patched.setattr(worker_thread, "_PAUSE_SECONDS", pause)
        patched.setattr(sent._courier, "deliver", lambda *_: 1 / 0)
        sent.put("a")
        (first,) = workers("traces")
        assert sent.force_flush(deadline(5)).error == "aborted"
        if call == "put":
            assert wait_until(lambda: not sent.status()["thread_alive"])
            assert {"state": "failing", "last_error": "worker_died"}.items() <= sent.status().items()
        else:
            assert wait_until(lambda: sent.status()["restarts"])
    if call == "put":
        sent.put("b")
    assert wait_until(lambda: sent.status()["thread_alive"])
    sent.force_flush(deadline(5))
    assert sent.status()["restarts"] == 1
    assert sent.shutdown(deadline(5)).ok
    counts = sent.status()["counts"]
    assert counts["dropped_by_reason"] == {"export_failed": 1}
    assert counts["delivered"] == (1 if call == "put" else 0)
    first.join(10)


def test_a_sender_that_cannot_be_made_is_a_failure() -> None:
    """A missing exporter package costs the records, not the service."""

    def connect() -> ScriptedSender:
        raise ModuleNotFoundError("grpc")

    sent = QueuePipeline(
        "traces",
        ledger=SignalLedger(),
        destination=Destination("otlp grpc", "collector:4317", connect),
        delay=60,
        max_queue_size=10,
        max_batch_size=10,
    )
    sent.put("a")
    assert sent.force_flush(deadline(5)).error == "ModuleNotFoundError"
    sent.shutdown(deadline(5))


def test_no_thread_on_the_exit_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interpreter refuses new threads, flush and shutdown return at once and count the loss."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    sent = pipeline(ScriptedSender())
    monkeypatch.setattr(threading.Thread, "start", refuse)
    sent.put("a")
    assert sent.force_flush(deadline(60)).error == "thread_refused"
    result = sent.shutdown(deadline(60))
    assert (result.ok, result.dropped) == (False, 1)
    assert sent.status()["counts"]["dropped_by_reason"] == {"shutdown": 1}


def test_an_error_while_closing_is_swallowed() -> None:
    """A sender that fails to close does not disturb the shutdown."""
    sender = ScriptedSender()
    sender.close = lambda: (_ for _ in ()).throw(OSError("gone"))  # type: ignore[method-assign]
    sent = pipeline(sender)
    sent.put("a")
    assert sent.shutdown(deadline(5)).ok


@pytest.mark.parametrize("mode", ["refused", "silent", "503"])
def test_flush_and_shutdown_keep_their_deadlines_with_a_sick_collector(mode: str) -> None:
    """With the SDK's exporter and a real socket: false by the deadline, and everything accounted for."""
    program = """
        import sys, time
        from support.collector import FakeCollector
        from support.pipelines import collector_settings
        from ameide_telemetry import traces
        from ameide_telemetry.export import flush_all, shutdown_all
        from ameide_telemetry.ledger import Ledger
        from ameide_telemetry.resource import build_resource

        with FakeCollector(MODE) as collector:
            settings = collector_settings(collector)
            ledger = Ledger()
            handle = traces.install(settings, build_resource(settings), ledger)
            for _ in range(5):
                handle.tracer("test").start_span("work").end()
            began = time.monotonic()
            flushed = flush_all([handle.pipeline], 0.5)
            stopped = shutdown_all([handle.pipeline], 0.5)
            print(bool(flushed), flushed.traces.error, bool(stopped), time.monotonic() - began < 10)
            print(ledger.traces.counts())
    """.replace("MODE", repr(mode))
    first, second = run_program(program).splitlines()
    assert first.split()[0::2] == ["False", "False"]
    assert first.split()[3] == "True"
    assert "'emitted': 5, 'delivered': 0, 'dropped': 5" in second


def test_records_of_many_threads_all_arrive() -> None:
    """Eight threads put at once; the balance is exact."""
    sender = ScriptedSender()
    sent = pipeline(sender, size=100_000, batch=64)

    def put_many() -> None:
        for number in range(500):
            sent.put(number)

    threads = [threading.Thread(target=put_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sent.force_flush(deadline(20)).ok
    assert sum(len(batch) for batch in sender.sent) == 4000
    assert sent.status()["counts"]["delivered"] == 4000
    sent.shutdown(deadline(5))


@pytest.mark.parametrize("first", ["force_flush", "shutdown"])
def test_a_flush_in_another_process_than_the_records_sends_nothing(first: str) -> None:
    """Where no fork hook has run, the process id tells that what is queued is the parent's to send."""
    sender = ScriptedSender()
    sent = pipeline(sender)
    sent.put("of the parent")
    parent = workers("traces"), sent._work
    sent._pid = -1
    result = getattr(sent, first)(deadline(5))
    assert (result.ok, result.delivered, result.queued, sender.sent) == (True, 0, 0, [])
    assert sent.status()["counts"]["emitted"] == 0
    sent.shutdown(deadline(5))
    parent[1].ring()
    for thread in parent[0]:
        thread.join(5)
