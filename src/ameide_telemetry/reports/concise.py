"""The format for editors, `grep` and long lists: one row per group, or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.reports.terminal import printable
from ameide_telemetry.reports.words import remarks, sentence, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["concise"]


def concise(report: Report, style: Style) -> str:
    """Return `path:line: CODE what (the edit) [n times]` rows, then the counts; the edit may stand below."""
    rows = [row for group in report.groups for row in _rows(group, report, style)]
    rows.append(verdict(report))
    rows += [f"{name}: {text}" for name, text in remarks(report)]
    return style.glyphs("\n".join(rows)) + "\n"


def _rows(group: Group, report: Report, style: Style) -> Iterator[str]:
    finding = group.finding
    where = f"{printable(str(group.places[0]))}: " if group.places else ""
    hint = printable(finding.hint)
    cure = f" ({hint})" if hint and not report.apart else ""
    times = f" [{group.count:,} times]" if group.count > 1 else ""
    colour = {"error": "red", "warning": "yellow", "info": "blue"}[finding.level]
    code = style.paint(finding.code, colour, "bold")
    yield f"{where}{code} {sentence(finding, report.unit)}{cure}{times}"
    if hint and report.apart:
        yield f"    {style.paint('fix:', 'dim')} {hint}"
