"""The formats for machines over hostile texts: what their readers require holds, whatever is in a report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import pytest

from ameide_telemetry.findings import Finding, Level
from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.model import LEVELS, Group, Place, Report
from ameide_telemetry.reports.terminal import PLAIN
from support.made_reports import REPORT

_TEXTS: Final = {
    "plain": "is wrong",
    "newlines": "one\r\n::error::two\n\u2028\x85three\r",
    "quotes": "\"'`<&>]]>{}[]\\",
    "control": "".join(map(chr, range(32))) + "\x7f\x9b",
    "emoji": "👩‍🔬🇩🇪 e\u0301 \U0010ffff\ufffe\uffff",
    "percent": "%0A%25%s %(x)s {0}",
    "long": "x" * 10_240,
    "halves": "\udcfe\ud800\udfff",
    "empty": "",
}
_PATHS: Final = {
    "plain": "shop/a.py",
    "here": "./shop/a.py",
    "odd": "a b/%,:;#?&'\"<>\\.py",
    "bytes": "shop/m\udcfe.py",
    "break": "a\nb\r.py",
    "stdin": "-",
    "outside": "/srv/ü.py",
    "halves": "\ud800.py",
}
_CODES: Final = ("TEL101", "TEL301", "TEL999")
_BASIC: Final[dict[str, dict[str, type]]] = {
    "log": {"version": str, "$schema": str, "runs": list},
    "result": {"ruleId": str, "ruleIndex": int, "level": str, "locations": list, "partialFingerprints": dict},
}


def _report(text: str, path: str) -> Report:
    """Return a report with a text everywhere: twice the same finding, with and without a line."""
    groups = tuple(
        Group(Finding(code, text, text, text, level), 1, (Place(path, line, 3),), text)
        for code, level in zip(_CODES, LEVELS, strict=True)
        for line in (0, 7, 7)
    )
    return Report("lint", groups, 3, "entrypoint", facts={"coverage": 0.5, "unseen": [text], text: {path: 1}})


@pytest.fixture(params=_TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    """One of the texts."""
    return _TEXTS[request.param]


@pytest.fixture(params=_PATHS)
def path(request: pytest.FixtureRequest) -> str:
    """One of the paths."""
    return _PATHS[request.param]


def _strings(value: object) -> list[str]:
    match value:
        case dict():
            return [each for pair in value.items() for part in pair for each in _strings(part)]
        case list():
            return [each for part in value for each in _strings(part)]
        case str():
            return [value]
    return []


def _written(name: str, text: str, path: str) -> str:
    written = FORMATS[name](_report(text, path), PLAIN)
    # No half of a pair is left, and none is hidden in an escape.
    assert written.encode("utf-8")
    return written


def _document(name: str, text: str, path: str) -> Any:
    document = json.loads(_written(name, text, path))
    assert all(each.encode("utf-8") or not each for each in _strings(document))
    return document


def test_json(text: str, path: str) -> None:
    """Every text can be encoded, and each finding has a fingerprint of its own."""
    document = _document("json", text, path)
    assert len({each["fingerprint"] for each in document["findings"]}) == len(document["findings"]) == 9
    assert document["findings"][0]["message"] == text or "\\u" in document["findings"][0]["message"]


def test_sarif(text: str, path: str) -> None:
    """Required members, rules by index, lines from 1, URI references that stand for the bytes of the path."""
    document = _document("sarif", text, path)
    (run,) = document["runs"]
    for kind, found in (("log", document), *(("result", each) for each in run["results"])):
        assert all(isinstance(found[name], form) for name, form in _BASIC[kind].items())
    driver = run["tool"]["driver"]
    assert document["version"] == "2.1.0"
    assert (driver["name"], run["columnKind"]) == ("ameide-telemetry lint", "unicodeCodePoints")
    assert [each["id"] for each in driver["rules"]] == list(_CODES)
    marks = set()
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in {"none", "note", "warning", "error"}
        marks.update(result["partialFingerprints"].values())
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical.get("region", {}).get("startLine", 1) >= 1
        assert physical.get("region", {}).get("startColumn", 1) >= 1
        uri = physical["artifactLocation"]["uri"]
        assert re.fullmatch(r"(file://)?([A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)
        assert uri.startswith("file:///") is path.startswith("/")
        assert not uri.startswith("./")
    assert len(marks) == 9


def test_gitlab(text: str, path: str) -> None:
    """What GitLab reads: one fingerprint per finding, a known severity, a path without `./`, a line."""
    issues = _document("gitlab", text, path)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 9
    for issue in issues:
        assert all(isinstance(issue[name], str) for name in ("description", "check_name", "fingerprint"))
        assert issue["description"]
        assert issue["check_name"]
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["path"]
        assert not issue["location"]["path"].startswith("./")
        assert type(issue["location"]["lines"]["begin"]) is int
        assert issue["location"]["lines"]["begin"] >= 1


def _undone(text: str, *, in_property: bool = False) -> str:
    """Return what the runner makes of an escaped text (actions/runner, ActionCommand.cs)."""
    for escape, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","))[
        : 4 if in_property else 2
    ]:
        text = text.replace(escape, plain)
    return text.replace("%25", "%")


def test_github(text: str, path: str) -> None:
    """One command in one row for each finding, with properties that the runner can take apart."""
    written = _written("github", text, path)
    rows = written.removesuffix("\n").split("\n")
    assert len(rows) == 10
    assert "\r" not in written
    assert not rows[-1].startswith("::")
    for row in rows[:-1]:
        found = re.fullmatch(r"::(error|warning|notice) ([^\r\n]*?)::(.*)", row, re.DOTALL)
        assert found
        pairs = [each.split("=", 1) for each in found[2].split(",")]
        named = {name: _undone(value, in_property=True) for name, value in pairs}
        assert set(named) <= {"file", "line", "col", "title"}
        assert ":" not in found[2]
        assert named.get("line", "1").isdecimal()
        assert int(named.get("line", "1")) >= 1
        assert "line" in named or "col" not in named
        assert ("file" in named) is (path != "-")
        assert not named.get("file", "").startswith("./")
        assert _undone(found[3]).splitlines()[-1].startswith("why: ")


def test_junit(text: str, path: str) -> None:
    """XML that parses, a case for each check, and counts that are those of the cases."""
    root = ET.fromstring(_written("junit", text, path).encode())
    assert root.tag == "testsuites"
    (suite,) = root.findall("testsuite")
    cases = suite.findall("testcase")
    for element in (root, suite):
        assert element.get("name") == "ameide-telemetry lint"
        counts = {name: int(str(element.get(name))) for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": len(cases), "failures": 3, "errors": 0, "skipped": 0}
        assert float(str(element.get("time"))) == 0
    for case in cases:
        assert case.get("name")
        assert case.get("classname")
        (failure,) = case.findall("failure")
        assert failure.get("message")
        assert failure.get("type") in LEVELS
        assert "why: ameide-telemetry explain" in str(failure.text)


@pytest.mark.parametrize("name", ["json", "gitlab", "github", "junit"])
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("m\udcfe.py", r"m\xfe.py"),
        ("m\\xfe.py", r"m\x5cxfe.py"),
        ("m\\\udcfe.py", r"m\\xfe.py"),
        ("ü\udc80.py", r"ü\x80.py"),
        ("a\\b.py", r"a\b.py"),
    ],
)
def test_bytes_of_a_name_are_told_from_an_escape(name: str, path: str, shown: str) -> None:
    """A byte that is no text is written as in Python, and a name with that very text in another way."""
    written = FORMATS[name](_report("is wrong", path), PLAIN)
    # JSON escapes the backslash once more, and what is not ASCII.
    assert (json.dumps(shown)[1:-1] if name in {"json", "gitlab"} else shown) in written


def test_bytes_of_a_name_are_those_of_the_uri() -> None:
    """SARIF names the file itself: its bytes, percent-encoded."""
    document = json.loads(FORMATS["sarif"](_report("is wrong", "sh op/ü\udcfe.py"), PLAIN))
    uri = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "sh%20op/%C3%BC%FE.py"
    assert unquote_to_bytes(uri) == b"sh op/\xc3\xbc\xfe.py"


@pytest.mark.parametrize(
    ("sample", "mark"),
    [
        ("a\udcfeb\udcfe c", (2, 3)),
        ("a\udcfeb", (1, 2)),
        ("\\xfe\udcfe", (1, 4)),
        ("\\xfe\udcfe", (4, 5)),
        ("ab", (1, 2)),
        ("\ud800", (0, 1)),
    ],
)
def test_a_mark_stays_on_what_is_marked(sample: str, mark: tuple[int, int]) -> None:
    """Escapes are longer than what they stand for, so what is marked moves with its text."""
    group = replace(REPORT.groups[0], sample=sample, mark=mark)
    (found,) = json.loads(FORMATS["json"](replace(REPORT, groups=(group,)), PLAIN))["findings"]
    begin, end = found["mark"]
    plain = replace(group, sample=sample[mark[0] : mark[1]] + "\udcff", mark=None)
    (alone,) = json.loads(FORMATS["json"](replace(REPORT, groups=(plain,)), PLAIN))["findings"]
    assert found["sample"][begin:end] in {alone["sample"].removesuffix("\\xff"), sample[mark[0] : mark[1]]}


def test_a_level_that_is_asked_for_does_not_change_a_fingerprint() -> None:
    """The first of two findings that say the same is known by what it says alone, whatever is beside it."""
    levels: tuple[Level, ...] = ("warning", "info")
    prints = [
        [each["fingerprint"] for each in json.loads(FORMATS["json"](report, PLAIN))["findings"]]
        for report in map(_report("is wrong", "a.py").shown, levels)
    ]
    assert prints[1][: len(prints[0])] == prints[0]
