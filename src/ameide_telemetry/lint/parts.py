"""Parts of what is written out in a file: entries of tables and lists, types in quotes, defaults."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.scopes import Scope

__all__ = ["defaulted", "defaults", "looped", "picked", "unquoted"]

# A table of more is data.
_LARGEST: Final = 24


def picked(container: ast.AST, key: ast.AST) -> list[ast.expr]:
    """Return what a table or list may give for a key: all it has where the key is not known."""
    if isinstance(container, ast.Dict) and len(container.keys) <= _LARGEST:
        if not isinstance(key, ast.Constant):
            return container.values
        pairs = zip(container.keys, container.values, strict=True)
        return [value for each, value in pairs if isinstance(each, ast.Constant) and each.value == key.value]
    if not isinstance(container, ast.Tuple | ast.List) or len(container.elts) > _LARGEST:
        return []
    if any(isinstance(each, ast.Starred) for each in container.elts) or isinstance(key, ast.Slice):
        return []
    number = _number(key)
    if number is None:
        return container.elts
    return [container.elts[number]] if -len(container.elts) <= number < len(container.elts) else []


def _number(key: ast.AST) -> int | None:
    if (
        isinstance(key, ast.UnaryOp)
        and isinstance(key.op, ast.USub)
        and isinstance(key.operand, ast.Constant)
    ):
        value = key.operand.value
        return -value if isinstance(value, int) else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, int) else None


def looped(container: ast.AST, method: str, part: str) -> list[ast.expr]:
    """Return what a target of a loop gets, round by round.

    Args:
        container: what is looped over.
        method: of it that is called, such as `values`; empty for none.
        part: number of the part that the target takes; empty for the whole.
    """
    found: list[ast.expr] = []
    if isinstance(container, ast.Dict):
        if method == "values" and not part:
            found = container.values
        elif method == "items" and part == "1":
            return container.values[:_LARGEST]
    elif isinstance(container, ast.Tuple | ast.List | ast.Set) and not method:
        found = container.elts
    if not part:
        return found[:_LARGEST]
    number = int(part)
    return [
        each.elts[number]
        for each in found[:_LARGEST]
        if isinstance(each, ast.Tuple | ast.List) and len(each.elts) > number
    ]


def unquoted(node: ast.Constant) -> ast.expr | None:
    """Return the type that stands in quotes, at the place of the quotes; None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quoted = ast.parse(str(node.value).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for each in ast.walk(quoted):
        ast.copy_location(each, node)
    return quoted


def defaulted(node: ast.expr, scope: Scope) -> ast.expr:
    """Return what a parameter of a function is where nobody gives it; anything else as it is."""
    function = scope.node
    if not isinstance(node, ast.Name) or len(scope.bound.get(node.id, ())) != 1:
        return node
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return node
    return next((default for name, default in defaults(function.args) if name == node.id), node)


def defaults(given: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters that have a default, with it."""
    if given.defaults:
        placed = [*given.posonlyargs, *given.args]
        for each, default in zip(reversed(placed), reversed(given.defaults), strict=False):
            yield each.arg, default
    for each, other in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if other is not None:
            yield each.arg, other
