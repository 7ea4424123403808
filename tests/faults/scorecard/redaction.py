"""What redaction finds, takes by mistake and costs, as its benchmark measures it beside other scrubbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from faults.scorecard.measure import Exactly, Least, Measure, Most, Number, Several
from faults.scorecard.programs import run_limited
from faults.scorecard.suite import ROOT, run_suite
from redaction.kit.machines import MACHINES
from redaction.kit.people import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from faults.scorecard.measure import Figure, Target
    from faults.scorecard.suite import Suite

__all__ = ["IDS", "Benchmark", "run_benchmark", "run_growth", "worst_growth"]

IDS: Final = 1_000_000
_PROGRAM: Final = ROOT / "benchmarks" / "redaction.py"
_GROWTH: Final = "tests/redaction/test_total.py"
_SECONDS: Final = 1800
_TEST_SECONDS: Final = 300
_OURS: Final = "ours"
_PEERS: Final = ("logfire", "Sentry")
_JSON: Final = "json.dumps"
_CLEAN: Final = ("clean, 8 fields", "clean, typical")
# What is generated, how many of a million may be redacted.
_MOST_TOUCHED: Final[Mapping[str, Target]] = {
    **dict.fromkeys(MACHINES, Exactly(0)),
    "bare 16 digits": Most(100),
    "clean lines": Most(100),
}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The measures that one run of the benchmark answers.

    Attributes:
        figures: returns what it printed; called when the first question is asked.
    """

    figures: Callable[[], Mapping[str, Any]]

    def measures(self) -> Iterator[Measure]:
        """Yield a row for every kind of value, id and record."""
        for kind in PEOPLE:
            name = f"Redaction: part of generated values found, {kind}"
            yield self._measure(f"recall-{_key(kind)}", name, Least(0.99), "recall", kind)
        for kind, target in _MOST_TOUCHED.items():
            name = f"Redaction: taken for a secret by mistake, of {IDS:,}: {kind}"
            yield self._measure(f"mistaken-{_key(kind)}", name, target, "false_positives", kind)
        name = "Redaction: attributes of OpenTelemetry taken that the contract does not call personal"
        yield Measure("conventions", name, Exactly(0), self._convention(_OURS), self._peers(self._convention))
        for record in _CLEAN:
            yield from self._cost(record)

    def _measure(self, key: str, name: str, target: Target, part: str, kind: str) -> Measure:
        def of(way: str) -> Callable[[], Number]:
            return lambda: self._figure(part, kind, way)

        return Measure(key, name, target, of(_OURS), self._peers(of))

    def _figure(self, part: str, kind: str, way: str) -> Number:
        found = self.figures()[part][kind]
        if part == "false_positives" and found["count"] < IDS:
            raise ValueError(f"only {found['count']:,.0f} were looked at")
        return Number(found[way])

    def _convention(self, way: str) -> Callable[[], Number]:
        def count() -> Number:
            found = self.figures()["conventions"]
            return Number(len(found[way]), remark=f"of {len(found['names'])}")

        return count

    def _cost(self, record: str) -> Iterator[Measure]:
        def figures() -> Mapping[str, float]:
            found: Mapping[str, float] = self.figures()["cost"][record]
            return found

        def times(way: str) -> Callable[[], Number]:
            return lambda: Number(figures()[way] / figures()[_JSON], "x")

        def microseconds(way: str) -> Callable[[], Number]:
            return lambda: Number(figures()[way], "us")

        name = f"Redaction of a record that is {record}"
        key = _key(record)
        peers = self._peers(times)
        ratio = f"{name}: what it adds to what `json.dumps` takes for it"
        yield Measure(f"ratio-{key}", ratio, Most(1.5, "x"), lambda: Number(figures()["ratio"], "x"), peers)
        yield Measure(f"cost-{key}", name, Most(10, "us"), microseconds("added"), self._peers(microseconds))

    def _peers(self, of: Callable[[str], Callable[[], Number]]) -> Callable[[], Figure]:
        return lambda: Several({way: of(way)() for way in _PEERS})


def run_benchmark() -> Mapping[str, Any]:
    """Run the benchmark with a million ids of each kind, and return its figures."""
    command = [sys.executable, str(_PROGRAM), "--ids", str(IDS), "--json"]
    run = run_limited(command, os.environ, subprocess.PIPE, _SECONDS)
    if run.status != 0:
        raise RuntimeError(f"ended with {run.status}: {run.stderr[-600:].decode(errors='replace')}")
    figures: Mapping[str, Any] = json.loads(run.stdout)
    return figures


def run_growth(seed: int) -> Suite:
    """Run the tests of redaction that compare the time for a text with that for twice as much."""
    everything = "soak or not soak"
    return run_suite(seed, marked=everything, seconds=_SECONDS, one=_TEST_SECONDS, place=_GROWTH)


def worst_growth(suite: Suite) -> Number:
    """Return by which factor the time grows at most for twice the text, over all near misses."""
    held = suite.survived("test_total::test_twice_")
    if held.good < held.total:
        raise RuntimeError(f"only {held} tests passed")
    return Number(max(suite.recorded("growth")), "x", remark=f"{held.total} tests, up to 200 kB")


def _key(name: str) -> str:
    return name.replace(",", "").replace(" ", "-").lower()
