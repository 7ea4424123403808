"""TEL102: the bootstrap is called when the application, or a client, exists already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.cures import moved
from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_event, of_verdict
from ameide_telemetry.lint.verdict import application, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Event, Fix, Judged, Problem

__all__ = ["CHECK"]


def _hint(judged: Judged, _: Scene) -> str:
    made = application(judged.trail)
    where = f"line {made.spot.line} of {made.spot.path.name}" if made else "the application"
    return f"move the call above {where}"


def _cure(judged: Judged, scene: Scene) -> Fix | None:
    made = application(judged.trail)
    return moved(judged, scene, made.spot if made else None)


_LATE: Final = of_verdict(
    "TEL102", "late", "{title} calls the bootstrap after the application exists", _hint, _cure
)


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    yield from _LATE(judged, scene)
    event = judged.verdict.event
    if judged.verdict.word in {"ok", "ok-conditional"} and event is not None:
        before = [each for each in judged.trail.events if each.order < event.order and not each.condition]
        yield from (_early(judged, each, event, scene) for each in before if each.kind == "client")
        yield from _early_applications(judged, event, scene)


def _early(judged: Judged, client: Event, event: Event, scene: Scene) -> Problem:
    message = f"this client is made before the bootstrap, so its calls carry no trace context: {client.text}"
    hint = f"call the bootstrap, line {event.spot.line} of {event.spot.path.name}, before this line runs"
    return replace(at_event("TEL102", judged, client, (message, hint), scene), level="warning")


def _early_applications(judged: Judged, event: Event, scene: Scene) -> Iterator[Problem]:
    """What is mounted, or only sends tasks, matters less than what is served."""
    served = judged.trail.served
    for each in of_kind(judged.trail, "app"):
        if served and each.subject != served and each.order < event.order and not each.condition:
            message = f"this application, which another one serves, is made before the bootstrap: {each.text}"
            hint = (
                f"call the bootstrap, line {event.spot.line} of {event.spot.path.name}, before this line runs"
            )
            yield replace(at_event("TEL102", judged, each, (message, hint), scene), level="info")


CHECK: Final = EntrypointCheck("TEL102", _look)
