"""`explain` asked for a group of codes, as the documents write it: TEL5xx."""

from __future__ import annotations

import pytest

from ameide_telemetry.checks.registry import CHECKS, FAMILIES
from ameide_telemetry.cli import main


@pytest.mark.parametrize(
    ("asked", "begin"), [("TEL5xx", "TEL5"), ("tel5XX", "TEL5"), (" TEL53x ", "TEL53"), ("TEL01x", "TEL01")]
)
def test_a_group_is_listed_with_its_titles(
    asked: str, begin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """All codes of it in order, each with its name and what it says, under the headings of the list."""
    assert main(["explain", asked]) == 0
    shown = capsys.readouterr()
    wanted = [code for code in CHECKS if code.startswith(begin)]
    rows = [row for row in shown.out.splitlines() if row.startswith("  TEL")]
    assert [row.split()[:2] for row in rows] == [[code, CHECKS[code].name] for code in wanted]
    headings = {heading for family, heading in FAMILIES.items() if family.startswith(begin[:5])}
    assert {row for row in shown.out.splitlines() if row and not row.startswith(" ")} == headings
    assert shown.err == ""


@pytest.mark.parametrize("asked", ["TEL8xx", "TEL5x", "TEL5xxx", "TEL501x", "TEL77x"])
def test_a_group_that_does_not_exist_exits_2(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the groups that there are."""
    assert main(["explain", asked]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    groups = sorted({f"{code[:4]}xx" for code in CHECKS})
    assert shown.err.splitlines() == [
        f"ameide-telemetry: there is no check {asked}",
        f"  the groups are {', '.join(groups)}",
        "  see all of them: ameide-telemetry explain --list",
    ]


def test_an_unknown_code_lists_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Three at most, each with what it says; they exist."""
    assert main(["explain", "TEL539"]) == 2
    _, *near, last = capsys.readouterr().err.splitlines()
    assert [row.split()[0] for row in near] == ["TEL534", "TEL533", "TEL532"]
    assert all(row.split("  ")[2] == CHECKS[row.split()[0]].summary for row in near)
    assert last.endswith("explain --list")
