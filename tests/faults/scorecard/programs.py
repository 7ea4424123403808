"""Runs the programs of `faults.baseline`: each in a process group of its own that ends with its time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from support.servers import service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["RESULT", "WIRINGS", "Run", "Wiring", "run_limited", "run_program"]

Wiring = Literal["hand", "ours"]
WIRINGS: Final[tuple[Wiring, ...]] = ("hand", "ours")
# Names the file into which a program writes what it found.
RESULT: Final = "BASELINE_RESULT"
_LIMIT: Final = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a program.

    Attributes:
        status: its exit status; None when it had to be killed.
        seconds: from start to end.
        stdout: what it wrote, unless that went elsewhere.
        stderr: what it wrote.
        result: what it wrote into its result file; empty when nothing.
    """

    status: int | None
    seconds: float
    stdout: bytes = b""
    stderr: bytes = b""
    result: Mapping[str, Any] = field(default_factory=dict)


def run_program(
    name: str,
    wiring: str,
    *arguments: object,
    environment: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
    seconds: float = _LIMIT,
    sick: bool = False,
) -> Run:
    """Run `python -m faults.baseline.NAME ARGUMENTS` with its telemetry wired as told.

    Args:
        name: of the module.
        wiring: for `WIRING`: `hand`, `ours`, or what else the program knows.
        *arguments: become text.
        environment: further variables.
        stdout: where it goes.
        seconds: after which the program is killed.
        sick: whether it may fail, or be killed, without that being our own mistake.
    """
    command = [sys.executable, "-m", f"faults.baseline.{name}", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "result.json"
        variables = {
            "OTEL_SERVICE_NAME": "orders",
            "OTEL_METRICS_EXPORTER": "otlp",
            "WIRING": wiring,
            RESULT: str(path),
            **(environment or {}),
        }
        run = run_limited(command, service_environment(**variables), stdout, seconds)
        result = json.loads(path.read_text()) if path.exists() else {}
    if not sick and run.status != 0:
        raise RuntimeError(
            f"{name} {wiring} ended with {run.status}: {run.stderr[-600:].decode(errors='replace')}"
        )
    return Run(run.status, run.seconds, run.stdout, run.stderr, result)


def run_limited(
    command: Sequence[str], environment: Mapping[str, str], stdout: int | IO[bytes], seconds: float
) -> Run:
    """Run a command; after `seconds` its whole process group is killed, and its status is None."""
    began = time.monotonic()
    with _own_group(command, environment, stdout) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            output, errors = process.communicate()
            return Run(None, time.monotonic() - began, output or b"", errors)
        return Run(process.returncode, time.monotonic() - began, output or b"", errors)


@contextlib.contextmanager
def _own_group(
    command: Sequence[str], environment: Mapping[str, str], stdout: int | IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            _kill(process)
            process.communicate()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
