"""TEL108: a module logs or starts a thread while it is imported, before the bootstrap is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_event, during_import

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Event, Judged, Problem, Spot

__all__ = ["CHECK"]


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    init = judged.verdict.event
    if init is None or judged.verdict.word not in {"ok", "ok-conditional", "late", "per-fork-missing"}:
        return
    seen: set[Spot] = set()
    for event in judged.trail.events:
        early = event.kind == "log" and event.order < init.order and not event.condition
        if early and event.spot not in seen and during_import(judged, event):
            seen.add(event.spot)
            yield _early(judged, event, init, scene)


def _early(judged: Judged, event: Event, init: Event, scene: Scene) -> Problem:
    what = "a thread is started" if ".start(" in event.text else "a line is logged"
    message = f"{what} at import, before the bootstrap is called: {event.text}"
    hint = f"call the bootstrap, line {init.spot.line} of {init.spot.path.name}, before this import"
    return at_event("TEL108", judged, event, (message, hint), scene)


CHECK: Final = EntrypointCheck("TEL108", _look)
