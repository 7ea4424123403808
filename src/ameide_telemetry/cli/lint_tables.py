"""The tables of `lint`: entrypoints with their evidence, counts of checks, scores of services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.reports.terminal import cells, printable
from ameide_telemetry.reports.words import title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import Judged, Problem
    from ameide_telemetry.lint.score import Score
    from ameide_telemetry.reports.terminal import Style

__all__ = ["entrypoint_rows", "score_rows", "statistics_rows"]

_COLOURS: Final = {"ok": "green", "ok-conditional": "green", "unresolved": "yellow"}
_BAR: Final = 20


def entrypoint_rows(judged: Sequence[Judged], shown: Callable[[Path], str], style: Style) -> Iterator[str]:
    """Yield a block for each entrypoint: service, target, verdict, and below it why it is one."""
    widths = [
        max(cells(text) for text in column) for column in zip(*(_names(each) for each in judged), strict=True)
    ]
    for each in judged:
        names = [
            f"{text}{' ' * (width - cells(text))}" for text, width in zip(_names(each), widths, strict=True)
        ]
        word = each.verdict.word
        colour = _COLOURS.get(word, "red")
        yield f"{style.paint(names[0], 'bold')}  {names[1]}  {style.paint(word, colour, 'bold')}"
        for evidence in each.entrypoint.evidence:
            place = f"{shown(evidence.spot.path)}:{evidence.spot.line}"
            yield style.paint(
                f"    {evidence.kind:<11} {printable(place)}  {printable(evidence.text)}", "dim"
            )


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
        for gain, problem in score.edits:
            yield f"    +{gain:<3} {problem.code} {printable(place(problem))}: {printable(problem.hint)}"


def _names(judged: Judged) -> tuple[str, str]:
    entrypoint = judged.entrypoint
    return printable(entrypoint.service), printable(entrypoint.target.name)
