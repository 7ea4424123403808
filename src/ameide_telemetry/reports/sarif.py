"""SARIF 2.1.0 (OASIS), which code-scanning pages read."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ameide_telemetry.checks.registry import CHECKS, page
from ameide_telemetry.reports.identity import fingerprints
from ameide_telemetry.reports.spelling import spelled_bytes, spelled_report
from ameide_telemetry.reports.words import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    told = spelled_report(report)
    known = fingerprints(report)
    run = {
        "tool": {
            "driver": {"name": f"ameide-telemetry {report.tool}", "rules": [_rule(code) for code in codes]}
        },
        # Bytes of a name that are no text are percent-encoded, so places are taken as they are.
        "results": [
            {
                **_result(group, codes, report.unit),
                **_locations(group, raw.places),
                "partialFingerprints": {"ameideTelemetry/v1": known[number]},
            }
            for number, (group, raw) in enumerate(zip(told.groups, report.groups, strict=True))
        ],
        # Columns are counted as Python counts characters.
        "columnKind": "unicodeCodePoints",
        "properties": {"examined": report.examined, "unit": report.unit, **_plain(told)},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


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
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.level],
        "kind": "fail",
        "message": {"text": f"{sentence(finding, unit)}.{hint}"},
        "occurrenceCount": max(group.count, 1),
    }


def _locations(group: Group, places: Sequence[Place]) -> dict[str, Any]:
    found = [_location(place, group.sample if place is places[0] else "") for place in places]
    if not found[1:]:
        return {"locations": found}
    related = [{"id": number, **each} for number, each in enumerate(found[1:], 1)]
    return {"locations": found[:1], "relatedLocations": related}


def _location(place: Place, sample: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path)}}
    if place.line:
        region: dict[str, Any] = {"startLine": place.line}
        if place.column:
            region["startColumn"] = place.column
        if sample:
            region["snippet"] = {"text": sample}
        physical["region"] = region
    return {"physicalLocation": physical}


def _uri(path: str) -> str:
    """Return a path as a URI reference (RFC 3986): relative ones stay so, as code-scanning pages need it."""
    if path == "-":
        return _STDIN
    given = PurePath(path)
    quoted = quote(spelled_bytes(given.as_posix()), safe="/")
    # The first segment of a relative reference has no colon: `quote` has taken it away.
    return f"file://{quoted}" if given.is_absolute() else quoted
