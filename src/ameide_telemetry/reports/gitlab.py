"""The format of GitLab: a Code Quality report."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.reports.identity import fingerprints
from ameide_telemetry.reports.spelling import spelled_report
from ameide_telemetry.reports.words import sentence, title

if TYPE_CHECKING:
    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["gitlab"]

_SEVERITIES: Final = {"error": "major", "warning": "minor", "info": "info"}
_STDIN: Final = "stdin"


def gitlab(report: Report, style: Style) -> str:  # noqa: ARG001 every format has the same arguments
    """Return the list of issues that GitLab shows in a merge request."""
    told = spelled_report(report)
    pairs = zip(told.groups, fingerprints(report), strict=True)
    return json.dumps([_issue(group, known, report.unit) for group, known in pairs], indent=2) + "\n"


def _issue(group: Group, known: str, unit: str) -> dict[str, Any]:
    finding = group.finding
    place = group.places[0] if group.places else None
    hint = f" ({finding.hint})" if finding.hint else ""
    return {
        "type": "issue",
        "description": f"{sentence(finding, unit)}{hint}".strip() or title(finding.code),
        "check_name": title(finding.code),
        "fingerprint": known,
        "severity": _SEVERITIES[finding.level],
        "location": {
            "path": _path(place.path) if place else "",
            "lines": {"begin": max(place.line, 1) if place else 1},
        },
    }


def _path(text: str) -> str:
    """Return a path as GitLab knows the files of a repository: without `./`."""
    return _STDIN if text == "-" else str(PurePosixPath(text))
