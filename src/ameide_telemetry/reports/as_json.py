"""The format for programs: one JSON document, its shape versioned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.reports.identity import fingerprints
from ameide_telemetry.reports.spelling import spelled_report
from ameide_telemetry.reports.words import name_of

if TYPE_CHECKING:
    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["VERSION", "as_json"]

VERSION: Final = 1
"""Of the shape. It grows when a member goes or changes its meaning; new members leave it as it is."""


def as_json(report: Report, style: Style) -> str:  # noqa: ARG001 every format has the same arguments
    """Return the whole report as JSON in ASCII."""
    told = spelled_report(report)
    document = {
        "version": VERSION,
        "tool": report.tool,
        "unit": report.unit,
        "examined": report.examined,
        "counts": report.counts(),
        "hidden": dict(report.hidden),
        "checks": list(report.checks),
        "skipped": list(report.skipped),
        "facts": dict(told.facts),
        "findings": [
            _group(group, known) for group, known in zip(told.groups, fingerprints(report), strict=True)
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _group(group: Group, known: str) -> dict[str, Any]:
    finding = group.finding
    return {
        "code": finding.code,
        "name": name_of(finding.code),
        "level": finding.level,
        "location": finding.location,
        "message": finding.message,
        "hint": finding.hint,
        "count": group.count,
        "places": [{"path": each.path, "line": each.line, "column": each.column} for each in group.places],
        "sample": group.sample,
        "mark": list(group.mark) if group.mark else None,
        "fingerprint": known,
    }
