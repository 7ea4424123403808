"""A score for each service: how much of what is asked it does, and what would raise it most.

Four questions are asked, with the weights of the Instrumentation Score specification: does every entrypoint
start telemetry in time (40), is it the only telemetry there is (30), is it declared and named (20), are the
calls that log and measure sound (10). The checks are ours, and so is the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ameide_telemetry.lint.model import Problem

    _Found = Mapping[str, Sequence[Problem]]
    _Asked = Mapping[str, Sequence[str]]

__all__ = ["Gain", "Score", "scores"]

_WEIGHTS: Final[Mapping[str, int]] = {"TEL1": 40, "TEL2": 30, "TEL4": 20, "TEL3": 10}
# Where one check finds something, the whole question is answered with no.
_WHOLE: Final = "TEL1"
# Of an entrypoint that cannot be read or resolved nobody knows that it starts telemetry.
_UNKNOWN: Final = frozenset({"TEL001", "TEL002"})
_BANDS: Final = ((90, "excellent"), (75, "good"), (50, "needs improvement"), (0, "poor"))
_EDITS: Final = 3


class Gain(NamedTuple):
    """What an edit adds: all that one check found is cured, or all that answers a whole question with no.

    Attributes:
        points: how much more the score is then, as it is printed.
        problems: what has to be cured, all of it; sorted by check and place.
    """

    points: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one service.

    Attributes:
        service: its name.
        value: from 0 to 100; of a question, the share of its checks that found nothing counts.
        band: what such a value is called.
        edits: those that raise the value most; three at most.
    """

    service: str
    value: int
    band: str
    edits: tuple[Gain, ...]


def scores(services: Iterable[str], problems: Iterable[Problem], ran: Iterable[str]) -> list[Score]:
    """Return the score of each service, the lowest first.

    Args:
        services: their names.
        problems: what was found, with the service that each belongs to.
        ran: codes of the checks that ran.
    """
    counts = frozenset(ran)
    asked: dict[str, list[str]] = {}
    for code in sorted(counts):
        if code[:4] in _WEIGHTS:
            asked.setdefault(code[:4], []).append(code)
    if not asked:
        return []
    found: dict[str, dict[str, list[Problem]]] = {service: {} for service in services}
    for problem in _curable(problems):
        if problem.code in counts and _question(problem) in asked and problem.service in found:
            found[problem.service].setdefault(_edit(problem), []).append(problem)
    return sorted(
        (_score(service, by_edit, asked) for service, by_edit in found.items()),
        key=lambda score: (score.value, score.service),
    )


def _curable(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems without those that are gone when another one is cured."""
    every = list(problems)
    unread = {each.spot.path for each in every if each.code == "TEL001"}
    return (each for each in every if each.code != "TEL002" or each.spot.path not in unread)


def _score(service: str, found: _Found, asked: _Asked) -> Score:
    value = _value(found, asked)
    # Of two edits with the same gain, the one with the fewest places is the least work.
    ranked = sorted(found.items(), key=lambda each: (-_loss(each[0], asked), len(each[1]), each[0]))
    edits = tuple(
        Gain(_value(found.keys() - {edit}, asked) - value, tuple(sorted(some, key=_order)))
        for edit, some in ranked[:_EDITS]
    )
    return Score(service, value, next(band for least, band in _BANDS if value >= least), edits)


def _value(left: Iterable[str], asked: _Asked) -> int:
    """Return the score of a service where these edits are still to be made."""
    whole = sum(_WEIGHTS[question] for question in asked)
    return round(100 * (1 - sum(_loss(each, asked) for each in sorted(left)) / whole))


def _loss(edit: str, asked: _Asked) -> float:
    """Return the weight that what is still to be done takes away."""
    question = edit[:4]
    return _WEIGHTS[question] / (1 if edit == _WHOLE else len(asked[question]))


def _edit(problem: Problem) -> str:
    """Return what is cured in one go: a check, or a question that is answered as a whole."""
    return _WHOLE if _question(problem) == _WHOLE else problem.code


def _question(problem: Problem) -> str:
    # A file that nothing deployed imports is told as a remark, and stops nobody.
    unknown = problem.code in _UNKNOWN and problem.level != "info"
    return _WHOLE if unknown else problem.code[:4]


def _order(problem: Problem) -> tuple[object, ...]:
    return problem.code, problem.spot
