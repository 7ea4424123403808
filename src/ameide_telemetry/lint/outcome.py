"""What one run of the lint found, as a report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.checks.registry import CHECKS
from ameide_telemetry.findings import Finding
from ameide_telemetry.lint.config import lint_codes
from ameide_telemetry.reports.model import Group, Place, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ameide_telemetry.findings import Level
    from ameide_telemetry.lint.model import Judged, Problem
    from ameide_telemetry.lint.score import Score

__all__ = ["Outcome", "level_of", "placed", "report_of"]

_ALLOW_IN_SETTINGS: Final = 'ignore = ["{code}"] in [tool.ameide_telemetry.lint]'
_ALLOW: Final = "# telemetry: ignore[{code}] reason"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run found.

    Attributes:
        judged: every entrypoint with its verdict.
        problems: what is to be shown, sorted by place.
        switched_off: how many problems comments, settings and the baseline keep away, by code.
        files: how many files were looked at.
        scores: of the services, the lowest first.
        ran: codes of the checks that ran.
    """

    judged: tuple[Judged, ...]
    problems: tuple[Problem, ...]
    switched_off: Mapping[str, int]
    files: int
    scores: tuple[Score, ...]
    ran: frozenset[str]

    def statistics(self) -> list[tuple[str, int]]:
        """Return how many problems there are of each check, most first."""
        counted = Counter(problem.code for problem in _told(self.problems))
        return sorted(counted.items(), key=lambda each: (-each[1], each[0]))


def level_of(problem: Problem, levels: Mapping[str, Level]) -> Level:
    """Return the level of a problem: what the settings say, what it says itself, that of its check."""
    return levels.get(problem.code) or problem.level or CHECKS[problem.code].level


def report_of(
    outcome: Outcome,
    levels: Mapping[str, Level],
    shown: Callable[[Path], str],
    line: Callable[[Problem], str],
) -> Report:
    """Return the report of a run.

    Args:
        outcome: what was found.
        levels: code -> level, where the settings say so.
        shown: the way in which a path is shown.
        line: returns the source line of a problem as it stands there.
    """
    groups = tuple(_group(each, level_of(each, levels), shown, line) for each in _told(outcome.problems))
    facts: dict[str, object] = {
        "entrypoints": [_fact(judged, shown) for judged in outcome.judged],
        "switched_off": dict(outcome.switched_off),
        "scores": {score.service: score.value for score in outcome.scores},
    }
    skipped = tuple(code for code in lint_codes() if code not in outcome.ran)
    return Report(
        "lint",
        groups,
        len(outcome.judged),
        "entrypoint",
        facts=facts,
        checks=tuple(sorted(outcome.ran)),
        skipped=skipped,
        allow=_ALLOW,
        otherwise=dict.fromkeys(("TEL001", "TEL003", "TEL004"), _ALLOW_IN_SETTINGS),
        apart=True,
    )


def _told(problems: Iterable[Problem]) -> Iterable[Problem]:
    """Return problems as they are told: what a module does to several services is said once."""
    return dict.fromkeys(replace(each, service="", fix=None) for each in problems)


def _group(
    problem: Problem, level: Level, shown: Callable[[Path], str], line: Callable[[Problem], str]
) -> Group:
    finding = Finding(problem.code, problem.message, "", problem.hint, level)
    place = Place(shown(problem.spot.path), problem.spot.line, problem.spot.column)
    sample = line(problem)
    return Group(finding, 1, (place,), sample.strip(), _mark(sample, problem))


def _mark(sample: str, problem: Problem) -> tuple[int, int] | None:
    """Return what of the stripped line stands at the column, up to the end of the line."""
    if not problem.spot.column or not sample.strip():
        return None
    begin = problem.spot.column - 1 - (len(sample) - len(sample.lstrip()))
    end = len(sample.strip())
    return (begin, end) if 0 <= begin < end else None


def _fact(judged: Judged, shown: Callable[[Path], str]) -> dict[str, object]:
    entrypoint, verdict = judged.entrypoint, judged.verdict
    evidence = [
        {"kind": each.kind, "path": shown(each.spot.path), "line": each.spot.line, "text": each.text}
        for each in entrypoint.evidence
    ]
    return {
        "service": entrypoint.service,
        "target": entrypoint.target.name,
        "kind": entrypoint.target.kind,
        "server": entrypoint.target.server,
        "verdict": verdict.word,
        "reason": verdict.reason,
        "path": shown(verdict.spot.path),
        "line": verdict.spot.line,
        "evidence": evidence,
    }


def placed(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in the order of their places, each once."""
    unique = dict.fromkeys(replace(each, chain=()) for each in problems)
    return sorted(unique, key=lambda each: (each.spot, each.code, each.message))
