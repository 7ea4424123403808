"""Work that several processes do together: all of it is done, whoever ends, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.lint import pool
from ameide_telemetry.lint.crew import Crew
from ameide_telemetry.lint.pool import spread
from support.environment import untraced_environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is one process elsewhere")

_LONGEST: Final = 30
_INTERRUPTED: Final = 130
_LINT: Final = """
import sys, time
from ameide_telemetry.cli import main
from ameide_telemetry.lint import linter, pool, survey

linter._FEW, pool._processors = 0, lambda: 2

def look(*_):
    print("looks", flush=True)
    time.sleep(60)

survey.Survey.look = look
sys.exit(main(["lint", "--no-cache"]))
"""


@pytest.fixture(autouse=True)
def _two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work with two processes on any machine."""
    monkeypatch.setattr(pool, "_processors", lambda: 2)


def test_everything_is_done_once_and_comes_in_order() -> None:
    """Each item comes back with what came of it, the long ones at the front too, and progress is told."""
    told: list[tuple[int, int]] = []
    items = list(range(1_000))
    here = os.getpid()
    found = list(
        spread(lambda item: (item * 2, os.getpid()), items, 0, alone=3, tell=lambda *how: told.append(how))
    )
    assert [item for item, _ in found] == items
    assert [result for _, (result, _) in found] == [item * 2 for item in items]
    assert here not in {process for _, (_, process) in found}
    assert told[-1] == (1_000, 1_000)


def test_what_a_process_leaves_undone_is_done_here() -> None:
    """A process that is ended in the middle of its work costs time, and no result."""
    here = os.getpid()

    def work(item: int) -> int:
        if item % 7 == 0 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return -item

    assert list(spread(work, range(200), 0)) == [(item, -item) for item in range(200)]


def test_what_goes_wrong_in_a_process_goes_wrong_here() -> None:
    """An error of the work is raised to whoever asked for it."""
    with pytest.raises(ZeroDivisionError):
        list(spread(lambda item: 1 // item, [2, 1, 0], 0))


def test_nobody_is_left_when_the_work_is_given_up() -> None:
    """Whoever leaves in the middle ends the other processes at once."""
    members: list[int] = []

    def give_up() -> None:
        with Crew(lambda _: time.sleep(_LONGEST), 4, 2) as crew:
            members.extend(crew._members.values())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert len(members) == 2
    for member in members:
        with pytest.raises(ProcessLookupError):
            os.kill(member, 0)


def test_nobody_is_left_when_the_work_is_given_up_before_all_have_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl+C while the processes are started ends those which are there already."""
    members: list[int] = []
    fork = os.fork

    def interrupted() -> int:
        member = fork()
        if member:
            members.append(member)
            os.kill(os.getpid(), signal.SIGINT)
        return member

    monkeypatch.setattr(os, "fork", interrupted)
    with pytest.raises(KeyboardInterrupt), Crew(lambda _: time.sleep(_LONGEST), 4, 2):
        pass
    assert members
    for member in members:
        with pytest.raises(ProcessLookupError):
            os.kill(member, 0)


def test_ctrl_c_ends_the_lint_at_once(tmp_path: Path) -> None:
    """Ctrl+C, which all processes of a terminal hear, ends with 130, without a word, and leaves none."""
    (tmp_path / "Dockerfile").write_text('CMD ["uvicorn", "asgi:app"]\n')
    (tmp_path / "asgi.py").write_text("import fastapi\n\napp = fastapi.FastAPI()\n")
    (tmp_path / "other.py").write_text("import logging\n\nlogging.basicConfig()\n")
    run = subprocess.Popen(
        [sys.executable, "-c", _LINT],
        cwd=tmp_path,
        env=untraced_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert run.stdout is not None
    try:
        assert run.stdout.readline() == b"looks\n"
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=_LONGEST)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    assert (run.returncode, said) == (_INTERRUPTED, b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)
