"""Counts, places and names, as the formats for people say them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ameide_telemetry.checks.registry import CHECKS
from ameide_telemetry.reports.model import LEVELS
from ameide_telemetry.reports.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.findings import Finding
    from ameide_telemetry.reports.model import Group, Report

__all__ = [
    "LEVEL_WORDS",
    "counted",
    "fingerprint",
    "name_of",
    "places",
    "remarks",
    "sentence",
    "title",
    "verdict",
]

LEVEL_WORDS: Final = {"error": "error", "warning": "warning", "info": "note"}
"""How a level is called where it is counted."""
_PLACES: Final = 3
# How a message begins that leaves out what it is about.
_PREDICATES: Final = frozenset({"begins", "differs", "has", "holds", "is"})


def counted(number: int, noun: str) -> str:
    """Return `1 line`, `1,204 lines`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def name_of(code: str) -> str:
    """Return the short name of a check, empty where it has none."""
    return CHECKS[code].name if code in CHECKS else ""


def title(code: str) -> str:
    """Return a check's code and name."""
    return f"{code} {name_of(code)}".rstrip()


def sentence(finding: Finding, unit: str) -> str:
    """Return where and what, in one printable row; what is said of no field is said of the whole unit."""
    where = f"{finding.location}: " if finding.location else ""
    if not where and finding.message.partition(" ")[0] in _PREDICATES:
        where = f"the {unit} "
    return printable(f"{where}{finding.message}")


def places(group: Group, most: int = _PLACES) -> str:
    """Return the first places, the file named once: `app.log:3, 17, 40 and 9 more`."""
    shown: list[str] = []
    path = None
    for place in group.places[:most]:
        again = place.path == path and place.line
        shown.append(str(place.line) if again else str(place))
        path = place.path
    more = group.count - len(shown)
    text = ", ".join(shown)
    return printable(f"{text} and {more:,} more" if more > 0 and text else text)


def verdict(report: Report) -> str:
    """Return the last line: how much was found in how much."""
    looked = counted(report.examined, report.unit)
    found = [(report.counts()[level], LEVEL_WORDS[level]) for level in LEVELS]
    total = sum(number for number, _ in found)
    if not total:
        return f"nothing wrong in {looked}"
    parts = ", ".join(counted(number, noun) for number, noun in found if number)
    return f"{parts} in {looked}"


def remarks(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what a reader has to know who takes nothing found for nothing wrong, each with its name."""
    left_out = report.facts.get("groups_left_out")
    if isinstance(left_out, int) and left_out:
        yield "more", f"{counted(left_out, 'finding')} beyond the kinds that there was room for"
    if report.skipped:
        yield "off", f"{', '.join(report.skipped)} (not checked)"


def fingerprint(group: Group) -> str:
    """Return what stays the same when lines are added above the finding, as 64 hex digits."""
    finding = group.finding
    path = group.places[0].path if group.places else ""
    parts = (finding.code, path, finding.location, finding.message)
    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
