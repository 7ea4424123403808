"""The fault suite as one of the things that are measured: run by pytest, read back from its report."""

from __future__ import annotations

import ast
import os
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

from faults.scorecard.measure import Fraction
from faults.scorecard.programs import run_limited

__all__ = ["ROOT", "Outcome", "Suite", "run_suite"]

ROOT: Final = Path(__file__).parent.parent.parent.parent
FAULTS: Final = "tests/faults"
_PASSED: Final = "passed"
_COUNTED: Final = re.compile(r"^(\d+) generated inputs\b", re.MULTILINE)
_OF: Final = re.compile(r"(\d+) of (\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test.

    Attributes:
        file: the stem of its file, such as `test_load`.
        name: of the function, without parameters.
        verdict: `passed`, `failed`, `error` or `skipped`.
        seconds: that it took.
        recorded: what the test noted with `record_property`, and the `generated_inputs` that it printed.
    """

    file: str
    name: str
    verdict: str
    seconds: float = 0.0
    recorded: Mapping[str, str] = field(default_factory=dict)

    @property
    def survived(self) -> bool:
        """Whether it passed: a test that was skipped proved nothing."""
        return self.verdict == _PASSED


@dataclass(frozen=True, slots=True)
class Suite:
    """A run of the fault suite.

    Attributes:
        outcomes: of every test, also of every set of parameters.
        seconds: that the whole run took.
    """

    outcomes: Sequence[Outcome] = ()
    seconds: float = 0.0

    def survived(self, *prefixes: str) -> Fraction:
        """Return how many of the tests passed whose `file::name` begins with one of the prefixes."""
        chosen = [each for each in self.outcomes if _begins(each, prefixes)]
        if not chosen:
            raise LookupError(f"no test of {', '.join(prefixes)} ran")
        return Fraction(sum(each.survived for each in chosen), len(chosen), _remark(chosen))

    def recorded(self, name: str) -> list[float]:
        """Return every number that passing tests noted under a name."""
        return [
            float(each.recorded[name]) for each in self.outcomes if name in each.recorded and each.survived
        ]

    def noted(self, name: str) -> Fraction:
        """Return the sum of what tests noted as `GOOD of TOTAL`; a failed one has achieved nothing."""
        chosen = [each for each in self.outcomes if name in each.recorded]
        noted = [(each, _OF.fullmatch(each.recorded[name])) for each in chosen]
        if not chosen or not all(found for _, found in noted):
            raise LookupError(f"no test noted {name}, or not as two numbers")
        good = sum(int(found[1]) for each, found in noted if found and each.survived)
        return Fraction(good, sum(int(found[2]) for _, found in noted if found), _remark(chosen))

    def tests(self) -> dict[tuple[str, str], Counter[str]]:
        """Return the verdicts of each test function, all of its parameters together."""
        found: dict[tuple[str, str], Counter[str]] = {}
        for each in self.outcomes:
            found.setdefault((each.file, each.name), Counter())[each.verdict] += 1
        return dict(sorted(found.items()))


def run_suite(
    seed: int, *, marked: str, seconds: float, one: float, processes: int = 2, place: str = FAULTS
) -> Suite:
    """Run the fault tests that a mark expression chooses; their progress goes to stderr.

    Args:
        seed: of pytest-randomly and of hypothesis.
        marked: pytest's `-m`.
        seconds: after which the run is ended, and there is no report.
        one: seconds after which a single test is ended, with its whole process.
        processes: that run tests beside each other.
        place: of other tests.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        chosen = (place, "-m", marked, f"--numprocesses={processes}", "--dist=worksteal")
        command = _command(report, seed, one, chosen)
        run_limited(command, os.environ, sys.stderr.fileno(), seconds)
        # A run that had to be ended leaves no report: then no test has passed.
        outcomes = tuple(read_report(report.read_bytes())) if report.exists() else ()
    return Suite(outcomes, time.monotonic() - began)


def read_report(data: bytes) -> Iterator[Outcome]:
    """Yield the outcomes of a report in JUnit's form."""
    for case in ET.fromstring(data).iter("testcase"):
        names = {each.tag for each in case}
        verdict = next((tag for tag in ("error", "failure", "skipped") if tag in names), _PASSED)
        recorded = {each.get("name", ""): each.get("value", "") for each in case.iter("property")}
        printed = _COUNTED.search(case.findtext("system-out", ""))
        yield Outcome(
            case.get("classname", "").rpartition(".")[2],
            case.get("name", "").partition("[")[0],
            "failed" if verdict == "failure" else verdict,
            float(case.get("time", "0")),
            recorded | ({"generated_inputs": printed[1]} if printed else {}),
        )


def promise(file: str, name: str) -> str:
    """Return the sentence in which a test says what it proves."""
    path = ROOT / FAULTS / f"{file}.py"
    if not path.is_file():
        return ""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
    return ""


def _command(report: Path, seed: int, one: float, chosen: Sequence[str]) -> list[str]:
    seeds = (f"--hypothesis-seed={seed}", f"--randomly-seed={seed}")
    # The newer form of the report has no place for what tests note.
    form = (f"--junitxml={report}", "-o", "junit_family=xunit1", "-o", "junit_logging=system-out")
    limit = ("-o", f"faulthandler_timeout={one:.0f}")
    return [sys.executable, "-m", "pytest", *chosen, *seeds, *form, *limit]


def _begins(outcome: Outcome, prefixes: Sequence[str]) -> bool:
    return f"{outcome.file}::{outcome.name}".startswith(tuple(prefixes))


def _remark(outcomes: Sequence[Outcome]) -> str:
    """Return what to say of those that did not pass."""
    bad = Counter(each.verdict for each in outcomes if not each.survived)
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(bad.items()))
