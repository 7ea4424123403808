"""Nothing is lost silently: every record is delivered, dropped for a reason, or waits; as real processes."""

from __future__ import annotations

import json
import threading

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


_MODES = """
    def play(kind, modes):
        with kind() as collector:
            short = {"export_timeout": 1}
            service = Service(collector, traces=short, logs=short, metrics={"timeout": 1})
            emitted = 0
            for mode in modes:
                collector.mode = mode
                service.work(40)
                emitted += 40
                result = flush_all(service.pipelines, 1.5)
                service.check(traces=emitted, logs=emitted)
                if mode not in ("ok", "429"):
                    assert not result.traces and result.traces.error, (mode, result)
                    assert service.spans.pipeline.status()["state"] == "failing" or mode == "413", mode
                print(mode, result.traces.error, service.spans.pipeline.status()["last_error"])
            collector.mode = "ok"
            # What has just failed is given up, or tried once more.
            assert wait_until(lambda: flush_all(service.pipelines, 5), 60)
            service.work(3)
            assert shutdown_all(service.pipelines, 20)
            service.check(traces=emitted + 3, logs=emitted + 3)
            for name, signal in (("traces", "traces"), ("logs", "logs")):
                counts = getattr(service.ledger, name).counts()
                assert counts["queued"] == 0, counts
                # A request whose answer got lost may be in the collector without being in the books.
                assert 3 <= counts["delivered"] <= collector.count(signal), (counts, collector.count(signal))
            assert service.budget.used == 0

    play(KIND, MODES)
"""


@pytest.mark.parametrize("kind", ["FakeCollector", "GrpcCollector"])
@pytest.mark.parametrize(
    "modes",
    [
        ("ok", "refused", "503", "reset", "400"),
        ("blackhole", "429", "drip", "413"),
        pytest.param(
            ("silent", "ok", "backlog", "429", "refused", "503", "blackhole", "400") * 2,
            marks=pytest.mark.full,
        ),
    ],
)
def test_the_books_are_right_in_every_mood_of_the_collector(kind: str, modes: tuple[str, ...]) -> None:
    """One process lives through all of them; what failed has a cause, what is over is over."""
    run(_MODES.replace("KIND", kind).replace("MODES", repr(modes)))


def test_what_the_collector_refuses_of_a_batch_is_counted() -> None:
    """A partial success is none for the records that it names."""
    program = """
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    with FakeCollector() as collector:
        collector.reply = ExportTraceServiceResponse(
            partial_success={"rejected_spans": 7, "error_message": "no"}
        ).SerializeToString()
        service = Service(collector)
        for _ in range(20):
            service.tracer.start_span("work").end()
        result = flush_all([service.spans.pipeline], 20)
        print(result.traces.delivered, result.traces.dropped, result.traces.error)
        print(service.ledger.traces.counts()["dropped_by_reason"])
    """
    assert run(program).splitlines() == ["13 7 rejected", "{'rejected': 7}"]


def test_an_overload_is_counted_and_said_without_filling_the_log() -> None:
    """50,000 spans against a collector that never answers: exact counts, one line, one more at the end."""
    program = """
    with FakeCollector("blackhole") as collector:
        service = Service(collector, traces={"export_timeout": 2})
        began = time.monotonic()
        for _ in range(50_000):
            service.tracer.start_span("work").end()
        service.check(traces=50_000)
        counts = service.ledger.traces.counts()
        assert counts["dropped"] >= 50_000 - 2048 - 512 * 3, counts
        assert wait_until(lambda: said.lines, 30)
        assert not flush_all([service.spans.pipeline], 1)
        while_lost = [line for line in said.lines if line.startswith("telemetry export of traces")]
        assert 1 <= len(while_lost) <= 1 + (time.monotonic() - began) // 60, said.lines
        assert " fails: timeout; the service is unaffected, lost records are counted: " in while_lost[0]
        assert " queue_full" in while_lost[0]
        collector.mode = "ok"
        assert wait_until(lambda: flush_all([service.spans.pipeline], 20), 60)
        assert wait_until(lambda: any("works again" in line for line in said.lines))
        recovery = [line for line in said.lines if "works again" in line]
        assert len(recovery) == 1, said.lines
        counts = service.ledger.traces.counts()
        assert counts["queued"] == 0
        assert f"{counts['dropped']} dropped during the outage" in recovery[0], (recovery, counts)
        service.check(traces=50_000)
        print(counts["delivered"] == collector.count("traces"))
    """
    assert run(program).split() == ["True"]


def test_bytes_that_wait_are_bounded() -> None:
    """4,000 log records of 100 KB while the collector hangs: at most 48 MB more, every record counted."""
    program = """
    def resident():
        with open("/proc/self/status") as status:
            (line,) = (line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    service = Service(Elsewhere("COLLECTOR"), logs={"export_timeout": 30})
    # Until the collector hangs; so everything is imported, connected and warm.
    while flush_all([service.lines.pipeline], 1):
        service.logger.emit(body="x" * 100_000)
    before = highest = resident()
    emitted = service.ledger.logs.counts()["emitted"]
    for number in range(4000):
        service.logger.emit(body=f"{number}" + "y" * 100_000)
        if number % 20 == 0:
            highest = max(highest, resident())
            time.sleep(0.001)
    highest = max(highest, resident())
    flush_all([service.lines.pipeline], 0.5)
    highest = max(highest, resident())
    service.check(logs=emitted + 4000)
    counts = service.ledger.logs.counts()
    print(json.dumps({"growth": highest - before, "used": service.budget.used, **counts}))
    """
    with FakeCollector() as collector:
        hang = threading.Thread(target=lambda: _hang_after(collector, 5))
        hang.start()
        found = json.loads(run(program, COLLECTOR=str(collector.port)))
        hang.join(60)
    assert found["growth"] <= 48
    assert found["used"] <= 32 * 2**20
    assert found["dropped_by_reason"].keys() == {"queue_bytes_full"}
    assert found["queued"] > 200


def _hang_after(collector: FakeCollector, count: int) -> None:
    collector.wait("logs", count, 60)
    collector.mode = "blackhole"


def test_what_comes_after_the_shutdown_is_counted_and_changes_nothing() -> None:
    """10,000 late spans and lines: no exception, no thread, at most one diagnostic line, each counted."""
    program = """
    with FakeCollector() as collector:
        service = Service(collector)
        service.work(5)
        assert shutdown_all(service.pipelines, 20)
        threads, before = threading.active_count(), len(said.lines)
        service.work(10_000)
        assert not flush_all(service.pipelines, 5)
        assert threading.active_count() <= threads
        for name in ("traces", "logs"):
            assert getattr(service.ledger, name).counts()["dropped_by_reason"] == {"after_shutdown": 10_000}
        service.check(traces=10_005, logs=10_005)
        print(len(said.lines) - before)
    """
    assert int(run(program)) <= 1
