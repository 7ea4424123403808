"""Loggers that a function of the file is handed: what they are is said where it is called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call

__all__ = ["handed"]


def handed(node: ast.AST, names: Names, call: Call) -> Iterator[tuple[ast.expr, Call]]:
    """Yield what the calls of a function give it for one of its parameters, each with the call.

    Args:
        node: the name of the parameter; anything else gives nothing.
        names: of the file.
        call: where the name stands.
    """
    function = call.scope.node
    if not isinstance(node, ast.Name) or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    placed = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if len(call.scope.bound.get(node.id, ())) != 1:
        return
    position = placed.index(node.id) if node.id in placed else None
    for each in names.layout.calls:
        if isinstance(each.node.func, ast.Name) and each.node.func.id == function.name:
            given = _argument(each.node, node.id, position)
            if given is not None and any(bind.node is function for bind in names.bound(function.name, each)):
                yield given, each


def _argument(call: ast.Call, name: str, position: int | None) -> ast.expr | None:
    if any(isinstance(each, ast.Starred) for each in call.args):
        return None
    if position is not None and position < len(call.args):
        return call.args[position]
    return next((each.value for each in call.keywords if each.arg == name), None)
