"""The format for people: what broke, the line with the key marked, where, and the edit that cures it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.reports.model import LEVELS
from ameide_telemetry.reports.terminal import cells, printable, wrapped, wrapped_sample
from ameide_telemetry.reports.words import LEVEL_WORDS, counted, places, remarks, sentence, title, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.reports.model import Group, Report
    from ameide_telemetry.reports.terminal import Style

__all__ = ["full"]

_SIGNS: Final = {"error": ("✗", "red"), "warning": ("▲", "yellow"), "info": ("•", "blue")}
_INDENT: Final = "  "
_MARGIN: Final = 9
_MOST_ROWS: Final = 8
_BAR: Final = 20
_NAMED: Final = 12


def full(report: Report, style: Style) -> str:
    """Return the report for a terminal, or for a log that people read."""
    blocks = ["\n".join(_group(report, group, style)) for group in report.groups]
    blocks.append("\n".join(_end(report, style)))
    return style.glyphs("\n\n".join(blocks)) + "\n"


def _group(report: Report, group: Group, style: Style) -> Iterator[str]:
    finding = group.finding
    sign, colour = _SIGNS[finding.level]
    count = counted(group.count, "time") if group.count > 1 else ""
    yield from _headline(sentence(finding, report.unit), count, sign, colour, style)
    yield from _sample(group, colour, style)
    notes = (
        ("at", places(group)),
        ("check", f"{title(finding.code)}, {LEVEL_WORDS[finding.level]}"),
        ("fix", printable(finding.hint)),
        ("allow", report.allowing(finding.code)),
    )
    for name, text in notes:
        if text:
            yield from _note(name, text, style)


def _headline(text: str, count: str, sign: str, colour: str, style: Style) -> Iterator[str]:
    first, *rest = wrapped(text, style.width - cells(count) - 4)
    gap = " " * (style.width - cells(first) - cells(count) - 2)
    tail = f"{gap}{style.paint(count, 'dim')}" if count else ""
    yield f"{style.paint(sign, colour, 'bold')} {style.paint(first, 'bold')}{tail}"
    for row in rest:
        yield _INDENT + style.paint(row, "bold")


def _sample(group: Group, colour: str, style: Style) -> Iterator[str]:
    rail = _INDENT + style.paint("│", "dim") + " "
    rows = list(wrapped_sample(group.sample, group.mark, style.width - 4))
    for piece, begin, end in _near_the_mark(rows):
        before, marked, after = piece[:begin], piece[begin:end], piece[end:]
        yield (rail + before + style.paint(marked, colour, "bold", "underline") + after).rstrip()
        if marked and not style.colour:
            yield (rail + " " * cells(before) + "‾" * cells(marked)).rstrip()


def _near_the_mark(rows: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Return as many rows as a reader can take in, those with the mark among them."""
    at = next((index for index, (_, begin, end) in enumerate(rows) if end > begin), 0)
    first = min(max(at - _MOST_ROWS // 2, 0), max(len(rows) - _MOST_ROWS, 0))
    kept = rows[first : first + _MOST_ROWS]
    above = [("…", 0, 0)] if first else []
    below = [("…", 0, 0)] if first + _MOST_ROWS < len(rows) else []
    return above + kept + below


def _note(name: str, text: str, style: Style) -> Iterator[str]:
    label = f"{_INDENT}{name:<{_MARGIN - len(_INDENT)}}"
    for row in wrapped(text, style.width - _MARGIN):
        yield f"{style.paint(label, 'dim')}{row}"
        label = " " * _MARGIN


def _end(report: Report, style: Style) -> Iterator[str]:
    worst = next((level for level in LEVELS if report.counts()[level]), None)
    sign, colour = _SIGNS[worst] if worst else ("✓", "green")
    yield f"{style.paint(sign, colour, 'bold')} {style.paint(verdict(report), 'bold')}"
    hidden = [
        counted(report.hidden[level], LEVEL_WORDS[level]) for level in LEVELS if report.hidden.get(level)
    ]
    if hidden:
        least = max((level for level in report.hidden if report.hidden[level]), key=LEVELS.index)
        yield from _note("hidden", f"{', '.join(hidden)}; see them with --level {least}", style)
    for name, text in remarks(report):
        yield from _note(name, text, style)
    yield from _coverage(report, style)
    if report.groups:
        code = report.groups[0].finding.code
        yield from _note("why", f"ameide-telemetry explain {code}", style)


def _coverage(report: Report, style: Style) -> Iterator[str]:
    share = report.facts.get("coverage")
    if not isinstance(share, (int, float)):
        return
    done = round(share * _BAR)
    bar = style.paint("━" * done, "green") + style.paint("─" * (_BAR - done), "dim")
    label = style.paint(f"{_INDENT}{'fields':<{_MARGIN - len(_INDENT)}}", "dim")
    yield f"{label}{bar} {share:.0%} of the contract's fields"
    unseen = report.facts.get("unseen")
    if isinstance(unseen, (list, tuple)) and unseen:
        names = ", ".join(map(str, unseen[:_NAMED]))
        more = f" and {len(unseen) - _NAMED} more" if len(unseen) > _NAMED else ""
        yield from _note("", f"not {names}{more}", style)
