"""The tables of `lint`: entrypoints with their evidence, counts of checks, scores of services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.reports.terminal import cells, printable, wrapped
from ameide_telemetry.reports.words import counted, title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import Evidence, Judged, Problem
    from ameide_telemetry.lint.score import Gain, Score
    from ameide_telemetry.reports.terminal import Style

__all__ = ["entrypoint_rows", "score_rows", "statistics_rows"]

_COLOURS: Final = {"ok": "green", "ok-conditional": "green", "unresolved": "yellow"}
_BAR: Final = 20
# The longest verdict, and the gaps beside it: what is left is for service and target.
_VERDICT: Final = 20
_KIND: Final = 11
_INDENT: Final = " " * 4
# Places of a check that are named, of those that have to be cured together.
_NAMED: Final = 5


def entrypoint_rows(judged: Sequence[Judged], shown: Callable[[Path], str], style: Style) -> Iterator[str]:
    """Yield a block for each entrypoint: service, target, verdict, and below it why it is one."""
    most = (style.width - _VERDICT) // 2
    columns = zip(*(_names(each) for each in judged), strict=True)
    # A name that is longer than its column moves what is behind it, in its own row only.
    widths = [max((cells(text) for text in column if cells(text) <= most), default=0) for column in columns]
    for each in judged:
        names = [
            f"{text}{' ' * (width - cells(text))}" for text, width in zip(_names(each), widths, strict=True)
        ]
        word = each.verdict.word
        colour = _COLOURS.get(word, "red")
        yield f"{style.paint(names[0], 'bold')}  {names[1]}  {style.paint(word, colour, 'bold')}"
        for evidence in each.entrypoint.evidence:
            yield from (style.paint(row, "dim") for row in _evidence(evidence, shown, style))


def statistics_rows(counts: Iterable[tuple[str, int]], style: Style) -> Iterator[str]:
    """Yield how many problems there are of each check, most first."""
    rows = list(counts)
    width = max((len(f"{count:,}") for _, count in rows), default=0)
    for code, count in rows:
        yield f"{count:>{width},}  {style.paint(title(code), 'bold')}"
    if not rows:
        yield "nothing was found"


def score_rows(scores: Iterable[Score], place: Callable[[Problem], str], style: Style) -> Iterator[str]:
    """Yield the score of each service, and the edits that raise it most."""
    for score in scores:
        done = round(score.value / 100 * _BAR)
        colour = "green" if score.value >= 75 else "yellow" if score.value >= 50 else "red"  # noqa: PLR2004 its bands
        bar = style.paint("━" * done, colour) + style.paint("─" * (_BAR - done), "dim")
        yield f"{bar} {score.value:>3}  {style.paint(printable(score.service), 'bold')} ({score.band})"
        for gain in score.edits:
            yield from _gain(gain, place, style)


def _gain(gain: Gain, place: Callable[[Problem], str], style: Style) -> Iterator[str]:
    lead = f"{_INDENT}+{gain.points:<3} "
    by_code: dict[str, dict[str, Problem]] = {}
    for problem in gain.problems:
        by_code.setdefault(problem.code, {}).setdefault(printable(place(problem)), problem)
    for code, places in by_code.items():
        yield from _places(lead, code, list(places), style)
        # What is the same for all places is said once.
        hints = dict.fromkeys(each.hint for each in list(places.values())[:_NAMED])
        yield from (row for hint in hints for row in _below(hint, len(lead), style))
        lead = " " * len(lead)


def _places(lead: str, code: str, places: Sequence[str], style: Style) -> Iterator[str]:
    """Yield the places of a check in one row, or one in each: terminals and editors open what is whole."""
    if len(places) == 1:
        yield f"{lead}{code} {places[0]}"
        return
    more = [f"and {len(places) - _NAMED:,} more"] if len(places) > _NAMED else []
    named = [f"{code}: {counted(len(places), 'place')}", *places[:_NAMED], *more]
    row = lead + ", ".join(named[: len(named) - len(more)]) + "".join(f" {each}" for each in more)
    if cells(row) <= style.width:
        yield row
        return
    first, *rest = named
    yield lead + first
    yield from (f"{' ' * len(lead)}{each}" for each in rest)


def _evidence(evidence: Evidence, shown: Callable[[Path], str], style: Style) -> Iterator[str]:
    lead = f"{_INDENT}{evidence.kind:<{_KIND}} "
    row = f"{lead}{printable(f'{shown(evidence.spot.path)}:{evidence.spot.line}')}"
    text = printable(evidence.text)
    if cells(row) + cells(text) + 2 <= style.width:
        yield f"{row}  {text}"
        return
    yield row
    yield from _below(text, len(lead), style)


def _below(text: str, indent: int, style: Style) -> Iterator[str]:
    for row in wrapped(printable(text), style.width - indent):
        yield f"{' ' * indent}{row}"


def _names(judged: Judged) -> tuple[str, str]:
    entrypoint = judged.entrypoint
    return printable(entrypoint.service), printable(entrypoint.target.name)
