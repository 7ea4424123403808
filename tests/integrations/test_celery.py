"""Celery workers flush before their processes end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from celery import signals  # type: ignore[import-untyped]

from ameide_telemetry.integrations.celery import flush_at_worker_exit
from ameide_telemetry.integrations.clients import instrument_clients
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("ending", [signals.worker_process_shutdown, signals.worker_shutdown])
def test_flush_at_the_end_of_a_worker(ending: Any) -> None:
    """Both endings flush, until undone."""
    flushed: list[int] = []
    undo = flush_at_worker_exit(lambda: flushed.append(1))
    ending.send(sender=None, pid=1, exitcode=0)
    undo()
    ending.send(sender=None, pid=1, exitcode=0)
    assert flushed == [1]


def test_instrumenting_celery_connects_the_flush() -> None:
    """The clients' table brings spans of tasks, and the flush with them."""
    flushed: list[int] = []
    result = instrument_clients(TelemetrySettings(instrument=("celery",)), flush=lambda: flushed.append(1))
    try:
        assert result.active == ["celery"]
        signals.worker_shutdown.send(sender=None)
    finally:
        result.undo()
    signals.worker_shutdown.send(sender=None)
    assert flushed == [1]


WORKER = """
import os, sys
from celery import Celery
from ameide_telemetry.integrations.celery import flush_at_worker_exit

app = Celery("t", broker="memory://", backend="cache+memory://")
main = os.getpid()


def flush():
    with open(sys.argv[1], "a") as file:
        print("main" if os.getpid() == main else "child", file=file)


flush_at_worker_exit(flush)


@app.task
def stop():
    os.kill(main, 15)


stop.delay()
app.worker_main(["worker", "--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle"])
"""


def test_real_prefork_worker_flushes_in_the_child_and_in_the_parent(tmp_path: Path) -> None:
    """A pool process leaves by os._exit: the signal is the only way to be heard."""
    seen = tmp_path / "seen"
    program = tmp_path / "worker.py"
    program.write_text(WORKER)
    process = subprocess.Popen(
        [sys.executable, str(program), str(seen)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONWARNINGS": ""},
        start_new_session=True,
        cwd=tmp_path,
    )
    try:
        output, _ = process.communicate(timeout=45)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)
    assert seen.exists(), output.decode()
    assert sorted(set(seen.read_text().split())) == ["child", "main"], output.decode()
