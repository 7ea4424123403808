"""SIGTERM to plain scripts that opted in: everything arrives, and they end as they did without us."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.programs import program, ran
from support.collector import FakeCollector

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers import Ended

_OPT_IN: Final = {"AMEIDE_TELEMETRY_HANDLE_SIGTERM": "true"}
_WORK: Final = """
import os, signal, sys, threading, time
from opentelemetry import metrics, trace
from ameide_telemetry import get_logger, init_telemetry

def work(number=20):
    for _ in range(number):
        trace.get_tracer("t").start_span("work").end()
        counter.add(1)
        log.info("done")

log = get_logger("script")
"""
_START: Final = """
telemetry = init_telemetry(instrument=False)
counter = metrics.get_meter("t").create_counter("work.done")
"""
_READY: Final = """
work()
print("ready")
"""
_ENDLESS: Final = {
    "sleeps": "time.sleep(60)",
    "computes": "while True: sum(range(1000))",
    "pauses": "while True: signal.pause()",
    "waits": "threading.Event().wait(60)",
    "reads": "os.read(os.pipe()[0], 1)",
}


def _arrived(collector: FakeCollector) -> tuple[int, int, int]:
    records = [each for each in collector.logs() if each.body.string_value == "done"]
    points = [point.as_int for point in collector.points("work.done")]
    return collector.count("traces"), len(records), points[-1] if points else 0


def _stopped(source: str, directory: Path, collector: FakeCollector, **variables: str) -> tuple[Ended, float]:
    """Run a program until it says that it is ready, send SIGTERM; return also how long it took to end."""
    given = {**collector.environment(), **_OPT_IN, **variables}
    with program(_WORK + source, directory, **given) as process:
        process.wait_for(b"ready")
        if _ENDLESS["computes"] not in source:
            process.wait_at_rest()
        began = time.monotonic()
        ended = process.stop(signal.SIGTERM)
        return ended, time.monotonic() - began


@pytest.mark.parametrize("state", _ENDLESS)
def test_everything_arrives_and_the_status_is_that_of_the_signal(state: str, tmp_path: Path) -> None:
    """Whatever the main thread does, it is ended by SIGTERM, after its records were sent."""
    with FakeCollector() as collector:
        ended, _ = _stopped(_START + _READY + _ENDLESS[state], tmp_path, collector)
        assert _arrived(collector) == (20, 20, 20), ended
    assert ended.status == -signal.SIGTERM
    assert ended.stderr == b""


def test_without_the_opt_in_nothing_is_handled(tmp_path: Path) -> None:
    """The script ends by the signal at once, and what waited is lost."""
    source = _START + _READY + _ENDLESS["sleeps"]
    with FakeCollector() as collector:
        ended, _ = _stopped(source, tmp_path, collector, AMEIDE_TELEMETRY_HANDLE_SIGTERM="false")
        assert _arrived(collector) == (0, 0, 0)
    assert ended.status == -signal.SIGTERM


@pytest.mark.parametrize(("leave", "status"), [("raise SystemExit(7)", 7), ("os._exit(3)", 3)])
def test_a_handler_that_was_there_before_is_called(leave: str, status: int, tmp_path: Path) -> None:
    """It gets the signal and the frame, after the records were sent, and chooses the exit status."""
    own = f"""
def own(number, frame):
    print("own", number == signal.SIGTERM, frame is not None)
    {leave}

signal.signal(signal.SIGTERM, own)
"""
    with FakeCollector() as collector:
        ended, _ = _stopped(own + _START + _READY + _ENDLESS["sleeps"], tmp_path, collector)
        assert _arrived(collector) == (20, 20, 20)
    assert ended.status == status
    assert b'"own True True"' in ended.stdout


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """Nothing happens, nothing is sent, and the script goes on."""
    source = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
{_START}
assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
{_READY}
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(0.5)
print("goes on", telemetry.status()["counts"]["traces"]["delivered"])
"""
    with FakeCollector() as collector:
        ended, _ = _stopped(source, tmp_path, collector)
    assert ended.status == 0
    assert b'"goes on 0"' in ended.stdout


@pytest.mark.parametrize("mode", ["silent", "503", "refused"])
def test_a_sick_collector_delays_the_end_by_the_exit_timeout_at_most(mode: str, tmp_path: Path) -> None:
    """The budget holds, and the status stays that of the signal."""
    with FakeCollector(mode) as collector:
        source = _START + _READY + _ENDLESS["sleeps"]
        ended, seconds = _stopped(source, tmp_path, collector, AMEIDE_TELEMETRY_EXIT_TIMEOUT="1")
    assert ended.status == -signal.SIGTERM
    # One second for us; the rest is for a busy machine.
    assert seconds < 5


def test_a_signal_that_comes_when_the_main_thread_is_about_to_wait_is_sent_again(tmp_path: Path) -> None:
    """Python hears of such a signal when the wait is over, which may be never: here the first one is lost."""
    lost = """
sent = signal.pthread_kill
given = []

def kill(*arguments):
    given.append(arguments)
    if len(given) > 1:
        sent(*arguments)

signal.pthread_kill = kill
"""
    with FakeCollector("silent") as collector:
        source = lost + _START + _READY + _ENDLESS["sleeps"]
        ended, _ = _stopped(source, tmp_path, collector, AMEIDE_TELEMETRY_EXIT_TIMEOUT="1")
    assert ended.status == -signal.SIGTERM


def test_a_second_sigterm_is_not_delayed(tmp_path: Path) -> None:
    """Who sends it again does not want to wait for a collector that does not answer."""
    with FakeCollector("silent") as collector:
        given = {**collector.environment(), **_OPT_IN, "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "60"}
        with program(_WORK + _START + _READY + _ENDLESS["sleeps"], tmp_path, **given) as process:
            process.wait_for(b"ready")
            process.wait_at_rest()
            process.send(signal.SIGTERM)
            time.sleep(1)
            process.send(signal.SIGTERM)
            assert process.wait(20).status == -signal.SIGTERM


def test_a_previous_handler_hears_every_signal(tmp_path: Path) -> None:
    """Two signals are two calls, whether the records could be sent in between or not."""
    source = f"""
calls = []
signal.signal(signal.SIGTERM, lambda *_: calls.append(1))
{_START}
{_READY}
for expected in (1, 2):
    while len(calls) < expected:
        time.sleep(0.01)
    print("call", expected)
"""
    with FakeCollector("silent") as collector:
        given = {**collector.environment(), **_OPT_IN, "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "3"}
        with program(_WORK + source, tmp_path, **given) as process:
            process.wait_for(b"ready")
            process.send(signal.SIGTERM)
            # Two that a process on a busy machine has not come to yet are one.
            time.sleep(0.5)
            process.send(signal.SIGTERM)
            process.wait_for(b"call 2", 20)
            assert process.wait().status == 0


_LOCKS: Final = """
import gc

def locks_of(owner):
    names = [*getattr(owner, "__dict__", {}), *getattr(type(owner), "__slots__", ())]
    found = [getattr(owner, name, None) for name in names]
    return [each for each in found if hasattr(each, "acquire") and hasattr(each, "release")]

def all_locks():
    owners = [each for each in gc.get_objects() if type(each).__module__.startswith("ameide_telemetry")]
    return [guard._lock, *(lock for owner in owners for lock in locks_of(owner))]
"""


def test_no_lock_of_ours_can_make_the_handler_wait(tmp_path: Path) -> None:
    """The signal interrupts the main thread while that holds every lock there is; all records arrive."""
    source = f"""
{_START}
{_LOCKS}
work()
from ameide_telemetry import guard
locks = all_locks()
assert len(locks) > 3, locks
for lock in locks:
    lock.acquire()
os.kill(os.getpid(), signal.SIGTERM)
for lock in locks:
    lock.release()
time.sleep(60)
"""
    with FakeCollector() as collector:
        ended = ran(_WORK + source, tmp_path, **collector.environment(), **_OPT_IN)
        assert _arrived(collector) == (20, 20, 20), ended
    assert ended.status == -signal.SIGTERM


_STORM: Final = f"""
import faulthandler
faulthandler.dump_traceback_later(100, exit=True)
calls = 0

def heard(*_):
    global calls
    calls += 1
    # What services do in their handlers.
    log.info("heard")
    trace.get_tracer("t").start_span("heard").end()

signal.signal(signal.SIGTERM, heard)
{_START}
sent, ended = 0, threading.Event()

def storm():
    global sent
    until = time.monotonic() + 25
    while sent < SIGNALS and time.monotonic() < until:
        before = calls
        os.kill(os.getpid(), signal.SIGTERM)
        sent += 1
        limit = time.monotonic() + 30
        while calls == before and time.monotonic() < limit:
            time.sleep(0.001)
    ended.set()

threading.Thread(target=storm, daemon=True).start()
rounds = 0
while not ended.is_set():
    work(1)
    rounds += 1
counts = telemetry.status()["counts"]
sys.__stdout__.write(f"CALLS {{calls}} {{sent}}\\n")
"""


@pytest.mark.parametrize("signals", [60, pytest.param(2000, marks=pytest.mark.full)])
def test_a_storm_of_signals_ends_in_no_deadlock(signals: int, tmp_path: Path) -> None:
    """While the main thread logs, traces and counts without pause, every signal is heard once."""
    with FakeCollector() as collector:
        source = _WORK + _STORM.replace("SIGNALS", str(signals))
        ended = ran(source, tmp_path, **collector.environment(), **_OPT_IN)
    assert ended.status == 0, ended.told
    figures = next(line for line in ended.stdout.splitlines() if line.startswith(b"CALLS")).split()
    # A busy machine does not come to all of them within the time.
    assert int(figures[1]) == int(figures[2]) > 20


def test_a_signal_during_the_exit_hook_waits_for_it(tmp_path: Path) -> None:
    """The script is at its end and sends; SIGTERM does not take the records away, and is the status."""
    source = f"""
{_START}
def observe(_):
    # The last collection, while the hook at exit waits for it.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.5)
    return [metrics.Observation(1)]

metrics.get_meter("t").create_observable_gauge("work.level", [observe])
work()
"""
    with FakeCollector() as collector:
        ended = ran(_WORK + source, tmp_path, **collector.environment(), **_OPT_IN)
        assert _arrived(collector) == (20, 20, 20), ended
    assert ended.status == -signal.SIGTERM


def test_a_handler_that_came_later_stays(tmp_path: Path) -> None:
    """A server takes the signal after us: undoing takes nothing from it, and it may still pass on to us."""
    source = f"""
first = []
signal.signal(signal.SIGTERM, lambda *_: first.append("called"))
{_START}
ours = signal.getsignal(signal.SIGTERM)

def theirs(*arguments):
    ours(*arguments)

signal.signal(signal.SIGTERM, theirs)
work()
telemetry.shutdown()
assert signal.getsignal(signal.SIGTERM) is theirs
os.kill(os.getpid(), signal.SIGTERM)
assert first == ["called"]
"""
    with FakeCollector() as collector:
        assert ran(_WORK + source, tmp_path, **collector.environment(), **_OPT_IN).status == 0


def test_undoing_leaves_no_trace(tmp_path: Path) -> None:
    """After `shutdown` the handler is what it was, our thread is gone, and a second start works."""
    source = f"""
before = signal.getsignal(signal.SIGTERM)
{_START}
assert signal.getsignal(signal.SIGTERM) is not before
telemetry.shutdown()
assert signal.getsignal(signal.SIGTERM) is before
limit = time.monotonic() + 20
while len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < limit:
    time.sleep(0.01)
assert len(os.listdir("/proc/self/task")) == 1, threading.enumerate()
{_START}
work()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""
    with FakeCollector() as collector:
        ended = ran(_WORK + source, tmp_path, **collector.environment(), **_OPT_IN)
        assert _arrived(collector) == (20, 20, 20), ended
    assert ended.status == -signal.SIGTERM


def test_outside_the_main_thread_it_is_one_warning(tmp_path: Path) -> None:
    """Python lets only the main thread take signals: that is said, and telemetry works all the same."""
    source = """
def start():
    global telemetry, counter
    telemetry = init_telemetry(instrument=False, strict=False)
    counter = metrics.get_meter("t").create_counter("work.done")

thread = threading.Thread(target=start)
thread.start()
thread.join()
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
work()
telemetry.shutdown()
"""
    with FakeCollector() as collector:
        ended = ran(_WORK + source, tmp_path, **collector.environment(), **_OPT_IN)
        assert _arrived(collector) == (20, 20, 20), ended
    assert ended.status == 0
    assert ended.stdout.count(b"outside the main thread") == 1
    assert ended.stderr == b""


def test_import_and_start_leave_every_signal_alone(tmp_path: Path) -> None:
    """Without the opt-in no handler of any signal changes, not by import, start, records or a flush."""
    before = """
import signal
before = {number: signal.getsignal(number) for number in signal.valid_signals()}
"""
    after = """
telemetry = init_telemetry()
counter = metrics.get_meter("t").create_counter("work.done")
work()
assert telemetry.force_flush(20)
assert {number: signal.getsignal(number) for number in signal.valid_signals()} == before
"""
    with FakeCollector() as collector:
        assert ran(before + _WORK + after, tmp_path, **collector.environment()).status == 0


_INHERIT: Final = """
from faults.kit.forks import fork_in_c

CHILD = {"os.fork": os.fork, "libc": fork_in_c}.get(KIND)

def child():
    work()
    print("ready")
    time.sleep(60)

if __name__ == "__main__":
    START
    if CHILD is not None:
        # A fork in C copies the interpreter's own lock as it is: nobody may be waiting for it.
        time.sleep(0.5)
        pid = CHILD()
        if pid == 0:
            signal.alarm(40)
            child()
        time.sleep(2)
        os.kill(pid, signal.SIGTERM)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    else:
        import multiprocessing
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        time.sleep(2)
        process.terminate()
        process.join()
        status = process.exitcode
    assert status == -signal.SIGTERM, status
"""


@pytest.mark.parametrize("kind", ["os.fork", "libc", "multiprocessing"])
def test_children_inherit_it(kind: str, tmp_path: Path) -> None:
    """A forked child that is terminated sends what it has and ends by the signal, like its parent."""
    start = _START.strip().replace("\n", "\n    ")
    source = _INHERIT.replace("START", start).replace("KIND", repr(kind))
    with FakeCollector() as collector:
        ended = ran(_WORK + source, tmp_path, **collector.environment(), **_OPT_IN)
        assert ended.status == 0, ended.stderr[-2000:]
        assert _arrived(collector) == (20, 20, 20)
