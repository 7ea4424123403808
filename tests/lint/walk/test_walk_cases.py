"""The cases of the walk: each small tree has the verdict and the findings that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.lint.source import Sources
from ameide_telemetry.lint.why import why
from lint.kit import case_paths, read_case
from lint.walk.starting import found, from_dockerfile, judged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", case_paths("walk"), ids=lambda path: path.stem)
def test_a_case_has_its_verdict_and_findings(path: Path, tmp_path: Path) -> None:
    """The walk finds in the tree of a case what the case says, no more and no less."""
    case = read_case(path)
    start = from_dockerfile(case.lay_out(tmp_path))
    sources = Sources()
    result = judged(start, sources)
    problems = found(result, sources)
    shown = tuple(f"{each.code} {each.spot.path.relative_to(tmp_path)}:{each.spot.line}" for each in problems)
    assert (result.verdict.word, shown) == (case.verdicts[0][2], case.expect), why(result)
    assert all(each.hint and each.message and each.text for each in problems)
    assert start.target.name in case.verdicts[0][1] or start.target.kind == "module"
