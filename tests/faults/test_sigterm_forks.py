"""SIGTERM around a fork: whoever is terminated right then ends, parent or child, and by its own rules."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.programs import ran
from support.collector import FakeCollector

if TYPE_CHECKING:
    from pathlib import Path

_OPT_IN: Final = {"AMEIDE_TELEMETRY_HANDLE_SIGTERM": "true"}
_CHILDREN: Final = """
import json, os, signal, sys, time
from ameide_telemetry import init_telemetry

def outlived(children, seconds):
    # Made and terminated at once; how many have to be killed after all, and how the others have ended.
    pids, statuses, limit = [], [], time.monotonic() + seconds
    for _ in range(children):
        pid = os.fork()
        if pid == 0:
            # Python does not wake for a signal that comes just when it begins to wait, with any handler.
            while True:
                time.sleep(1)
        os.kill(pid, signal.SIGTERM)
        pids.append(pid)
    while pids and time.monotonic() < limit:
        for pid in tuple(pids):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                pids.remove(pid)
                statuses.append(os.waitstatus_to_exitcode(status))
        time.sleep(0.01)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(pids), sorted(set(statuses))

def plain(number, frame):
    PLAIN

signal.signal(signal.SIGTERM, plain)
# What it is like without us, for comparison.
bare = outlived(60, 4)[0] if COMPARE else 0
BEFORE
telemetry = init_telemetry(instrument=False)
sys.__stdout__.write(json.dumps({"bare": bare, "ours": outlived(60, 60)}) + "\\n")
sys.__stdout__.flush()
"""
_DEFAULT: Final = """
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
"""


@pytest.mark.parametrize(
    ("plain", "before", "status"),
    [
        (_DEFAULT, "signal.signal(signal.SIGTERM, signal.SIG_DFL)", -signal.SIGTERM),
        ("raise SystemExit(7)", "", 7),
    ],
    ids=["default", "exits"],
)
def test_a_child_that_is_terminated_at_once_ends(
    plain: str, before: str, status: int, tmp_path: Path
) -> None:
    """None outlives the signal, and each has the status that it has without us.

    A plain handler in Python loses the signal in most of such children: Python forgets it after the fork.
    """
    words = {"PLAIN": plain.strip(), "BEFORE": before, "COMPARE": str(plain is _DEFAULT)}
    source = _CHILDREN
    for word, text in words.items():
        source = source.replace(word, text)
    with FakeCollector() as collector:
        ended = ran(source, tmp_path, **collector.environment(), **_OPT_IN)
    assert ended.status == 0, ended.told
    assert ended.stderr == b""
    found = json.loads(next(line for line in ended.stdout.splitlines() if line.startswith(b'{"bare"')))
    left, statuses = found["ours"]
    assert left == 0, found
    assert statuses == [status]


_PARENT: Final = """
import os, signal, threading, time
from ameide_telemetry import init_telemetry

class Heard(Exception):
    pass

heard = caught = made = 0

def previous(number, frame):
    global heard
    heard += 1
    raise Heard

def more_than(number, count):
    limit = time.monotonic() + 20
    while count() <= number and time.monotonic() < limit:
        time.sleep(0.001)

def storm():
    for number in range(40):
        # By then the parent is among its forks again.
        more_than(made, lambda: made)
        os.kill(main, signal.SIGTERM)
        more_than(number, lambda: heard)
    ended.set()

def fork_on():
    global made
    while not ended.is_set():
        if os.fork() == 0:
            os._exit(0)
        made += 1
        os.waitpid(-1, os.WNOHANG)

signal.signal(signal.SIGTERM, previous)
telemetry = init_telemetry(instrument=False)
ended, main = threading.Event(), os.getpid()
threading.Thread(target=storm, daemon=True).start()
while not ended.is_set():
    try:
        fork_on()
    except Heard:
        # Also in a child, which has got no signal of its own.
        assert os.getpid() == main
        caught += 1
for child in range(100_000):
    try:
        os.wait()
    except ChildProcessError:
        break
assert heard == caught == 40, (heard, caught)
assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
"""


def test_a_parent_that_does_nothing_but_fork_hears_every_signal(tmp_path: Path) -> None:
    """What the handler raises reaches the parent, though nearly every signal comes in the midst of a fork."""
    with FakeCollector() as collector:
        ended = ran(_PARENT, tmp_path, **collector.environment(), **_OPT_IN)
    assert ended.status == 0, ended.told
    assert ended.stderr == b""


_MASK: Final = """
import os, signal, threading
from ameide_telemetry import init_telemetry

def blocked():
    return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])

def look(before):
    # In the parent and in the child of this thread's fork.
    assert blocked() == before
    pid = os.fork()
    right = blocked() == before
    if pid == 0:
        os._exit(0 if right else 1)
    assert right
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    seen.append(before)

def other():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    look(True)

seen = []
telemetry = init_telemetry(instrument=False)
look(False)
for work in (other, lambda: look(False)):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
assert seen == [False, True, False], seen
telemetry.shutdown()
look(False)
"""


def test_who_holds_the_signal_back_is_left_alone(tmp_path: Path) -> None:
    """After a fork the mask of the thread that forked is what it was, in both processes."""
    ended = ran(_MASK, tmp_path, **_OPT_IN)
    assert ended.status == 0, ended.told
