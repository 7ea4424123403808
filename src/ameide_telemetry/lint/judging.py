"""From an entrypoint to what its source proves, where a setting may decide how its server starts too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.verdict import judge
from ameide_telemetry.lint.walk.walker import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ameide_telemetry.lint.model import Entrypoint, Trail, Verdict
    from ameide_telemetry.lint.source import Sources
    from ameide_telemetry.lint.walk.machine import Finder

__all__ = ["judged"]

_GOOD: Final = "ok"


def judged(
    entrypoint: Entrypoint,
    sources: Sources,
    bootstrap: Iterable[str],
    find: Finder,
    relevant: Callable[[Path], bool] | None = None,
) -> tuple[Trail, Verdict]:
    """Return what happens when an entrypoint is started, and what that proves.

    Args:
        entrypoint: what is started.
        sources: the files.
        bootstrap: dotted names whose call starts telemetry.
        find: looks modules up in the import roots.
        relevant: whether a file can bring an event; others are not parsed.
    """
    trail = walk(entrypoint, sources, bootstrap, find, relevant)
    verdict = judge(entrypoint, trail, sources)
    if not trail.unsure:
        return trail, verdict
    # Nobody knows when the workers fork: only what holds both ways is said.
    early = replace(entrypoint, target=replace(entrypoint.target, preload=True, unsure=""))
    other = walk(early, sources, bootstrap, find, relevant)
    second = judge(early, other, sources)
    found = (trail, verdict) if verdict.word != _GOOD else (other, second)
    if verdict.word == second.word or _GOOD not in {verdict.word, second.word}:
        return found
    return replace(found[0], unsure=trail.unsure), _unresolved(found[1], trail.unsure)


def _unresolved(verdict: Verdict, setting: str) -> Verdict:
    reason = f"The source does not say what `{setting}` is, by which it is {verdict.word} or {_GOOD}."
    return replace(verdict, word="unresolved", reason=reason)
