"""The end of a script: in time whatever the collector does, with its own status, and nothing lost unsaid."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from faults.kit.leaver import LATE
from faults.kit.leaving import Left, leave
from support.collector import MODES, FakeCollector
from support.grpc_collector import GrpcCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The promise. A machine that has other things to do gets a second try.
_EXIT_SECONDS: Final = 5.0
_TRIES: Final = 2
_FLUSH_SECONDS: Final = 0.7
_SIGNALS: Final = ("traces", "metrics", "logs")
_COLLECTORS: Final = {"http": FakeCollector, "grpc": GrpcCollector}
_FULL: Final = 2048
# Answers after which nothing is sent again.
_FINAL: Final = frozenset({"400", "413"})
# Every mode once, each transport and each queue with half of them.
_QUICK: Final = {
    ("http", "ok"): _FULL,
    ("grpc", "ok"): _FULL,
    ("http", "refused"): _FULL,
    ("http", "silent"): 10,
    ("grpc", "backlog"): 10,
    ("grpc", "reset"): _FULL,
    ("grpc", "blackhole"): _FULL,
    ("http", "drip"): _FULL,
    ("grpc", "503"): 10,
    ("http", "429"): 10,
    ("grpc", "400"): _FULL,
    ("http", "413"): 10,
}


def matrix(*counts: int) -> Iterator[Any]:
    """Yield transport, mode and number of records, all but a few marked as long."""
    for transport in _COLLECTORS:
        for mode in MODES:
            quick = _QUICK.get((transport, mode))
            for count in counts:
                chosen = quick is not None and (len(counts) == 1 or quick == count)
                marks = () if chosen else pytest.mark.full
                yield pytest.param(transport, mode, count, marks=marks, id=f"{transport}-{mode}-{count}")


def balanced(counts: dict[str, Any]) -> bool:
    """Return whether every record is accounted for."""
    return all(
        each["emitted"] == each["delivered"] + sum(each["dropped_by_reason"].values()) + each["queued"]
        for each in counts.values()
    )


@pytest.mark.parametrize(("transport", "mode", "records"), list(matrix(10, _FULL)))
def test_a_script_ends_in_time(
    transport: str, mode: str, records: int, record_property: Callable[[str, object], None]
) -> None:
    """Traces, metrics and logs share one budget; the status is the script's, and stderr stays empty.

    From its last line to the end of the process, with a queue that is nearly empty or full, and without a
    thread that is started on the way.
    """
    for _ in range(_TRIES):
        seconds = leave_once(transport, mode, records)
        if seconds <= _EXIT_SECONDS:
            break
    record_property("exit_seconds", round(seconds, 3))
    assert seconds <= _EXIT_SECONDS


def leave_once(transport: str, mode: str, records: int) -> float:
    """Let a script end and look at everything but the time, which is returned."""
    collector = _COLLECTORS[transport](mode)
    collector.retry_after = "30"
    with collector:
        left = leave(collector, records=records)
        assert (left.status, left.stderr) == (0, b"")
        assert left.report["started_at_exit"] == []
        if mode == "ok":
            assert collector.count("traces") == records
            assert collector.count("logs") >= records
            assert sum(point.as_int for point in collector.last_points("leaver.work")) == records
        else:
            assert sum(collector.count(signal) for signal in _SIGNALS) == 0
            assert left.diagnostics() != []
    return left.seconds


@pytest.mark.parametrize("transport", _COLLECTORS)
@pytest.mark.parametrize(("ending", "status"), [("return", 0), ("exit", 3), ("raise", 1)])
@pytest.mark.parametrize("mode", ["ok", pytest.param("blackhole", marks=pytest.mark.full), "refused"])
def test_the_status_stays_the_scripts(mode: str, ending: str, status: int, transport: str) -> None:
    """Also where the script ends by an exception, which is said once, and by nobody else."""
    with _COLLECTORS[transport](mode) as collector:
        left = leave(collector, ending=ending)
    assert left.status == status
    own = [line for line in left.lines if "the application's own" in str(line)]
    said = left.stderr.count(b"the application's own") + len(own)
    assert said == (1 if ending == "raise" else 0)
    assert b"ameide" not in left.stderr


def flushed(left: Left, name: str) -> Iterator[dict[str, Any]]:
    """Yield what the flushes said of one signal."""
    for flush in left.report["flushes"]:
        yield flush[name]


@pytest.mark.parametrize(("transport", "mode", "records"), list(matrix(10)))
def test_a_flush_ends_in_time_and_tells_the_truth(
    transport: str, mode: str, records: int, record_property: Callable[[str, object], None]
) -> None:
    """Half a second is half a second, and what it says of each signal is what the collector has."""
    with _COLLECTORS[transport](mode) as collector:
        left = leave(collector, records=records, ending="flush")
        assert (left.status, left.stderr) == (0, b"")
        took = [flush["seconds"] for flush in left.report["flushes"]]
        record_property("flush_seconds", round(min(took), 3))
        # Each of them in time but for a busy machine, and not all of them on a busy machine.
        assert max(took) <= _FLUSH_SECONDS + 1
        assert min(took) <= _FLUSH_SECONDS
        assert balanced(left.report["counts"])
        for name in ("traces", "logs"):
            results = list(flushed(left, name))
            # What an acknowledgement was too late for is said by the next flush, or by none.
            assert sum(each["delivered"] for each in results) <= collector.count(name)
            assert left.report["counts"][name]["delivered"] <= collector.count(name)
            assert all(each["error"] for each in results if not each["ok"])
            assert all(not each["queued"] for each in results if each["ok"])
        last = left.report["flushes"][-1]
        if mode == "ok":
            assert last["ok"]
            assert collector.count("traces") == records + 3
            assert collector.count("logs") >= records + 3
        else:
            for each in (each for name in _SIGNALS for each in flushed(left, name) if each["ok"]):
                # What a collector refuses for good is given up, and may be gone before the next flush begins.
                assert mode in _FINAL
                assert (each["delivered"], each["queued"], each["dropped"]) == (0, 0, 0)
            first = left.report["flushes"][0]
            assert not any(first[name]["ok"] for name in _SIGNALS)


@pytest.mark.parametrize("ending", ["late", "shutdown"])
@pytest.mark.parametrize("transport", ["http", pytest.param("grpc", marks=pytest.mark.full)])
def test_late_records_are_counted(transport: str, ending: str) -> None:
    """Ten thousand records after the end: no exception, no flood of lines, and each is in the counts."""
    with _COLLECTORS[transport]() as collector:
        left = leave(collector, ending=ending)
        assert left.status == 0
        assert b"Traceback" not in left.stderr
        before, after = left.report["before"], left.report["after"]
        assert collector.count("traces") == before["traces"]["delivered"] == 10
    late = {name: after[name]["emitted"] - before[name]["emitted"] for name in _SIGNALS}
    assert late["traces"] == LATE
    # After `shutdown()` lines are the application's own affair again.
    assert late["logs"] == (LATE if ending == "late" else 0)
    assert balanced(after)
    for name in ("traces", "logs"):
        assert after[name]["dropped_by_reason"].get("after_shutdown", 0) == late[name]
    assert len(left.diagnostics()) <= 1


@pytest.mark.parametrize("transport", _COLLECTORS)
def test_an_outage_that_ends_in_time_loses_nothing(transport: str) -> None:
    """A collector that comes back while the process ends gets everything."""
    with _COLLECTORS[transport]("503") as collector:
        waiter = _once_attempted(collector)
        left = leave(collector)
        waiter.join(60)
        assert collector.count("traces") == 10
        assert collector.count("logs") >= 10
    assert left.status == 0


def _once_attempted(collector: FakeCollector) -> threading.Thread:
    """Have the collector recover after three attempts."""

    def mend() -> None:
        limit = time.monotonic() + 30
        while collector.attempts < 3 and time.monotonic() < limit:
            time.sleep(0.005)
        collector.mode = "ok"

    thread = threading.Thread(target=mend)
    thread.start()
    return thread
