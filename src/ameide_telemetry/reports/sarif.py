"""SARIF 2.1.0 (OASIS), which code-scanning pages read."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ameide_telemetry.checks.registry import CHECKS, page
from ameide_telemetry.reports.words import fingerprint, sentence

if TYPE_CHECKING:
    from ameide_telemetry.checks.registry import Check
    from ameide_telemetry.reports.model import Group, Place, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["sarif"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_STDIN: Final = "stdin"


def sarif(report: Report, style: Style) -> str:  # noqa: ARG001 every format has the same arguments
    """Return a SARIF log of one run."""
    codes = sorted({*report.checks, *(group.finding.code for group in report.groups)})
    run = {
        "tool": {
            "driver": {"name": f"ameide-telemetry {report.tool}", "rules": [_rule(code) for code in codes]}
        },
        "results": [_result(group, codes, report.unit) for group in report.groups],
        # Columns are counted as Python counts characters.
        "columnKind": "unicodeCodePoints",
        "properties": {"examined": report.examined, "unit": report.unit, **_plain(report)},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, default=str) + "\n"


def _plain(report: Report) -> dict[str, Any]:
    return {name: value for name, value in report.facts.items() if name in {"coverage", "unseen"}}


def _rule(code: str) -> dict[str, Any]:
    check: Check | None = CHECKS.get(code)
    if check is None:
        return {"id": code}
    text = page(code)
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in check.name.split("-")),
        "shortDescription": {"text": check.summary},
        "fullDescription": {"text": check.summary},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[check.level]},
    }


def _result(group: Group, codes: list[str], unit: str) -> dict[str, Any]:
    finding = group.finding
    hint = f" Fix: {finding.hint}." if finding.hint else ""
    locations = [_location(place, group) for place in group.places]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.level],
        "kind": "fail",
        "message": {"text": f"{sentence(finding, unit)}.{hint}"},
        "locations": locations[:1],
        "occurrenceCount": max(group.count, 1),
        "partialFingerprints": {"ameideTelemetry/v1": fingerprint(group)},
    }
    if locations[1:]:
        result["relatedLocations"] = [{"id": number, **each} for number, each in enumerate(locations[1:], 1)]
    return result


def _location(place: Place, group: Group) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path)}}
    if place.line:
        region: dict[str, Any] = {"startLine": place.line}
        if place.column:
            region["startColumn"] = place.column
        if group.sample and place is group.places[0]:
            region["snippet"] = {"text": group.sample}
        physical["region"] = region
    return {"physicalLocation": physical}


def _uri(path: str) -> str:
    """Return a path as a URI reference (RFC 3986): relative ones stay so, as code-scanning pages need it."""
    if path == "-":
        return _STDIN
    given = PurePath(path)
    quoted = quote(given.as_posix(), safe="/", errors="surrogateescape")
    # The first segment of a relative reference has no colon: `quote` has taken it away.
    return f"file://{quoted}" if given.is_absolute() else quoted
