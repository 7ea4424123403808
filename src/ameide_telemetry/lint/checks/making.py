"""Problems of a source file, made in one way by all checks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ameide_telemetry.lint.model import Fix, Problem, Spot

if TYPE_CHECKING:
    from ameide_telemetry.lint.model import Edit
    from ameide_telemetry.lint.scopes import Scope
    from ameide_telemetry.lint.source import Parsed, Unreadable

__all__ = ["argument", "fixed", "problem", "unreadable"]


def problem(
    code: str,
    file: Parsed,
    node: ast.expr | ast.stmt | ast.alias | ast.keyword,
    message: str,
    hint: str,
    *,
    scope: Scope,
    fix: Fix | None = None,
) -> Problem:
    """Return the problem that a check has with a node."""
    row = file.lines[node.lineno - 1] if node.lineno <= len(file.lines) else ""
    column = (
        node.col_offset if row.isascii() else len(row.encode()[: node.col_offset].decode(errors="ignore"))
    )
    spot = Spot(file.path, node.lineno, column + 1)
    return Problem(code, message, spot, hint, scope.name, file.line(node.lineno), fix=fix)


def fixed(title: str, *edits: Edit | None, safe: bool = False) -> Fix | None:
    """Return the fix that makes these edits; None if the first one, which cures, cannot be made."""
    if not edits or edits[0] is None:
        return None
    return Fix(tuple(each for each in edits if each is not None), safe, title)


def argument(node: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """Return an argument of a call, by its name or its place; None where it is not given, or among others."""
    if position is not None and len(node.args) > position:
        placed = node.args[: position + 1]
        return None if any(isinstance(each, ast.Starred) for each in placed) else placed[-1]
    return next((each.value for each in node.keywords if each.arg == name), None)


def unreadable(found: Unreadable) -> Problem:
    """Return the problem that a file on the way of an entrypoint cannot be read."""
    return Problem(
        "TEL001",
        f"the file cannot be read as Python: {found.reason}",
        Spot(found.path, found.line, found.column),
        "correct it, or run the lint with the newest Python that the service runs on",
    )
