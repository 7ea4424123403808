"""Runs a script that works and ends, and measures how long its end takes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from support.servers import service_environment

if TYPE_CHECKING:
    from support.collector import FakeCollector

__all__ = ["Left", "leave"]

_PROGRAM: Final = Path(__file__).with_name("leaver.py")
# Past it, whatever is left of the script is killed, and the test fails.
_HARD_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a script.

    Attributes:
        status: how it ended.
        seconds: from its last line to the end of the process.
        lines: of its stdout.
        stderr: every byte of it.
        report: what it wrote down itself.
    """

    status: int
    seconds: float
    lines: tuple[dict[str, Any], ...]
    stderr: bytes
    report: dict[str, Any]

    def diagnostics(self) -> list[str]:
        """Return what the library said on stdout."""
        return [line["message"] for line in self.lines if line["logger"] == "ameide_telemetry"]


def leave(collector: FakeCollector, *, records: int = 10, ending: str = "return", **variables: str) -> Left:
    """Run the script against a collector until it ends.

    Args:
        collector: of any kind, in any mode.
        records: of each signal.
        ending: what the script does in the end, see `leaver`.
        **variables: of its environment.
    """
    environment = service_environment(
        **collector.environment(),
        OTEL_SERVICE_NAME="leaver",
        # A full queue is full of everything that was made.
        AMEIDE_TELEMETRY_LOG_SINK="both",
        **variables,
    )
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), str(report), str(records), ending],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=_HARD_SECONDS)
            ended = time.monotonic()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        data = json.loads(report.read_text()) if report.exists() else {}
    lines = tuple(json.loads(line) for line in stdout.splitlines())
    return Left(process.returncode, ended - data.get("done", ended), lines, stderr, data)
