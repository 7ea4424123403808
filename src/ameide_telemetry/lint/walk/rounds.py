"""Rounds of a loop: its body is gone through once, and what a later round may change is not known."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.flows import BREAK, RETURN, joined, run_arm
from ameide_telemetry.lint.walk.values import UNKNOWN, Constant, join, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["again", "mentioned", "second"]

_MOST_LOOPS: Final = 2


def mentioned(node: ast.While) -> bool:
    """Return whether the body of a loop has to do with anything that its test asks for."""
    asked = {each.id for each in ast.walk(node.test) if isinstance(each, ast.Name)}
    called = any(isinstance(each, ast.Call) for each in ast.walk(node.test))
    return called or any(
        isinstance(each, ast.Name) and each.id in asked for body in node.body for each in ast.walk(body)
    )


def again(node: ast.While | ast.For | ast.AsyncFor, names: dict[str, Value]) -> dict[str, Value]:
    """Return the names after a loop whose body ran once, if it may run once more.

    A round may give a name what another name got in the round before it: such a constant is not known.
    """
    found = dict(names)
    for name, value in _bound(node):
        old = found.get(name)
        if old is not None and any(_plain(each) for each in options(old)):
            new = Constant(value.value) if isinstance(value, ast.Constant) else UNKNOWN
            found[name] = join([old, new])
    return found


def second(
    machine: Machine,
    node: ast.While | ast.For | ast.AsyncFor,
    scope: Scope,
    known: int,
    state: tuple[int, int],
) -> int:
    """Go round once more, where the next round may decide otherwise, or bind what this one left.

    Args:
        machine: the walk.
        node: the loop.
        scope: in which it stands.
        known: how many things had happened before the first round.
        state: how many conditions had been decided before it, and how many things changed.

    Returns:
        How the loop may be left besides.
    """
    if state == (machine.decided, machine.writes) or machine.loops >= _MOST_LOOPS:
        return 0
    seen = {(each.kind, each.moment.node) for each in machine.happenings[known:]}
    before, start = scope.names, len(machine.happenings)
    machine.loops += 1
    text = f"the loop in line {node.lineno} goes round again"
    flow, names = run_arm(machine, node.body, scope, before, Condition(machine.number(), 1, 0, text))
    machine.loops -= 1
    for each in machine.happenings[start:]:
        each.dropped |= (each.kind, each.moment.node) in seen
    scope.names = joined([names, before])
    return flow & (BREAK | RETURN)


def _plain(value: Value) -> bool:
    return isinstance(value, Constant) and value.value is not None


def _bound(node: ast.While | ast.For | ast.AsyncFor) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that the body binds, each with what stands on the right if that is all of it."""
    seen: set[ast.Name] = set()
    for each in (inner for statement in node.body for inner in ast.walk(statement)):
        if isinstance(each, ast.Assign):
            plain = [target for target in each.targets if isinstance(target, ast.Name)]
            seen |= set(plain)
            for target in plain:
                yield target.id, each.value
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) and each not in seen:
            yield each.id, None
