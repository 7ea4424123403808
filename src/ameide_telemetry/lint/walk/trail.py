"""From what a walk saw to a trail: what matters to the application that is served, in order."""

from __future__ import annotations

import ast
from math import inf
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Event, Spot, Step, Trail
from ameide_telemetry.lint.walk.arms import View, worst
from ameide_telemetry.lint.walk.conditions import exclude, relative, shown, sure
from ameide_telemetry.lint.walk.values import applications

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.model import Entrypoint
    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.machine import Happening, Machine
    from ameide_telemetry.lint.walk.scopes import Module
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["trail"]

_LONGEST: Final = 100


def trail(machine: Machine, entrypoint: Entrypoint, served: Value, problem: str) -> Trail:
    """Return the trail of a walk."""
    happened = [each for each in machine.happenings if not each.dropped]
    view = worst([_view(machine, happened, number) for number in _served(served) or [0]])
    if view.best:
        # Another arm lacks what this one has: then what it has stands under the condition of the arm.
        view = _view(machine, happened, view.number, view.known)
    start = entrypoint.evidence[0].spot
    return Trail(
        events=tuple(_event(each, view.needs[id(each)], start) for each in view.seen),
        served=view.number,
        imported=_paths(machine, ("ran", "running")),
        unread=_paths(machine, ("unread",)),
        looked_for=tuple(machine.looked_for),
        problem=problem,
        unsure=machine.unsure,
    )


def _view(
    machine: Machine, happened: list[Happening], number: int, shared: tuple[Condition, ...] | None = None
) -> View:
    """Return what happened, as the application of a number sees it."""
    reference = _reference(happened, number)
    known = (reference.moment.conditions if reference else ()) if shared is None else shared
    seen = [each for each in happened if not exclude(each.moment.conditions, known)]
    seen.sort(key=lambda each: each.moment.order)
    needs = {id(each): _needs(each, known, found=reference is not None) for each in seen}
    _settle(machine, seen, needs, reference)
    limit = reference.moment.order if reference else inf
    return View(number, limit, known, seen, needs)


def _served(value: Value) -> list[int]:
    """Return the numbers of what is served while the documented switch is not set, the earliest first."""
    made = [each for each in applications(value) if each.kind != "queue"]
    usual = [each for each in made if all(one.usual is not False for one in each.made.conditions)]
    return sorted({each.number for each in usual or made})


def _reference(happenings: list[Happening], number: int) -> Happening | None:
    """Return what everything else is compared with: the application that is served, or the serving."""
    for kind in ("app", "serve"):
        found = [
            each
            for each in happenings
            if each.kind == kind and (kind == "serve" or (number and each.subject == number))
        ]
        if found:
            return min(found, key=lambda each: len(each.moment.conditions)) if kind == "app" else found[0]
    return None


def _needs(happening: Happening, known: tuple[Condition, ...], *, found: bool) -> tuple[Condition, ...]:
    needs = relative(happening.moment.conditions, known)
    return needs if found else tuple(each for each in needs if not each.soft)


def _settle(
    machine: Machine,
    seen: list[Happening],
    needs: dict[int, tuple[Condition, ...]],
    reference: Happening | None,
) -> None:
    """Where the bootstrap is called in every arm of a fork, the last of the calls stands for all of them."""
    limit = reference.moment.order if reference else None
    for kind in ("init", "lifespan", "fork"):
        some = [
            each
            for each in seen
            if each.kind == kind and (limit is None or each.moment.order < limit or kind != "init")
        ]
        if (
            some
            and all(needs[id(each)] for each in some)
            and sure((needs[id(each)] for each in some), machine.dead)
        ):
            needs[id(some[-1])] = ()


def _paths(machine: Machine, states: tuple[str, ...]) -> tuple[Path, ...]:
    found = [each.path for each in machine.modules.values() if each.state in states and each.path]
    return tuple(dict.fromkeys(found))


def _event(happening: Happening, needs: tuple[Condition, ...], start: Spot) -> Event:
    moment = happening.moment
    return Event(
        kind=happening.kind,
        order=moment.order,
        spot=_spot(moment.module, moment.node, start),
        text=_text(happening),
        symbol=moment.symbol,
        condition=shown(needs),
        chain=tuple(Step(_spot(module, node, start), text) for module, node, text in moment.chain),
        subject=happening.subject,
    )


def _spot(module: Module, node: ast.AST, start: Spot) -> Spot:
    if module.path is None:
        return start
    return Spot(module.path, getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1)


def _text(happening: Happening) -> str:
    if happening.kind == "dynamic" or happening.moment.module.path is None:
        return happening.note
    try:
        text = " ".join(ast.unparse(happening.moment.node).split())
    except (ValueError, RecursionError):
        text = happening.note
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
