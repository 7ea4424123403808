"""`match`: the cases in order, what they bind, and which of them is taken where that is known."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ameide_telemetry.lint.walk.calls import NEXT
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.expressions import condition
from ameide_telemetry.lint.walk.flows import merge, run_arm
from ameide_telemetry.lint.walk.switches import matched
from ameide_telemetry.lint.walk.values import UNKNOWN, Constant, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["match"]


def match(machine: Machine, node: ast.Match, scope: Scope) -> int:
    """Execute `match`."""
    asked = machine.evaluate(machine, node.subject, scope)
    taken = matched(asked, node.cases)
    if taken is not None and isinstance(asked, Constant):
        return _known(machine, node, taken, asked, scope)
    before, fork, arms = scope.names, machine.number(), []
    whole = _is_open(node.cases[-1])
    count = len(node.cases) + (not whole)
    subject = ast.unparse(node.subject)
    for place, case in enumerate(node.cases):
        text = f"{subject} matches {ast.unparse(case.pattern)}"
        arm = Condition(fork, place, count, text, usual=None if taken is None else place == taken)
        start = {**before, **_bound(case.pattern, asked)}
        _ask(machine, case, scope, start, sure=place == 0 and _is_plain(case.pattern), text=text)
        arms.append((*run_arm(machine, case.body, scope, start, arm), arm))
    if not whole:
        last_way = None if taken is None else taken == len(node.cases)
        rest = Condition(fork, count - 1, count, f"{subject} matches nothing", usual=last_way)
        arms.append((NEXT, dict(before), rest))
    return merge(machine, scope, arms, f"{subject} matches one of the cases")


def _known(machine: Machine, node: ast.Match, taken: int, asked: Value, scope: Scope) -> int:
    machine.decided += 1
    if taken == len(node.cases):
        return NEXT
    case = node.cases[taken]
    scope.names = {**scope.names, **_bound(case.pattern, asked)}
    return machine.execute(machine, case.body, scope)


def _ask(
    machine: Machine, case: ast.match_case, scope: Scope, names: dict[str, Value], *, sure: bool, text: str
) -> None:
    """Evaluate the guard of a case: it is asked for if the pattern fits, and no case before it."""
    if case.guard is None:
        return
    scope.names = dict(names)
    arms = [] if sure else [Condition(machine.number(), 1, 0, text)]
    with machine.under(*arms):
        condition(machine, case.guard, scope)


def _is_open(case: ast.match_case) -> bool:
    return _is_plain(case.pattern) and case.guard is None


def _is_plain(pattern: ast.pattern) -> bool:
    """Return whether a pattern fits everything."""
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _bound(pattern: ast.pattern, asked: Value) -> dict[str, Value]:
    """Return what a pattern binds."""
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        return {pattern.name: asked} if pattern.name else {}
    return dict.fromkeys(_names(pattern), UNKNOWN)


def _names(pattern: ast.pattern) -> Iterator[str]:
    for each in ast.walk(pattern):
        name = each.rest if isinstance(each, ast.MatchMapping) else getattr(each, "name", None)
        if isinstance(each, (ast.MatchAs, ast.MatchStar, ast.MatchMapping)) and name:
            yield name
