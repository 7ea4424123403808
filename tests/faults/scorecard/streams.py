"""What becomes of lines: in a pipe that nobody reads, in one that many share, and under a server."""

from __future__ import annotations

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from faults.baseline.strict import fault_of
from faults.scorecard.measure import Fraction, Number
from faults.scorecard.programs import run_program
from support.clients import ask, send_pipelined
from support.collector import FakeCollector
from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from faults.scorecard.programs import Wiring
    from support.servers import Server

__all__ = ["longest_block", "own_tenants", "valid_under_uvicorn", "whole_lines"]

_STALLED_SECONDS: Final = 10
_WRITERS: Final = 4
_LINES: Final = 1500
_LEAK_REQUESTS: Final = 1000
_PER_CONNECTION: Final = 50
_SLOWLY_SECONDS: Final = 100.0
_THREADS: Final = 8
_NOWHERE: Final = {
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}
_UVICORN: Final = ("-m", "uvicorn", "faults.baseline.api:app", "--port", "{port}")
_GTHREAD: Final = (
    "-m",
    "gunicorn",
    "--bind",
    "127.0.0.1:{port}",
    "--no-control-socket",
    "--threads",
    str(_THREADS),
    "faults.baseline.shop:app",
)


def longest_block(wiring: Wiring) -> Number:
    """Return how long a log call took at most while nobody read stdout."""
    read, write = os.pipe()
    try:
        with os.fdopen(write, "wb") as stdout:
            found = run_program(
                "stalled", wiring, _STALLED_SECONDS, stdout=stdout, environment=_NOWHERE
            ).result
    finally:
        os.close(read)
    return Number(found["longest_ms"], "ms", beyond=found["blocked"], remark=f"{found['calls']:,} calls")


def whole_lines(wiring: Wiring) -> Fraction:
    """Return how many long lines of several processes came through one pipe in one piece."""
    command = (sys.executable, "-m", "faults.baseline.crowd", str(_WRITERS), str(_LINES))
    # The reader is slower than the writers, as a container runtime is under load: the pipe is full.
    # Nobody may give a line up: whether it stays whole is the question.
    environment = _environment(wiring, **_NOWHERE, AMEIDE_TELEMETRY_LOG_WHEN_STALLED="block")
    with run_server(command, environment=environment, ready=None, slow_reader=True) as server:
        ended = server.wait(_SLOWLY_SECONDS)
    whole = {record["message"].partition("x")[0] for record in _valid(ended.stdout)}
    return Fraction(len(whole), _WRITERS * _LINES)


def valid_under_uvicorn(wiring: Wiring) -> Fraction:
    """Return how many of the lines of a served application, on both streams, are what a reader insists on."""
    with FakeCollector() as collector, _served(_UVICORN, wiring, collector) as server:
        for path in ("/work",) * 20 + ("/odd",) * 5:
            ask(server.port, path)
        ended = server.stop(signal.SIGTERM)
    lines = [line for stream in (ended.stdout, ended.stderr) for line in stream.splitlines()]
    return Fraction(sum(not fault_of(line) for line in lines), len(lines))


def own_tenants(wiring: Wiring) -> Fraction:
    """Return how many requests have a line with their own tenant, or with none where they have none."""
    data = [
        _tenant_lines(command, ways, wiring)
        for command, ways in ((_UVICORN, _pipelined), (_GTHREAD, _threads))
    ]
    records = [record for each in data for record in _valid(each) if record.get("message") == "served"]
    return Fraction(sum(map(_is_own, records)), 2 * _LEAK_REQUESTS)


def _served(
    command: Iterable[str], wiring: Wiring, collector: FakeCollector
) -> AbstractContextManager[Server]:
    environment = _environment(wiring, **collector.environment())
    return run_server((sys.executable, *command), environment=environment)


def _environment(wiring: Wiring, **more: str) -> dict[str, str]:
    return service_environment(OTEL_SERVICE_NAME="orders", WIRING=wiring, **(more or _NOWHERE))


def _tenant_lines(command: Iterable[str], send: Callable[[int], None], wiring: Wiring) -> bytes:
    with FakeCollector() as collector, _served(command, wiring, collector) as server:
        send(server.port)
        ended = server.stop(signal.SIGTERM)
    return ended.stdout


def _pipelined(port: int) -> None:
    for first in range(0, _LEAK_REQUESTS, _PER_CONNECTION):
        send_pipelined(port, [(f"/tenant/{first + each}", {}) for each in range(_PER_CONNECTION)])


def _threads(port: int) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda number: ask(port, f"/tenant/{number}"), range(_LEAK_REQUESTS)))


def _is_own(record: dict[str, Any]) -> bool:
    number = record["number"]
    return record.get("tenant_id") == (f"tenant-{number}" if number % 2 else None)


def _valid(data: bytes) -> Iterator[dict[str, Any]]:
    yield from (json.loads(line) for line in data.split(b"\n") if line and not fault_of(line))
