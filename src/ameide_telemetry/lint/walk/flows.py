"""How statements may end, and what the arms of a fork leave behind."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.calls import NEXT
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.switches import chosen
from ameide_telemetry.lint.walk.values import UNKNOWN, Value, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["BREAK", "CONTINUE", "RAISE", "RETURN", "joined", "merge", "run_arm", "short"]

RETURN: Final = 2
RAISE: Final = 4
BREAK: Final = 8
CONTINUE: Final = 16


def run_arm(
    machine: Machine, body: Sequence[ast.stmt], scope: Scope, before: dict[str, Value], *under: Condition
) -> tuple[int, dict[str, Value]]:
    """Run one arm from the names that were there before; return how it ends and the names after it."""
    scope.names = dict(before)
    with machine.under(*under):
        flow = machine.execute(machine, body, scope)
    return flow, scope.names


def merge(
    machine: Machine, scope: Scope, arms: list[tuple[int, dict[str, Value], Condition]], text: ast.expr | str
) -> int:
    """Join what the arms of a fork leave behind, and put the rest under what it needs."""
    through = [arm for arm in arms if arm[0] & NEXT]
    left_behind = [names for _, names, _ in through or arms]
    scope.names = joined(left_behind)
    usual = next((names for _, names, arm in through if arm.usual), None)
    if usual and len(through) > 1:
        _choose(scope.names, usual, left_behind)
    if scope.kind == "module":
        scope.module.doubtful |= {
            name for name in scope.names if not all(name in each for each in left_behind)
        }
    flow = 0
    for arm, _, taken in arms:
        flow |= arm
        if arm == RAISE and not machine.guards:
            machine.dead.setdefault(taken.fork, set()).add(taken.arm)
    left = flow & (RETURN | BREAK | CONTINUE | (RAISE if machine.guarded else 0))
    if flow & NEXT and left:
        if len(through) == 1 and through[0][0] == NEXT:
            machine.conditions.append(through[0][2])
        else:
            machine.conditions.append(
                Condition(machine.number(), 0, 0, text, negated=True, usual=_goes_on(arms))
            )
    return flow


def _goes_on(arms: list[tuple[int, dict[str, Value], Condition]]) -> bool | None:
    """Return whether the next statement is reached in any case while the documented switch is not set."""
    return True if any(flow == NEXT and arm.usual for flow, _, arm in arms) else None


def _choose(names: dict[str, Value], taken: dict[str, Value], arms: list[dict[str, Value]]) -> None:
    """Note of what the documented switch decides which value a name has while that is not set."""
    for name, value in taken.items():
        values = [each.get(name, UNKNOWN) for each in arms]
        if any(each is not value for each in values):
            names[name] = chosen(value, values) or names[name]


def joined(names: list[dict[str, Value]]) -> dict[str, Value]:
    """Return the names after arms that each left some."""
    first, *others = names
    result = dict(first)
    for other in others:
        for name, value in other.items():
            known = result.get(name)
            if known is not value:
                result[name] = value if known is None else join([known, value])
    return result


def short(node: ast.expr) -> str:
    """Return the source of an expression, for people."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 60 else f"{text[:57]}..."  # noqa: PLR2004
