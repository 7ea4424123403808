"""A process in which telemetry runs as in production, and is made to fail at one place after another.

This is the tests' end of it; `bench` is what the process runs.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from faults.kit.failpoints import Failpoint
from support.servers import service_environment

__all__ = ["Laboratory", "failpoints"]

_TESTS: Final = Path(__file__).parent.parent.parent
_SECONDS: Final = 30
_MOST_COMPLAINT: Final = 1 << 20


class Laboratory:
    """The process, as tests use it; one that ended is started again."""

    def __init__(self) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 closed with the process
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "faults.kit.bench"],
            env=service_environment(PYTHONHASHSEED="0"),
            cwd=_TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            start_new_session=True,
        )

    def failpoints(self) -> list[Failpoint]:
        """Return every failpoint of every scenario."""
        return [Failpoint(**each) for each in self._ask({"do": "failpoints"})]

    def run(self, scenario: str) -> dict[str, Any]:
        """Run one scenario without a failure; says what the bare application and ours did."""
        answer: dict[str, Any] = self._ask({"do": "run", "scenario": scenario})
        return answer

    def inject(self, failpoint: Failpoint, at: int = 1) -> dict[str, Any]:
        """Run a scenario with one failure, and once more without."""
        request = {"do": "inject", "failpoint": failpoint.as_dict(), "at": at}
        answer: dict[str, Any] = self._ask(request)
        if not answer["failed"]["fired"]:
            # An earlier failure may have left another way in use: a new process takes the first one.
            self._process.kill()
            self._process.wait()
            answer = self._ask(request)
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._stderr.close()

    def _ask(self, request: dict[str, Any]) -> Any:
        if self._process.poll() is not None:
            self._process.communicate()
            self._process = self._started()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._process.wait(_SECONDS)
            raise AssertionError(f"the process ended during {request}: {self._complaint()}")
        return json.loads(answer)

    def _complaint(self) -> str:
        # Not by seeking: the process writes at the same position in the file.
        return os.pread(self._stderr.fileno(), _MOST_COMPLAINT, 0)[-4000:].decode("utf-8", "replace")


def failpoints() -> list[Failpoint]:
    """Return every failpoint of every scenario, found in a process of its own.

    The workers of one parallel test run must all see the same list: the first one makes it, and leaves
    it in a file for the others.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        return _found()
    shared = Path(tempfile.gettempdir(), f"failpoints-{run}.json")
    try:
        os.close(os.open(shared.with_suffix(".lock"), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return [Failpoint(**each) for each in json.loads(_awaited(shared))]
    for each in (shared, shared.with_suffix(".lock")):
        atexit.register(each.unlink, missing_ok=True)
    found = _found()
    complete = shared.with_suffix(".part")
    complete.write_text(json.dumps([each.as_dict() for each in found]))
    complete.rename(shared)
    return found


def _found() -> list[Failpoint]:
    laboratory = Laboratory()
    try:
        return laboratory.failpoints()
    finally:
        laboratory.close()


def _awaited(file: Path) -> str:
    limit = time.monotonic() + 2 * _SECONDS
    while not file.exists():
        assert time.monotonic() < limit, "the worker that lists the failpoints does not get ready"
        time.sleep(0.05)
    return file.read_text()
