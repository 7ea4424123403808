"""Values of which it is sure that they are numbers: how many tokens there were is no token."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.parts import defaulted

if TYPE_CHECKING:
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call

__all__ = ["is_count"]

_COUNTS: Final = frozenset(
    {"builtins.len", "builtins.int", "builtins.sum", "builtins.float", "builtins.round"}
)
_TYPES: Final = frozenset({"builtins.int()", "builtins.float()", "builtins.bool()"})
_METHODS: Final = frozenset({"count", "scalar_count"})


def is_count(node: ast.expr, names: Names, call: Call) -> bool:
    """Return whether a name was given a number, or is declared to be one, where a call stands."""
    if not isinstance(node, ast.Name):
        return False
    given = names.value(node, call)
    if given is node:
        given = defaulted(node, call.scope)
    if isinstance(given, ast.Constant):
        return isinstance(given.value, int | float)
    if isinstance(given, ast.Call):
        method = given.func.attr if isinstance(given.func, ast.Attribute) else ""
        return method in _METHODS or not _COUNTS.isdisjoint(names.named(given.func, call))
    if isinstance(given, ast.Attribute):
        return given.attr == "rowcount"
    return not _TYPES.isdisjoint(names.named(node, call))
