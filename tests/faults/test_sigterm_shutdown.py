"""SIGTERM at the end of a script: nothing is lost by it, and the time is that of one end."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.programs import program, ran
from support.collector import FakeCollector

if TYPE_CHECKING:
    from pathlib import Path

_OPT_IN: Final = {"AMEIDE_TELEMETRY_HANDLE_SIGTERM": "true"}
_START: Final = """
import os, signal, sys, threading, time
from opentelemetry import trace
from ameide_telemetry import get_logger, init_telemetry

def work(number=200):
    for _ in range(number):
        trace.get_tracer("t").start_span("work").end()
        log.info("done")

def terminate():
    # Once the shutdown is under way.
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()

log = get_logger("script")
"""
_ENDS: Final = {
    "shutdown": """
telemetry = init_telemetry(instrument=False)
work()
terminate()
telemetry.shutdown(20)
time.sleep(60)
""",
    "with": """
with init_telemetry(instrument=False):
    work()
    terminate()
time.sleep(60)
""",
    "another thread": """
telemetry = init_telemetry(instrument=False)
work()
terminate()
threading.Thread(target=telemetry.shutdown, args=(20,)).start()
time.sleep(60)
""",
}
# One request for each record: that takes a while.
_SLOWLY: Final = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "1"}


def _arrived(collector: FakeCollector) -> tuple[int, int]:
    return collector.count("traces"), sum(each.body.string_value == "done" for each in collector.logs())


@pytest.mark.parametrize("end", _ENDS)
def test_a_signal_during_the_shutdown_waits_for_it(end: str, tmp_path: Path) -> None:
    """Everything arrives, and the status is that of the signal."""
    with FakeCollector() as collector:
        ended = ran(_START + _ENDS[end], tmp_path, **collector.environment(), **_OPT_IN, **_SLOWLY)
        assert _arrived(collector) == (200, 200), ended
    assert ended.status == -signal.SIGTERM
    assert ended.stderr == b""


@pytest.mark.parametrize("end", _ENDS)
def test_a_previous_handler_has_its_turn_after_the_shutdown(end: str, tmp_path: Path) -> None:
    """It is called once, when everything has arrived, and chooses the status."""
    own = """
def own(number, frame):
    sys.__stdout__.write("CALLED\\n")
    raise SystemExit(7)

signal.signal(signal.SIGTERM, own)
"""
    with FakeCollector() as collector:
        ended = ran(_START + own + _ENDS[end], tmp_path, **collector.environment(), **_OPT_IN, **_SLOWLY)
        assert _arrived(collector) == (200, 200), ended
    assert ended.status == 7
    assert ended.stdout.count(b"CALLED") == 1


def test_a_shutdown_with_more_time_does_not_hold_the_signal_up_for_ever(tmp_path: Path) -> None:
    """A collector that does not answer costs the exit timeout, not the timeout of the shutdown."""
    source = f"""
{_START}
telemetry = init_telemetry(instrument=False)
work()
terminate()
telemetry.shutdown(70)
"""
    with FakeCollector("silent") as collector:
        began = time.monotonic()
        variables = {**collector.environment(), **_OPT_IN, "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "1"}
        assert ran(source, tmp_path, **variables).status == -signal.SIGTERM
    assert time.monotonic() - began < 30


def test_the_hook_at_exit_adds_no_time_to_that_of_the_signal(tmp_path: Path) -> None:
    """The first signal has used most of the time when the second lets the script end by its own handler."""
    source = f"""
{_START}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
telemetry = init_telemetry(instrument=False)
work()
print("ready")
time.sleep(60)
"""
    with FakeCollector("silent") as collector:
        variables = {**collector.environment(), **_OPT_IN, "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "6"}
        with program(source, tmp_path, **variables) as process:
            process.wait_for(b"ready")
            process.wait_at_rest()
            began = time.monotonic()
            process.send(signal.SIGTERM)
            time.sleep(5)
            process.send(signal.SIGTERM)
            assert process.wait(40).status == 7
            # Six seconds for all, where the hook with a budget of its own would make it eleven.
            assert time.monotonic() - began < 9.5
