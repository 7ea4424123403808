"""The score of a service: what counts, what weighs most, and what is not said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.lint.config import lint_codes, read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.model import Problem, Spot
from ameide_telemetry.lint.score import scores
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from lint.gate.shop import PROJECT, lay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RAN: Final = [
    "TEL001",
    "TEL002",
    "TEL101",
    "TEL102",
    "TEL201",
    "TEL202",
    "TEL301",
    "TEL302",
    "TEL401",
    "TEL402",
]


def _problem(code: str, line: int = 1) -> Problem:
    return Problem(code, "", Spot(Path(f"/{code}.py"), line), "", service="shop")


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
        (["TEL003"], 100, "excellent", []),
        (["TEL001"], 60, "needs improvement", [(40, "TEL001")]),
        (["TEL102", "TEL101", "TEL002"], 60, "needs improvement", [(40, "TEL002")]),
    ],
)
def test_what_it_says(codes: list[str], value: int, band: str, edits: list[tuple[int, str]] | None) -> None:
    """Each question has its weight; the three edits that raise it most come first."""
    (score,) = scores(["shop"], [_problem(code, line) for line, code in enumerate(codes)], _RAN)
    assert (score.value, score.band) == (value, band)
    assert edits is None or [(each.points, each.problems[0].code) for each in score.edits] == edits


def test_all_places_are_one_edit() -> None:
    """What is gained is gained when the last place is cured, so all of them are named together."""
    (score,) = scores(["shop"], [_problem("TEL301", line) for line in (9, 7, 8)], _RAN)
    ((points, problems),) = score.edits
    assert (points, [each.spot.line for each in problems]) == (5, [7, 8, 9])


def test_a_question_that_is_answered_as_a_whole_is_one_edit() -> None:
    """Two entrypoints with two verdicts: nothing is gained before both start telemetry in time."""
    (score,) = scores(["shop"], [_problem("TEL102"), _problem("TEL101")], _RAN)
    ((points, problems),) = score.edits
    assert (points, [each.code for each in problems]) == (40, ["TEL101", "TEL102"])


def test_a_file_that_nothing_imports_costs_nothing() -> None:
    """That it cannot be read is a remark; of a file on the way of an entrypoint it is an answer with no."""
    remark = replace(_problem("TEL001"), level="info")
    assert [each.value for each in scores(["shop"], [remark], _RAN)] == [100]


def _is_of(problem: Problem, read: set[Path]) -> bool:
    return problem.code == "TEL002" and problem.spot.path in read


def _is_kept(service: str, problems: Sequence[Problem], ran: Iterable[str]) -> int:
    """Return how many edits are promised; each has to give what it promises."""
    (score,) = scores([service], problems, ran)
    for gain in score.edits:
        read = {each.spot.path for each in gain.problems if each.code == "TEL001"}
        left = [each for each in problems if each not in gain.problems and not _is_of(each, read)]
        (then,) = scores([service], left, ran)
        assert then.value - score.value == gain.points > 0, [each.code for each in gain.problems]
    return len(score.edits)


@pytest.mark.parametrize(
    "ran", [_RAN, lint_codes(), ["TEL101", "TEL301", "TEL302", "TEL303"]], ids=["few", "all", "some"]
)
def test_what_is_promised_is_what_is_gained(ran: list[str]) -> None:
    """Whatever is found together: who makes an edit sees the score that it promises."""
    chance = Random(7)
    for _ in range(500):
        codes = chance.choices(lint_codes(), k=chance.randint(1, 14))
        _is_kept("shop", [_problem(code, line) for line, code in enumerate(codes, 1)], ran)


_HEAD: Final = "import logging\nfrom fastapi import FastAPI\nfrom ameide_telemetry import init_telemetry\n"
_LATE: Final = f'{_HEAD}app = FastAPI()\ninit_telemetry("shop")\n'
_BY_HAND: Final = (
    f'{_HEAD}init_telemetry("shop")\nlogging.basicConfig()\n'
    "logging.getLogger().addHandler(logging.StreamHandler())\napp = FastAPI()\n"
)
_NEVER: Final = "from fastapi import FastAPI\napp = FastAPI()\nprint(app)\n"
# What two entrypoints are, and the codes of the edits that are promised.
_TREES: Final = {
    "by hand": (_BY_HAND, _BY_HAND, [["TEL202"] * 4]),
    "never": (_NEVER, _NEVER, [["TEL101"] * 2, ["TEL301"] * 2]),
    "never and late": (_NEVER, _LATE, [["TEL101", "TEL102"], ["TEL301"]]),
    "broken": ("app = FastAPI(\n", _NEVER, [["TEL001", "TEL101"], ["TEL301"]]),
}


@pytest.mark.parametrize("name", _TREES)
def test_a_tree_gets_what_it_is_promised(name: str, tmp_path: Path) -> None:
    """All places of a check are one edit, so are all verdicts, and what cannot be read is the cure's."""
    first, second, codes = _TREES[name]
    lay(tmp_path, {"pyproject.toml": PROJECT, "one.py": first, "two.py": second})
    lay(tmp_path, {"Procfile": "web: uvicorn one:app\nadmin: uvicorn two:app\n"})
    config = read_config(tmp_path, ())
    found = Linter(Tree.of(tmp_path), config, Store(None, config.engine_key())).run()
    assert [[each.code for each in gain.problems] for gain in found.scores[0].edits] == codes
    assert _is_kept("shop", found.problems, config.selected) == len(codes)


def test_what_was_not_asked_has_no_score() -> None:
    """Without a check that counts there is no number; the lowest service comes first."""
    assert scores(["shop"], [], ["TEL003"]) == []
    assert [each.service for each in scores(["a", "shop"], [_problem("TEL101")], _RAN)] == ["shop", "a"]
