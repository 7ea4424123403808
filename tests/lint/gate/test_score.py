"""The score of a service: what counts, what weighs most, and what is not said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from ameide_telemetry.lint.model import Problem, Spot
from ameide_telemetry.lint.score import scores

_RAN: Final = ["TEL002", "TEL101", "TEL102", "TEL201", "TEL202", "TEL301", "TEL302", "TEL401", "TEL402"]


def _problem(code: str, line: int = 1) -> Problem:
    return Problem(code, "", Spot(Path("/a.py"), line), "", service="shop")


@pytest.mark.parametrize(
    ("codes", "value", "band", "edits"),
    [
        ([], 100, "excellent", []),
        (["TEL101"], 60, "needs improvement", [(40, "TEL101")]),
        (["TEL002"], 60, "needs improvement", [(40, "TEL002")]),
        (["TEL201"], 85, "good", [(15, "TEL201")]),
        (["TEL301", "TEL301"], 95, "excellent", [(5, "TEL301")]),
        (
            ["TEL301", "TEL401", "TEL201", "TEL101"],
            30,
            "poor",
            [(40, "TEL101"), (15, "TEL201"), (10, "TEL401")],
        ),
        (_RAN, 0, "poor", None),
        (["TEL003", "TEL001"], 100, "excellent", []),
    ],
)
def test_what_it_says(codes: list[str], value: int, band: str, edits: list[tuple[int, str]] | None) -> None:
    """Each question has its weight; the three edits that raise it most come first."""
    (score,) = scores(["shop"], [_problem(code, line) for line, code in enumerate(codes)], _RAN)
    assert (score.value, score.band) == (value, band)
    assert edits is None or [(gain, problem.code) for gain, problem in score.edits] == edits


def test_what_was_not_asked_has_no_score() -> None:
    """Without a check that counts there is no number; the lowest service comes first."""
    assert scores(["shop"], [], ["TEL003"]) == []
    assert [each.service for each in scores(["a", "shop"], [_problem("TEL101")], _RAN)] == ["shop", "a"]
