"""Comparisons: what they ask for in order, and what comes of them where that is known."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.hooks import special
from ameide_telemetry.lint.walk.switches import compared, is_read
from ameide_telemetry.lint.walk.values import UNKNOWN, Constant, Function, Setting, Value, applications

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["compare"]


def compare(machine: Machine, node: ast.Compare, scope: Scope) -> Value:
    """Evaluate `a < b < c`: what follows the second operand is asked for only if the first two agree."""
    values = [machine.evaluate(machine, each, scope) for each in (node.left, node.comparators[0])]
    with machine.under():
        for each in node.comparators[1:]:
            text = f"all of `{ast.unparse(node)}` is asked for"
            machine.conditions.append(Condition(machine.number(), 1, 0, text))
            values.append(machine.evaluate(machine, each, scope))
    if isinstance(node.ops[0], (ast.In, ast.NotIn)):
        special(machine, values[1], "__contains__", node, scope)
    if any(isinstance(value, Setting) for value in values) or is_read(values):
        return compared(node, values)
    if len(values) != 2 or not all(isinstance(value, Constant) for value in values):  # noqa: PLR2004
        return _is_none(node, values)
    left, right = (value.value for value in values if isinstance(value, Constant))
    if isinstance(node.ops[0], (ast.Is, ast.IsNot)) and type(left) is not type(right):
        return Constant(isinstance(node.ops[0], ast.IsNot))
    if isinstance(node.ops[0], (ast.Eq, ast.Is)):
        return Constant(left == right)
    return Constant(left != right) if isinstance(node.ops[0], (ast.NotEq, ast.IsNot)) else UNKNOWN


def _is_none(node: ast.Compare, values: Sequence[Value]) -> Value:
    """Something that the tree defines is not None."""
    left, right = values[0], values[-1]
    known = isinstance(left, Function) or any(True for _ in applications(left))
    if len(node.ops) == 1 and known and isinstance(right, Constant) and right.value is None:
        if isinstance(node.ops[0], ast.Is):
            return Constant(value=False)
        if isinstance(node.ops[0], ast.IsNot):
            return Constant(value=True)
    return UNKNOWN
