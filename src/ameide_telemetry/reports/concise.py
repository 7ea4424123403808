"""The format for editors, `grep` and long lists: one row per group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.reports.terminal import printable
from ameide_telemetry.reports.words import remarks, sentence, verdict

if TYPE_CHECKING:
    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["concise"]


def concise(report: Report, style: Style) -> str:
    """Return `path:line: CODE what (the edit) [n times]` rows, then the counts."""
    rows = [*(_row(group, report.unit, style) for group in report.groups), verdict(report)]
    rows += [f"{name}: {text}" for name, text in remarks(report)]
    return style.glyphs("\n".join(rows)) + "\n"


def _row(group: Group, unit: str, style: Style) -> str:
    finding = group.finding
    where = f"{printable(str(group.places[0]))}: " if group.places else ""
    cure = f" ({printable(finding.hint)})" if finding.hint else ""
    times = f" [{group.count:,} times]" if group.count > 1 else ""
    colour = {"error": "red", "warning": "yellow", "info": "blue"}[finding.level]
    return f"{where}{style.paint(finding.code, colour, 'bold')} {sentence(finding, unit)}{cure}{times}"
