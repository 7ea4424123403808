"""Why a verdict is what it is: the way from the start to what decided, as a tree for people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import ESCAPED
from ameide_telemetry.lint.verdict import application, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.model import Event, Judged, Spot, Step

__all__ = ["why"]

_NAMES: Final = {
    "init": "the bootstrap is called",
    "app": "the application is made",
    "client": "a client is made",
    "serve": "the process begins to serve",
    "fork": "each child is taken care of",
    "preload": "the application is imported before workers fork",
    "forks": "the workers fork",
    "log": "a line is logged or a thread started",
    "dynamic": "something is loaded that is not in the source",
    "lifespan": "the bootstrap is called at start-up",
}
_MAYBE: Final = "it may be called, and nobody sees that"
_ALWAYS: Final = ("init", "fork", "preload", "lifespan")


def why(judged: Judged, base: Path | None = None) -> str:
    """Return the way to what decided a verdict, each step with its file and line.

    Args:
        judged: the entrypoint with its trail and verdict.
        base: folder that paths are shown from; the service's own without.
    """
    entrypoint, verdict = judged.entrypoint, judged.verdict
    folder = base or entrypoint.folder
    head = f"{entrypoint.service} {entrypoint.target.name}: {verdict.word}"
    lines = [head, f"  {verdict.reason}"]
    lines += [f"  {_where(each.spot, folder)}  {each.kind}: {each.text}" for each in entrypoint.evidence[:1]]
    return "\n".join([*lines, *_tree(_events(judged), folder)])


def _events(judged: Judged) -> list[Event]:
    """Return the events that decided, in order."""
    trail, event = judged.trail, judged.verdict.event
    made = application(trail)
    shown = [each for kind in _ALWAYS for each in of_kind(trail, kind)]
    shown += [each for each in (made, event) if each is not None]
    shown += of_kind(trail, "serve")[:1]
    if judged.verdict.word == "per-fork-missing":
        shown += of_kind(trail, "forks")[:1]
    if judged.verdict.word == "unresolved":
        shown += of_kind(trail, "dynamic")[:5]
    return sorted(dict.fromkeys(shown), key=lambda each: each.order)


def _tree(events: list[Event], folder: Path) -> Iterator[str]:
    before: tuple[Step, ...] = ()
    for event in events:
        common = 0
        for one, other in zip(before, event.chain, strict=False):
            if one != other:
                break
            common += 1
        for depth, step in enumerate(event.chain[common:], start=common):
            yield f"{'  ' * (depth + 1)}{_where(step.spot, folder)}  {step.text}"
        under = f" (if {event.condition})" if event.condition else ""
        indent = "  " * (len(event.chain) + 1)
        name = _MAYBE if event.subject == ESCAPED else _NAMES[event.kind]
        yield f"{indent}{_where(event.spot, folder)}  {event.text}  <- {name}{under}"
        before = event.chain


def _where(spot: Spot, folder: Path) -> str:
    path = os.path.relpath(spot.path, folder)
    return f"{path}:{spot.line}" if spot.line else path
