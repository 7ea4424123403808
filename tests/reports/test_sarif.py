"""SARIF: what version 2.1.0 (OASIS) requires of the parts that are written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.model import Place
from ameide_telemetry.reports.terminal import PLAIN
from support.made_reports import CLEAN, REPORT

if TYPE_CHECKING:
    from ameide_telemetry.reports.model import Report

# Section 3: name -> required, then optional members of each object that is written.
_MEMBERS = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"results", "columnKind", "properties"}),
    "tool": ({"driver"}, set()),
    "driver": ({"name"}, {"rules"}),
    "rule": ({"id"}, {"name", "shortDescription", "fullDescription", "help", "defaultConfiguration"}),
    "result": (
        {"message"},
        {
            *("ruleId", "ruleIndex", "level", "kind", "locations"),
            *("relatedLocations", "occurrenceCount", "partialFingerprints"),
        },
    ),
    "location": (set(), {"id", "physicalLocation"}),
    "physicalLocation": ({"artifactLocation"}, {"region"}),
    "region": ({"startLine"}, {"startColumn", "snippet"}),
}


def _document(report: Report = REPORT) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FORMATS["sarif"](report, PLAIN))
    return document


def _has_members(kind: str, found: dict[str, Any]) -> None:
    required, optional = _MEMBERS[kind]
    assert required <= found.keys() <= required | optional, (kind, sorted(found))


def _check_location(location: dict[str, Any]) -> None:
    _has_members("location", location)
    physical = location["physicalLocation"]
    _has_members("physicalLocation", physical)
    uri = physical["artifactLocation"]["uri"]
    # RFC 3986: only these characters, and no scheme that comes from a file's name.
    assert re.fullmatch(r"[A-Za-z0-9._~/%!$&'()*+,;=:@-]+", uri)
    assert urlsplit(uri).scheme in {"", "file"}
    if "region" in physical:
        _has_members("region", physical["region"])
        assert physical["region"]["startLine"] >= 1
        assert physical["region"].get("startColumn", 1) >= 1


def _check_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    _has_members("result", result)
    assert result["message"]["text"]
    assert result["level"] in {"none", "note", "warning", "error"}
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["occurrenceCount"] >= 1
    assert all(isinstance(value, str) and value for value in result["partialFingerprints"].values())
    for location in (*result["locations"], *result.get("relatedLocations", [])):
        _check_location(location)


@pytest.mark.parametrize("report", [REPORT, CLEAN], ids=["findings", "clean"])
def test_a_log_has_what_the_standard_requires(report: Report) -> None:
    """Every object has its required members, no unknown ones, and values of the right kind."""
    document = _document(report)
    _has_members("log", document)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    _has_members("run", run)
    _has_members("tool", run["tool"])
    driver = run["tool"]["driver"]
    _has_members("driver", driver)
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        _has_members("rule", rule)
    for result in run["results"]:
        _check_result(result, rules)


def test_rules_have_their_pages() -> None:
    """A code-scanning page can show what a finding means without this package."""
    rules = {rule["id"]: rule for rule in _document()["runs"][0]["tool"]["driver"]["rules"]}
    assert set(rules) == {"TEL501", "TEL502", "TEL512", "TEL532", "TEL999"}
    assert rules["TEL501"]["name"] == "NotJson"
    assert "## Why it matters" in rules["TEL501"]["help"]["markdown"]
    assert rules["TEL512"]["defaultConfiguration"] == {"level": "note"}


def test_places_become_locations() -> None:
    """The first place is the location, the others are related; paths are relative references."""
    first, second, third, bare = _document()["runs"][0]["results"]
    physical = first["locations"][0]["physicalLocation"]
    assert unquote(physical["artifactLocation"]["uri"]) == "logs/a b.log"
    assert physical["artifactLocation"]["uri"] == "logs/a%20b.log"
    assert (physical["region"]["startLine"], physical["region"]["startColumn"]) == (3, 5)
    assert [each["id"] for each in first["relatedLocations"]] == [1, 2]
    assert first["occurrenceCount"] == 412
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "stdin"
    assert third["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%3Ab%2Cc%25.log"
    assert bare["locations"] == []


def test_a_place_without_a_line_is_a_file() -> None:
    """Lines are counted from 1: what has none has no region, and an absolute path is a URI of a file."""
    group = replace(REPORT.groups[0], places=(Place("/var/log/a b.log"),))
    (result,) = _document(replace(REPORT, groups=(group,)))["runs"][0]["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "file:///var/log/a%20b.log"}}
    assert "relatedLocations" not in result
