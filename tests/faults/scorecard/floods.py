"""What a lot of records does to a service: memory, time and the balance, while the collector is no help."""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from faults.scorecard.measure import Number
from faults.scorecard.programs import run_program
from support.collector import FakeCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from faults.scorecard.programs import Wiring

__all__ = [
    "LINES",
    "SPANS",
    "Load",
    "growth_of_attack",
    "growth_of_big_records",
    "run_load",
    "series_of_attack",
]

LINES: Final = 5000
SPANS: Final = 2000
_BIG_RECORDS: Final = 4000
_BIG_BYTES: Final = 100_000
_REQUESTS: Final = 20_000
_KIB: Final = 1024
# What Linux lets anybody have.
_PIPE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Load:
    """What a minute of load did.

    Attributes:
        found: what the program says.
        written: lines that came out of its stdout.
        arrived: spans that the collector got.
    """

    found: Mapping[str, Any]
    written: int
    arrived: int

    @property
    def p99(self) -> Number:
        """The 99th percentile of a log call."""
        undisturbed = Number(self.found["undisturbed_p99_ms"], "ms")
        remark = f"{undisturbed} where no other process took the processor"
        return Number(self.found["line_p99_ms"], "ms", remark=remark)

    @property
    def growth(self) -> Number:
        """How memory grew."""
        return Number(self.found["growth_kib"] / _KIB, "MB")

    @property
    def errors(self) -> int:
        """Calls that raised."""
        return int(self.found["errors"])

    def imbalances(self) -> list[str]:
        """Return what does not add up; the sum is made by hand, with figures from outside the ledger."""
        spans, lines = self.found["counts"]["traces"], self.found["counts"]["lines"]
        said = {
            "spans emitted": (spans["emitted"], self.found["spans"]),
            "spans delivered": (spans["delivered"], self.arrived),
            "spans dropped": (_dropped(spans), self.found["spans"] - self.arrived),
            "spans queued": (spans["queued"], 0),
            "lines delivered": (lines["delivered"], self.written),
            "lines dropped": (_dropped(lines), lines["emitted"] - self.written),
            "lines of the service": (lines["emitted"] >= self.found["lines"], True),
        }
        return [f"{name}: {left} is not {right}" for name, (left, right) in said.items() if left != right]


def run_load(wiring: Wiring, mode: str, seconds: float, lines: int = LINES, spans: int = SPANS) -> Load:
    """Have a process hold a rate of lines and spans while its collector is in a mode."""
    with FakeCollector(mode) as collector, _well_read_pipe() as (stdout, count):
        environment = {**collector.environment(), "OTEL_METRICS_EXPORTER": "none"}
        limit = seconds * 3 + 60
        run = run_program(
            "load", wiring, seconds, lines, spans, environment=environment, stdout=stdout, seconds=limit
        )
        return Load(run.result, count(), collector.count("traces"))


def growth_of_big_records(wiring: Wiring) -> Number:
    """Return how memory grew under big log records towards a collector that never answers."""
    with FakeCollector("silent") as collector:
        environment = collector.environment()
        run = run_program("growth", wiring, _BIG_RECORDS, _BIG_BYTES, environment=environment)
    return Number(run.result["growth_kib"] / _KIB, "MB")


def series_of_attack(wiring: Wiring) -> Number:
    """Return how many series one instrument has at most after requests that have nothing in common."""
    return _attack(wiring)[0]


def growth_of_attack(wiring: Wiring) -> Number:
    """Return how memory grew under the same requests."""
    return _attack(wiring)[1]


@contextmanager
def _well_read_pipe() -> Iterator[tuple[int, Callable[[], int]]]:
    """Yield a pipe that never fills up, and what closes it and counts its lines.

    A reader that is slow for want of a processor would be measured instead of the collector.
    """
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    with os.fdopen(read, "rb", buffering=0) as reader, ThreadPoolExecutor(1) as pool:
        chunks = iter(lambda: reader.read(_PIPE_BYTES), b"")
        lines = pool.submit(lambda: sum(chunk.count(b"\n") for chunk in chunks))
        with os.fdopen(write, "wb") as stdout:

            def count() -> int:
                stdout.close()
                return lines.result()

            yield write, count


def _attack(wiring: Wiring) -> tuple[Number, Number]:
    if wiring not in _attacks:
        with FakeCollector() as collector:
            environment = {**collector.environment(), "OTEL_METRIC_EXPORT_INTERVAL": "600000"}
            run = run_program("hosts", wiring, _REQUESTS, environment=environment, stdout=-3)
            names = {metric.name for metric in collector.metrics()}
            series = max((len(collector.last_points(name)) for name in names), default=0)
        _attacks[wiring] = Number(series), Number(run.result["growth_kib"] / _KIB, "MB")
    return _attacks[wiring]


# One run answers two questions.
_attacks: Final[dict[str, tuple[Number, Number]]] = {}


def _dropped(counts: Mapping[str, Any]) -> int:
    return sum(counts["dropped_by_reason"].values())
