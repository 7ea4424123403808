"""What the whole run has to say about telemetry: a table, JUnit properties, annotations on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.checks.registry import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.testing.verdict import Failure

__all__ = ["Totals", "commands", "table"]

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
# GitHub shows ten of a step and drops the rest.
_MAX_ANNOTATIONS: Final = 10


class Totals:
    """Sums over the tests of a run, and of its workers; plain data inside, for the way between them."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {"tests": 0, "lines": 0, "lost": 0}
        self.refused: dict[str, int] = {}
        self.stuck: dict[str, str] = {}
        self.failures: list[dict[str, Any]] = []
        self.coverage = 0.0

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "counts": self.counts,
            "refused": self.refused,
            "stuck": self.stuck,
            "failures": self.failures,
            "coverage": self.coverage,
        }

    def add(self, other: Mapping[str, Any]) -> None:
        """Add what another process of the run has summed up."""
        for mine, theirs in ((self.counts, other["counts"]), (self.refused, other["refused"])):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        self.stuck = {**other["stuck"], **self.stuck}
        self.failures += other["failures"]
        self.coverage = max(self.coverage, other["coverage"])

    def count(self, lines: int, lost: int, failures: Sequence[Failure], coverage: float) -> None:
        """Add one test."""
        for name, count in (("tests", 1), ("lines", lines), ("lost", lost)):
            self.counts[name] += count
        self.failures += [each.plain() for each in failures]
        self.coverage = coverage

    def __bool__(self) -> bool:
        return bool(self.counts["lines"] or self.failures or self.refused or self.stuck)


def table(totals: Totals) -> Iterator[str]:
    """Return the rows for the terminal."""
    counts = totals.counts
    seen = f"{totals.coverage:.0%} of the contract's fields seen"
    yield f"{counts['lines']:,} lines of {counts['tests']:,} tests checked, {seen}"
    if counts["lost"]:
        yield f"{counts['lost']:,} lines and spans were too many for one test and were not looked at"
    by_code: dict[str, list[dict[str, Any]]] = {}
    for each in totals.failures:
        by_code.setdefault(each["code"], []).append(each)
    if by_code:
        yield f"{'code':<7} {'level':<8} {'lines':>6} {'tests':>6}  check"
    for code, found in sorted(by_code.items()):
        lines = sum(each["count"] for each in found)
        tests = len({each["test"] for each in found})
        check = CHECKS[code].name if code in CHECKS else found[0]["message"]
        yield f"{code:<7} {found[0]['level']:<8} {lines:>6,} {tests:>6,}  {check}"
    for endpoint, count in sorted(totals.refused.items()):
        times = "" if count == 1 else f" ({count:,} times)"
        yield (
            f"not connected to {endpoint or 'an OTLP endpoint'}{times}: exporters do not send in tests"
            ' (allow a local one: @pytest.mark.telemetry(network="loopback"))'
        )
    for name, test in sorted(totals.stuck.items()):
        yield (
            f"context variable {name} stays set after {test}: it has no default, so only the token that"
            " its `set` returned can unset it (give it a default, or call `reset`)"
        )


def commands(totals: Totals, root: Path, workspace: str) -> Iterator[str]:
    """Return workflow commands that point at the source lines that logged.

    Args:
        totals: of the run.
        root: what paths are relative to.
        workspace: the folder of the repository, which GitHub's are relative to; empty if not known.
    """
    seen: set[tuple[Any, ...]] = set()
    for each in totals.failures:
        key = each["code"], each["path"], each["line"], each["location"]
        if key in seen or each["level"] == "info" or len(seen) >= _MAX_ANNOTATIONS:
            continue
        seen.add(key)
        where = (
            [("file", _from(workspace, root, each["path"])), ("line", str(each["line"]))]
            if each["path"]
            else []
        )
        properties = [*where, ("title", f"{each['code']} in {each['test']}")]
        shown = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties)
        subject = f"{each['location']}: " if each["location"] else ""
        text = f"{subject}{each['message']}" + (f"\nfix: {each['hint']}" if each["hint"] else "")
        yield f"::{_COMMANDS[each['level']]} {shown}::{text.translate(_DATA)}"


def _from(workspace: str, root: Path, path: str) -> str:
    full = root / path
    return str(full.relative_to(workspace)) if workspace and full.is_relative_to(workspace) else path
