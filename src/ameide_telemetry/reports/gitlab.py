"""The format of GitLab: a Code Quality report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.reports.words import fingerprint, sentence, title

if TYPE_CHECKING:
    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["gitlab"]

_SEVERITIES: Final = {"error": "major", "warning": "minor", "info": "info"}


def gitlab(report: Report, style: Style) -> str:  # noqa: ARG001 every format has the same arguments
    """Return the list of issues that GitLab shows in a merge request."""
    return json.dumps([_issue(group, report.unit) for group in report.groups], indent=2) + "\n"


def _issue(group: Group, unit: str) -> dict[str, Any]:
    finding = group.finding
    place = group.places[0] if group.places else None
    hint = f" ({finding.hint})" if finding.hint else ""
    return {
        "type": "issue",
        "description": f"{sentence(finding, unit)}{hint}",
        "check_name": title(finding.code),
        "fingerprint": fingerprint(group),
        "severity": _SEVERITIES[finding.level],
        "location": {
            "path": place.path.removeprefix("./") if place else "",
            "lines": {"begin": max(place.line, 1) if place else 1},
        },
    }
