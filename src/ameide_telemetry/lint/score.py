"""A score for each service: how much of what is asked it does, and what would raise it most.

Four questions are asked, with the weights of the Instrumentation Score specification: does every entrypoint
start telemetry in time (40), is it the only telemetry there is (30), is it declared and named (20), are the
calls that log and measure sound (10). The checks are ours, and so is the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ameide_telemetry.lint.model import Problem

__all__ = ["Score", "scores"]

_WEIGHTS: Final[Mapping[str, int]] = {"TEL1": 40, "TEL2": 30, "TEL4": 20, "TEL3": 10}
# Where one check finds something, the whole question is answered with no.
_WHOLE: Final = "TEL1"
_BANDS: Final = ((90, "excellent"), (75, "good"), (50, "needs improvement"), (0, "poor"))
_EDITS: Final = 3


@dataclass(frozen=True, slots=True)
class Score:
    """Of one service.

    Attributes:
        service: its name.
        value: from 0 to 100; of a question, the share of its checks that found nothing counts.
        band: what such a value is called.
        edits: gain and problem, for the checks whose cure raises the value most; three at most.
    """

    service: str
    value: int
    band: str
    edits: tuple[tuple[int, Problem], ...]


def scores(services: Iterable[str], problems: Iterable[Problem], ran: Iterable[str]) -> list[Score]:
    """Return the score of each service, the lowest first.

    Args:
        services: their names.
        problems: what was found, with the service that each belongs to.
        ran: codes of the checks that ran.
    """
    asked: dict[str, list[str]] = {}
    for code in sorted(ran):
        if _question(code) in _WEIGHTS:
            asked.setdefault(_question(code), []).append(code)
    if not asked:
        return []
    found: dict[str, dict[str, list[Problem]]] = {service: {} for service in services}
    for problem in problems:
        if _question(problem.code) in asked and problem.service in found:
            found[problem.service].setdefault(problem.code, []).append(problem)
    return sorted(
        (_score(service, by_code, asked) for service, by_code in found.items()),
        key=lambda score: (score.value, score.service),
    )


def _score(service: str, found: Mapping[str, list[Problem]], asked: Mapping[str, Sequence[str]]) -> Score:
    whole = sum(_WEIGHTS[question] for question in asked)
    gains = {code: _gain(code, found, asked) / whole for code in found}
    value = round(100 * (1 - sum(gains.values())))
    # Of two checks with the same gain, the one with the fewest places is the least work.
    ranked = sorted(found.items(), key=lambda each: (-gains[each[0]], len(each[1]), each[0]))
    edits = tuple((round(100 * gains[code]), some[0]) for code, some in ranked[:_EDITS])
    return Score(service, value, next(band for least, band in _BANDS if value >= least), edits)


def _gain(code: str, found: Mapping[str, object], asked: Mapping[str, Sequence[str]]) -> float:
    """Return the weight that a check takes away."""
    question = _question(code)
    alike = [each for each in found if _question(each) == question]
    return _WEIGHTS[question] / len(alike if question == _WHOLE else asked[question])


def _question(code: str) -> str:
    # Of an entrypoint that cannot be resolved nobody knows that it starts telemetry.
    return _WHOLE if code == "TEL002" else code[:4]
