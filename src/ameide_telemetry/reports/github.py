"""The format of GitHub Actions: workflow commands, which become annotations.

GitHub shows ten errors and ten warnings of a step and drops the rest, so there is one command per group, and
the whole report stays in the log below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.reports.spelling import spelled_report
from ameide_telemetry.reports.words import places, sentence, title, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["github"]

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
# The runner undoes exactly these (actions/toolkit, packages/core/src/command.ts).
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def github(report: Report, style: Style) -> str:  # noqa: ARG001 every format has the same arguments
    """Return one workflow command per group, then the counts."""
    commands = (_command(group, report.unit) for group in spelled_report(report).groups)
    return "\n".join([*commands, _safe(verdict(report))]) + "\n"


def _command(group: Group, unit: str) -> str:
    finding = group.finding
    properties = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in _properties(group))
    rows = [sentence(finding, unit)]
    if group.count > 1:
        rows.append(f"{group.count:,} times: {places(group)}")
    if finding.hint:
        rows.append(f"fix: {finding.hint}")
    rows.append(f"why: ameide-telemetry explain {finding.code}")
    return f"::{_COMMANDS[finding.level]} {properties}::{_safe(chr(10).join(rows))}"


def _properties(group: Group) -> Iterator[tuple[str, str]]:
    place = group.places[0] if group.places else None
    # An annotation without a file is one of the whole run, which is what standard input comes down to.
    if place is not None and place.path not in {"", "-"}:
        yield "file", place.path.removeprefix("./")
        # A column is one of a line.
        columns = [("col", place.column)] if place.line else []
        yield from ((name, str(value)) for name, value in (("line", place.line), *columns) if value)
    yield "title", title(group.finding.code)


def _safe(text: str) -> str:
    return text.translate(_DATA)
