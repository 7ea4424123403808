"""Each line made by hand gets exactly the codes that it deserves, by both engines, learned or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.logcheck.inspector import Inspector
from logcheck.line_cases import BAD, GOOD, Case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.findings import Finding

_ENGINES = pytest.mark.parametrize("engine", ["standard", "jsonschema-rs"])


def _findings(case: Case, engine: str, *, before: int = 1) -> Sequence[Finding]:
    inspector = Inspector(case.rules, engine=engine)
    for line in case.lines[:-1] * before:
        assert not inspector.inspect(line)
    return inspector.inspect(case.lines[-1])


@_ENGINES
@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_line_gets_exactly_its_codes(case: Case, engine: str) -> None:
    """Nothing is missed, and nothing is said that only follows from something else."""
    findings = _findings(case, engine)
    assert tuple(sorted(finding.code for finding in findings)) == case.codes, findings
    assert all(finding.hint for finding in findings), findings
    assert all(case.says in finding.message for finding in findings), findings


@_ENGINES
@pytest.mark.parametrize("case", GOOD, ids=str)
def test_a_good_line_gets_nothing(case: Case, engine: str) -> None:
    """Also where it is seen so often that it is told by its shape."""
    inspector = Inspector(case.rules, engine=engine)
    for line in case.lines[:-1]:
        assert not inspector.inspect(line)
    for _ in range(5):
        assert not inspector.inspect(case.lines[-1])
    assert inspector.report().facts["clean"] == inspector.examined


@_ENGINES
@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_line_is_bad_after_good_ones(case: Case, engine: str) -> None:
    """What was learned from good lines never lets a bad one pass."""
    assert [finding.code for finding in _findings(case, engine, before=6)] == [
        finding.code for finding in _findings(case, engine)
    ]


def test_there_are_enough_lines_for_every_code() -> None:
    """Each code of a line has a line of its own, and there are at least sixty."""
    assert len(BAD) >= 60
    alone = {case.codes[0] for case in BAD if len(case.codes) == 1}
    assert alone == {f"TEL{number}" for number in (*range(501, 513), 514, 520, 521, *range(530, 535))}
