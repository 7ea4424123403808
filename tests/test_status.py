"""What `status()` says while something is wrong, and after."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.ledger import ASKED_FOR, SignalLedger
from ameide_telemetry.logs.storm import SUPPRESSED
from support.environment import service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

_STALLED: Final = """
import logging, sys, time
from ameide_telemetry import init_telemetry

telemetry = init_telemetry("orders", logs={"capture_streams": False})
lines = lambda: telemetry.status()["pipelines"]["lines"]
say = lambda: print(lines()["state"], lines()["dropped"] > 0, lines()["queued"], file=sys.stderr, flush=True)
logging.info("first")
say()
while not lines()["dropped"]:
    logging.info("x" * 10_000)
say()
limit = time.monotonic() + 30
sys.stdin.readline()
while lines()["queued"] and time.monotonic() < limit:
    time.sleep(0.01)
logging.info("last")
# It may have to wait for the line that says what was lost.
while lines()["queued"] and time.monotonic() < limit:
    time.sleep(0.01)
say()
"""


@pytest.fixture
def stalled() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a program that logs until lines are dropped, for nobody reads; yield it and where to read."""
    read, write = os.pipe()
    program = subprocess.Popen(
        [sys.executable, "-c", _STALLED],
        env=service_environment(),
        stdin=subprocess.PIPE,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(write)
    end = threading.Timer(60, program.kill)
    end.start()
    yield program, read
    end.cancel()
    program.kill()
    program.communicate()
    os.close(read)


def test_lines_are_well_again_when_stdout_takes_them(stalled: tuple[subprocess.Popen[str], int]) -> None:
    """`failing` while they are lost, `ok` once they are delivered; what was lost stays counted."""
    program, read = stalled
    assert program.stdin is not None
    assert program.stderr is not None
    assert program.stderr.readline() == "ok False 0\n"
    state, lost, waiting = program.stderr.readline().split()
    assert (state, lost, waiting != "0") == ("failing", "True", True)
    reader = threading.Thread(target=lambda: all(iter(lambda: os.read(read, 1 << 16), b"")))
    reader.start()
    program.stdin.write("\n")
    program.stdin.flush()
    assert program.stderr.readline() == "ok True 0\n"
    assert program.wait(30) == 0
    reader.join(30)


def test_losses_are_over_with_the_next_delivery() -> None:
    """The last thing that happened tells, unless it is a drop that the settings ask for."""
    assert SUPPRESSED in ASKED_FOR
    ledger = SignalLedger()
    assert not ledger.losing()
    ledger.drop("stream_full", 3)
    assert ledger.losing()
    ledger.drop(SUPPRESSED)
    assert ledger.losing()
    ledger.pass_one()
    assert not ledger.losing()
    ledger.drop(SUPPRESSED)
    assert not ledger.losing()
    ledger.drop("stream_closed")
    assert ledger.losing()
    ledger.reset()
    assert not ledger.losing()
