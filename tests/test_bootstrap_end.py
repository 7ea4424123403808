"""The end of telemetry, from several threads and in forked children at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from support.collector import FakeCollector
from support.environment import service_environment

_TESTS: Final = Path(__file__).parent
_START: Final = """
import dataclasses, json, os, signal, sys, threading, time
from ameide_telemetry import get_logger, init_telemetry
from faults.kit.forks import fork_in_c

def say(**found):
    os.write(2, (json.dumps(found) + "\\n").encode())

def plain(result):
    return [bool(result), dataclasses.asdict(result.traces)]

# Coverage has a handler of its own.
before = signal.getsignal(signal.SIGTERM)
telemetry = init_telemetry("orders", instrument=False, logs={"sink": "stdout"})
for _ in range(5):
    telemetry.tracer("t").start_span("work").end()
"""


def _said(source: str, **environ: str) -> list[dict[str, Any]]:
    """Run a program and return what it said."""
    done = subprocess.run(
        [sys.executable, "-c", _START + source],
        cwd=_TESTS,
        env=service_environment(**environ),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_second_shutdown_keeps_its_own_time_and_tells_the_truth() -> None:
    """It does not wait as long as the first, and is not ok where records are not out, or were dropped."""
    source = """
first = []
thread = threading.Thread(target=lambda: first.append(telemetry.shutdown(SECONDS)))
thread.start()
while telemetry.active:
    time.sleep(0.001)
began = time.monotonic()
say(early=plain(telemetry.shutdown(0.2)), first=bool(first), seconds=time.monotonic() - began)
thread.join()
say(first=plain(first[0]), late=plain(telemetry.shutdown(0.2)))
"""
    with FakeCollector("silent") as collector:
        early, late = _said(source.replace("SECONDS", "8"), **collector.environment())
    assert (early["early"][0], early["early"][1]["queued"], early["first"]) == (False, 5, False)
    assert early["seconds"] < 7
    assert late["first"] == late["late"]
    assert (late["late"][0], late["late"][1]["dropped"]) == (False, 5)


def test_a_second_shutdown_with_enough_time_has_the_result_of_the_first() -> None:
    """Two threads shut down at the same time, both hear that everything arrived."""
    source = """
results = []
threads = [threading.Thread(target=lambda: results.append(plain(telemetry.shutdown(30)))) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
say(results=results)
"""
    with FakeCollector() as collector:
        (found,) = _said(source, **collector.environment())
        assert collector.count("traces") == 5
    assert [ok for ok, _ in found["results"]] == [True] * 4
    assert {traces["delivered"] for _, traces in found["results"]} == {5}


def test_a_flush_while_telemetry_is_shut_down_waits_for_it() -> None:
    """What it says is what became of the records."""
    source = """
for _ in range(295):
    telemetry.tracer("t").start_span("work").end()
thread = threading.Thread(target=telemetry.shutdown, args=(40,))
thread.start()
while telemetry.active:
    time.sleep(0.001)
say(flush=plain(telemetry.force_flush(40)))
thread.join()
say(flush=plain(telemetry.force_flush(30)))
"""
    with FakeCollector() as collector:
        # One request for each, so that the shutdown takes a while.
        slowly = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"}
        during, after = _said(source, **collector.environment(), **slowly)
        assert collector.count("traces") == 300
    assert during["flush"][0]
    assert (after["flush"][0], after["flush"][1]["error"]) == (False, "shutdown")


@pytest.mark.parametrize("fork", ["os.fork", "fork_in_c"])
@pytest.mark.parametrize("call", ["init_telemetry('parcels')", "(telemetry.shutdown(0.5), telemetry)[1]"])
def test_a_fork_while_another_thread_shuts_down(call: str, fork: str) -> None:
    """The child waits for no thread of its parent's, and has the process as it was before telemetry."""
    source = """
import logging
thread = threading.Thread(target=telemetry.shutdown, args=(60,))
thread.start()
limit = time.monotonic() + 30
while "ameide_telemetry.export.over_http" not in sys.modules and time.monotonic() < limit:
    time.sleep(0.01)

def child():
    signal.alarm(8)
    handle = CALL
    handlers = [each for each in logging.getLogger().handlers if "ameide" in type(each).__module__]
    handle.shutdown(0.5)
    untouched = signal.getsignal(signal.SIGTERM) is before
    os._exit(7 + len(handlers) if untouched else 1)

status = -signal.SIGALRM
for _ in range(3):
    # A fork in C copies the interpreter's own lock as it is: nobody may be waiting for it, and once somebody
    # may, on a busy machine.
    time.sleep(0.5)
    if status == -signal.SIGALRM:
        pid = FORK()
        if pid == 0:
            child()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
say(status=status, alive=thread.is_alive())
os._exit(0)
"""
    with FakeCollector("silent") as collector:
        source = source.replace("FORK", fork).replace("CALL", call)
        opt_in = {"AMEIDE_TELEMETRY_HANDLE_SIGTERM": "true"}
        (found,) = _said(source, **collector.environment(), **opt_in)
    # One handler after a new start, none after the end.
    assert found == {"status": 8 if call.startswith("init") else 7, "alive": True}


@pytest.mark.parametrize("fork", ["os.fork", "fork_in_c"])
def test_a_child_that_looks_first_finds_nothing_of_its_parents(fork: str) -> None:
    """All counts are at zero, those of the lines too, before the child has done anything else."""
    source = """
log = get_logger("orders")
for _ in range(7):
    log.info("line")
time.sleep(0.3)
pid = FORK()
if pid == 0:
    say(emitted={name: each["emitted"] for name, each in telemetry.status()["counts"].items()})
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
say(emitted=telemetry.status()["counts"]["lines"]["emitted"])
"""
    child, parent = _said(source.replace("FORK", fork))
    assert set(child["emitted"].values()) == {0}
    assert parent["emitted"] >= 7
