"""The formats for machines: each is what its readers take, whatever stands in a line."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.model import Group, Place, Report
from ameide_telemetry.reports.terminal import PLAIN, Style
from support.made_reports import CLEAN, LINE, MARK, REPORT


def _written(name: str, report: Report = REPORT) -> str:
    return FORMATS[name](report, PLAIN)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("report", [REPORT, CLEAN], ids=["findings", "clean"])
def test_every_format_is_text_that_ends(name: str, report: Report) -> None:
    """A report can be encoded, ends with one newline and holds no terminal escape, in any format."""
    text = FORMATS[name](report, PLAIN)
    assert text.encode()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\x1b" not in text
    assert "\x00" not in text


def test_json_has_its_documented_shape() -> None:
    """The JSON has a version and the members that the page of the command names."""
    document = json.loads(_written("json"))
    assert {name: document[name] for name in ("version", "tool", "unit", "examined")} == {
        "version": 1,
        "tool": "logs check",
        "unit": "line",
        "examined": 1204,
    }
    assert document["counts"] == {"error": 413, "warning": 2, "info": 1}
    assert document["hidden"] == {"info": 12}
    assert document["checks"] == ["TEL501", "TEL502", "TEL512", "TEL532"]
    assert document["skipped"] == ["TEL520"]
    assert document["facts"]["coverage"] == 0.72
    first = document["findings"][0]
    fingerprint = first.pop("fingerprint")
    assert len(fingerprint) == 64
    assert first == {
        "code": "TEL532",
        "name": "wrong-value",
        "level": "error",
        "location": "trace_id",
        "message": "is all zeros",
        "hint": "leave it out",
        "count": 412,
        "places": [
            {"path": "logs/a b.log", "line": 3, "column": 5},
            {"path": "logs/a b.log", "line": 17, "column": 0},
            {"path": "w.log.gz", "line": 40, "column": 0},
        ],
        "sample": LINE,
        "mark": list(MARK),
    }
    assert document["findings"][2]["mark"] is None


def test_a_fingerprint_outlives_lines_that_move() -> None:
    """Lines added above a finding do not make another one of it; another field does."""
    group = REPORT.groups[0]
    moved = replace(group, places=(Place("logs/a b.log", 99),), count=1)
    other = replace(group, finding=replace(group.finding, location="span_id"))
    prints = [
        json.loads(_written("json", replace(REPORT, groups=(each,))))["findings"][0]["fingerprint"]
        for each in (group, moved, other)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_github_commands_are_escaped() -> None:
    """Nothing from a line ends a workflow command or starts another; properties hide `:` and `,` too."""
    rows = _written("github").splitlines()
    assert [row.partition(" ")[0] for row in rows[:4]] == ["::error", "::error", "::warning", "::notice"]
    assert len(rows) == 5
    assert rows[0].startswith("::error file=logs/a b.log,line=3,col=5,title=TEL532 wrong-value::trace_id: ")
    assert "%0A412 times: logs/a b.log:3:5, 17, w.log.gz:40 and 409 more%0Afix: leave it out%0A" in rows[0]
    assert rows[1].startswith("::error title=TEL501 not-json::")
    assert "is not 100%25 JSON\\r\\n::error::no" in rows[1]
    assert rows[2].startswith("::warning file=a%3Ab%2Cc%25.log,line=5,title=")
    assert rows[4] == "413 errors, 2 warnings, 1 note in 1,204 lines"


def test_github_keeps_a_line_break_of_a_hint_in_the_command() -> None:
    """A hint with line breaks stays one command."""
    group = replace(REPORT.groups[0], finding=replace(REPORT.groups[0].finding, hint="a\r\n::stop::b%"))
    rows = _written("github", replace(REPORT, groups=(group,))).splitlines()
    assert len(rows) == 2
    assert "fix: a%0D%0A::stop::b%25" in rows[0]


def test_concise_has_a_row_for_each_group() -> None:
    """A row begins with the place that an editor jumps to and ends with how often."""
    rows = _written("concise").splitlines()
    assert rows[0] == "logs/a b.log:3:5: TEL532 trace_id: is all zeros (leave it out) [412 times]"
    assert rows[1].startswith("<stdin>:9: TEL501 \\x1b[31mevil,key:\\ud800: is not 100% JSON\\r\\n")
    assert rows[3] == "TEL999 the line is new"
    assert rows[5:] == ["off: TEL520 (not checked)"]
    assert "\x1b[31;1mTEL532\x1b[0m" in FORMATS["concise"](REPORT, Style(colour=True))


def test_gitlab_issues_have_what_gitlab_needs() -> None:
    """Each issue has a description, a check, a fingerprint of its own, a severity and a line."""
    issues = json.loads(_written("gitlab"))
    assert [issue["severity"] for issue in issues] == ["major", "major", "minor", "info"]
    assert len({issue["fingerprint"] for issue in issues}) == 4
    assert issues[0]["check_name"] == "TEL532 wrong-value"
    assert issues[0]["description"] == "trace_id: is all zeros (leave it out)"
    assert issues[0]["location"] == {"path": "logs/a b.log", "lines": {"begin": 3}}
    assert issues[3]["location"] == {"path": "", "lines": {"begin": 1}}


def test_junit_has_a_case_for_each_check() -> None:
    """A check that found something fails, one that was switched off is skipped, the others pass."""
    root = ET.fromstring(_written("junit"))
    suite = root.find("testsuite")
    assert suite is not None
    cases = {str(case.get("name")): [child.tag for child in case] for case in suite.findall("testcase")}
    assert cases == {
        "TEL501 not-json": ["failure"],
        "TEL502 not-an-object": [],
        "TEL512 unknown-key": ["failure"],
        "TEL520 personal-data": ["skipped"],
        "TEL532 wrong-value": ["failure"],
        "TEL999": ["failure"],
    }
    for element in (root, suite):
        assert {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
            "tests": "6",
            "failures": "4",
            "errors": "0",
            "skipped": "1",
        }
    failure = suite.find("testcase[@name='TEL501 not-json']/failure")
    assert failure is not None
    assert failure.get("type") == "error"
    assert failure.get("message") == "1 finding in 1,204 lines"
    assert "fix: fix <it> & go" in str(failure.text)
    assert "line: \\x1b[2J<b>]]>&\\x00\\ud800" in str(failure.text)


def test_junit_of_a_clean_run_passes() -> None:
    """Without findings there are cases and no failures."""
    root = ET.fromstring(_written("junit", CLEAN))
    assert (root.get("tests"), root.get("failures")) == ("2", "0")
    assert root.findall(".//failure") == []


def test_levels_are_left_out_and_counted() -> None:
    """What is below the asked level is not in the report, does not fail it, and is counted as hidden."""
    shown = REPORT.shown("warning")
    assert [group.finding.code for group in shown.groups] == ["TEL532", "TEL501", "TEL512"]
    assert shown.hidden == {"info": 13}
    assert REPORT.shown("error").hidden == {"info": 13, "warning": 2}
    notes = replace(REPORT, groups=REPORT.groups[3:])
    assert (notes.failed(), notes.failed("info"), CLEAN.failed("info")) == (False, True, False)
    warnings = replace(REPORT, groups=REPORT.groups[2:])
    assert (warnings.failed(), warnings.failed("error")) == (True, False)


def test_a_group_without_a_place_or_a_sample_is_written() -> None:
    """The least that a check can say is enough for every format."""
    bare = Group(REPORT.groups[3].finding, 1, ())
    report = Report("x", (bare,), 1, "file")
    assert all("TEL999" in write(report, PLAIN) for write in FORMATS.values())
