"""What a trail proves: whether the bootstrap is called, and whether that is soon enough."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import ESCAPED, Event, Spot, Verdict
from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.lint.model import Entrypoint, EventKind, Trail, VerdictWord
    from ameide_telemetry.lint.source import Sources

__all__ = ["application", "horizon", "judge", "of_kind"]

_QUEUES: Final = frozenset({"celery", "dramatiq", "rq", "arq", "queue"})
_NOTHING: Final = "Nothing on the way calls the bootstrap."


@dataclass(frozen=True, slots=True)
class _Case:
    """What is judged."""

    entrypoint: Entrypoint
    trail: Trail
    limit: float


@dataclass(frozen=True, slots=True)
class _Opinion:
    """A verdict without its line of source; `spot` is where it is said, if not where its event is."""

    word: VerdictWord
    reason: str
    event: Event | None = None
    spot: Spot | None = None


def judge(entrypoint: Entrypoint, trail: Trail, sources: Sources) -> Verdict:
    """Return what a trail proves of an entrypoint."""
    case = _Case(entrypoint, trail, horizon(trail))
    opinion = next(found for found in (look(case) for look in _OPINIONS) if found)
    event = opinion.event
    spot = opinion.spot or (event.spot if event and event.spot.line else _place(case))
    source = sources.get(spot.path) if spot.path.suffix == ".py" else None
    return Verdict(
        word=opinion.word,
        spot=spot,
        reason=opinion.reason,
        event=event,
        symbol=event.symbol if event and not opinion.spot else "<module>",
        text=source.line(spot.line) if isinstance(source, Parsed) else "",
    )


def of_kind(trail: Trail, kind: EventKind) -> list[Event]:
    """Return the events of one kind, in order; of start-up events those of the served application."""
    subjects = {0, trail.served}
    return [
        each
        for each in trail.events
        if each.kind == kind and (kind != "lifespan" or not trail.served or each.subject in subjects)
    ]


def horizon(trail: Trail) -> float:
    """Return the moment before which the bootstrap has to be called; infinite if any moment will do."""
    for each in of_kind(trail, "app"):
        if trail.served and each.subject == trail.served:
            return each.order
    return min((each.order for each in of_kind(trail, "serve")), default=inf)


def application(trail: Trail) -> Event | None:
    """Return where the served application is made; without one the last application, or the serving."""
    made = of_kind(trail, "app")
    served = [each for each in made if each.subject == trail.served]
    return next(iter([*served, *made[::-1], *of_kind(trail, "serve")]), None)


def _place(case: _Case) -> Spot:
    event = application(case.trail)
    if event is not None and event.spot.line:
        return event.spot
    target = case.entrypoint.target
    return Spot(target.path, 1, 1) if target.path else case.entrypoint.evidence[0].spot


def _nothing(case: _Case) -> _Opinion | None:
    return _Opinion("unresolved", case.trail.problem) if case.trail.problem else None


def _handed_over(case: _Case) -> _Opinion | None:
    """Another process serves, and nobody can tell what that is."""
    others = case.entrypoint.target.hands_over
    if not others or of_kind(case.trail, "serve"):
        return None
    reason = f"Another program serves, which the source does not name: {others[0].text}."
    return _Opinion("unresolved", reason, spot=others[0].spot)


def _early(case: _Case) -> _Opinion | None:
    early = [each for each in of_kind(case.trail, "init") if each.order < case.limit]
    sure = [each for each in early if not each.condition]
    if sure:
        lost = [_forked(case, each) for each in sure]
        # One call in the worker itself is enough, whatever the master did before.
        kept = next((each for each, opinion in zip(sure, lost, strict=True) if not opinion), None)
        return (
            lost[0]
            if kept is None
            else _Opinion("ok", "The bootstrap is called before anything else matters.", kept)
        )
    if early:
        reason = f"The bootstrap is called only if {early[0].condition}."
        return _Opinion("ok-conditional", reason, early[0])
    return None


def _forked(case: _Case, event: Event) -> _Opinion | None:
    """Whether workers that fork after a call of the bootstrap lack what each of them needs."""
    forks = of_kind(case.trail, "forks")
    if not forks or event.order > forks[0].order or of_kind(case.trail, "fork"):
        return None
    reason = "The workers fork after the bootstrap was called, and nothing of ours is called in each of them."
    return _Opinion("per-fork-missing", reason, event)


def _in_child(case: _Case) -> _Opinion | None:
    """The bootstrap is called in each child: soon enough where the order of the application is no matter."""
    calls = [each for each in of_kind(case.trail, "fork") if each.subject < 0]
    if not calls:
        return None
    sure = next((each for each in calls if not each.condition), None)
    if case.limit < calls[0].order and case.entrypoint.target.kind not in _QUEUES:
        return _Opinion(
            "late", "The bootstrap is called in each worker after the application exists.", calls[0]
        )
    if sure:
        return _Opinion("ok", "The bootstrap is called in each worker.", sure)
    return _Opinion("ok-conditional", f"The bootstrap is called only if {calls[0].condition}.", calls[0])


def _late(case: _Case) -> _Opinion | None:
    late = of_kind(case.trail, "init")
    if not late:
        return None
    unknown = of_kind(case.trail, "dynamic")
    if any(each.subject and each.subject == case.trail.served for each in unknown):
        return _unresolved(case)
    if any(each.subject == ESCAPED and each.order < case.limit for each in unknown):
        return _unresolved(case)
    return _Opinion("late", "The bootstrap is called after the application exists.", late[0])


def _lifespan(case: _Case) -> _Opinion | None:
    found = of_kind(case.trail, "lifespan")
    if not found:
        return None
    return _Opinion("lifespan", "The bootstrap is called only when the application starts up.", found[0])


def _unresolved(case: _Case) -> _Opinion | None:
    # What takes a callable when the application exists already can only be late.
    loaded = [
        each for each in of_kind(case.trail, "dynamic") if each.subject != ESCAPED or each.order < case.limit
    ]
    if loaded:
        asked = "whether this is called" if loaded[0].subject == ESCAPED else "what this is"
        return _Opinion("unresolved", f"The source does not say {asked}: {loaded[0].text}.", loaded[0])
    if case.trail.unread:
        return _Opinion("unresolved", f"{case.trail.unread[0].name} cannot be read, and it is on the way.")
    return None


def _missing(case: _Case) -> _Opinion | None:
    event, path = application(case.trail), case.entrypoint.target.path
    if event is not None and event.spot.path != path:
        # A factory elsewhere may be others' too: what is served is made by the line that calls it.
        calls = (each for each in event.chain if each.spot.path == path and each.text.startswith("calls "))
        return _Opinion("missing", _NOTHING, event, next((each.spot for each in calls), None))
    return _Opinion("missing", _NOTHING, event)


_OPINIONS: Final[tuple[Callable[[_Case], _Opinion | None], ...]] = (
    _nothing,
    _handed_over,
    _early,
    _in_child,
    _late,
    _lifespan,
    _unresolved,
    _missing,
)
"""The first that has an opinion is right."""
