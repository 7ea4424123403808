"""A script that works and ends: `leaver.py REPORT RECORDS ENDING`. What happens to it is in the report.

ENDING is what its last line does: `return`, `exit` (with status 3), `raise`; or what it does besides:
`flush` flushes for half a second, three times, and ends without an exit of Python's; `late` goes on making
records after the telemetry was shut down at exit; `shutdown` does so after `shutdown()`.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

LATE: Final = 10_000


class Report:
    """What the parent reads: a JSON object."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self.data: dict[str, Any] = {}

    def write(self, **more: Any) -> None:
        self.data.update(more)
        self._path.write_text(json.dumps(self.data))


class Work:
    """All three signals of one process."""

    def __init__(self) -> None:
        # What is imported stays out of the time that is measured, as in a service.
        from ameide_telemetry import init_telemetry  # noqa: PLC0415 hooks at exit are ordered by this

        self.handle = init_telemetry()
        self._tracer = self.handle.tracer("leaver")
        self._counter = self.handle.meter("leaver").create_counter("leaver.work")
        self._log = logging.getLogger("leaver")

    def do(self, records: int) -> None:
        """Make so many spans, log records and measurements."""
        for number in range(records):
            with self._tracer.start_as_current_span("work"):
                self._log.warning("record %d", number)
            self._counter.add(1)

    def counts(self) -> dict[str, Any]:
        """Return the balances."""
        return dict(self.handle.status()["counts"])


def main(path: str, records: int, ending: str) -> None:
    """Do as the module says."""
    report = Report(path)
    # Registered first, so it is called last.
    atexit.register(partial(_last, report))
    if ending == "late":
        atexit.register(lambda: _late(report, work))
    work = Work()
    work.do(records)
    if ending == "flush":
        _flush(report, work)
    if ending == "shutdown":
        work.handle.shutdown(5)
        _late(report, work)
    # Registered last, so it is called first.
    atexit.register(partial(_watch_threads, report))
    report.write(done=time.monotonic())
    if ending == "exit":
        sys.exit(3)
    if ending == "raise":
        raise ValueError("the application's own")


def _late(report: Report, work: Work) -> None:
    before = work.counts()
    for _ in range(LATE):
        work.do(1)
    report.write(before=before, after=work.counts())


def _flush(report: Report, work: Work) -> None:
    flushes = []
    for _ in range(3):
        work.do(1)
        begin = time.monotonic()
        result = work.handle.force_flush(0.5)
        seconds = time.monotonic() - begin
        signals = {name: _fields(getattr(result, name)) for name in ("traces", "metrics", "logs")}
        flushes.append({"seconds": seconds, "ok": bool(result), **signals})
    report.write(flushes=flushes, counts=work.counts())
    os._exit(0)


def _fields(result: Any) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__slots__}


def _watch_threads(report: Report) -> None:
    started: list[str] = []
    report.data["started_at_exit"] = started
    original = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        started.append(thread.name)
        original(thread)

    threading.Thread.start = start  # type: ignore[assignment, method-assign]


def _last(report: Report) -> None:
    report.write(exited=time.monotonic())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
