"""Which bindings a name has at a place of a file, and which literal text an expression is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.scopes import place

if TYPE_CHECKING:
    from ameide_telemetry.lint.layout import Layout
    from ameide_telemetry.lint.scopes import Bind, Scope

__all__ = ["DEEPEST", "Reaching"]

DEEPEST: Final = 24
"""So many steps from one expression to the next are taken."""
_STEPS: Final = 6


class Reaching:
    """Follows names to what they were given.

    Attributes:
        layout: scopes and bindings of the file.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def _given(self, node: ast.AST, scope: Scope, block: int) -> tuple[ast.AST, Scope, int]:
        """Return the expression that a name was given, if there is just one, with where it stands."""
        for _ in range(_STEPS):
            if not isinstance(node, ast.Name):
                break
            binds = self._reaching(node.id, scope, block, place(node.lineno, node.col_offset))
            if binds is None or len(binds) != 1 or binds[0].how != "value" or binds[0].node is None:
                break
            node, scope, block = binds[0].node, binds[0].scope, max(binds[0].block, 0)
        return node, scope, block

    def _text(self, node: ast.AST | None, scope: Scope, block: int, depth: int) -> tuple[bool, str]:
        """Return whether the whole string is known, and what is known of its beginning."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str), node.value if isinstance(node.value, str) else ""
        if depth > DEEPEST:
            return False, ""
        if isinstance(node, ast.Name):
            binds = self._reaching(node.id, scope, block, place(node.lineno, node.col_offset))
            if binds is None or len(binds) != 1 or binds[0].how != "value":
                return False, ""
            return self._text(binds[0].node, binds[0].scope, max(binds[0].block, 0), depth + 1)
        parts: list[ast.expr] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [node.left, node.right]
        elif isinstance(node, ast.JoinedStr):
            parts = [each.value if isinstance(each, ast.FormattedValue) else each for each in node.values]
        text = ""
        for part in parts:
            whole, more = self._text(part, scope, block, depth + 1)
            text += more
            if not whole:
                return False, text
        return bool(parts), text

    def _reaching(self, name: str, scope: Scope | None, block: int, at: int) -> list[Bind] | None:
        """Return the bindings that a name may have at a place; None if the file binds it nowhere."""
        own = True
        while scope is not None:
            if scope.kind != "class" or own:
                outer = scope.outer.get(name) if scope.outer else None
                if outer is not None:
                    scope, own = outer, False
                binds = scope.bound.get(name)
                if binds:
                    found = self._before(binds, block, at) if own else self._surviving(binds, scope)
                    if found or scope.kind == "function":
                        return found or binds
            own = own and scope.kind == "comprehension"
            scope = scope.parent
        return None

    def _before(self, binds: list[Bind], block: int, at: int) -> list[Bind]:
        found: list[Bind] = []
        for bind in _last_first(binds):
            # What a function gives to a global name holds at no known moment.
            if bind.at <= at or bind.block < 0:
                found.append(bind)
                if self._around(bind.block, block):
                    break
        return found

    def _surviving(self, binds: list[Bind], scope: Scope) -> list[Bind]:
        found: list[Bind] = []
        for bind in _last_first(binds):
            found.append(bind)
            if bind.block == scope.block:
                break
        return found

    def _around(self, outer: int, block: int) -> bool:
        blocks = self.layout.blocks
        while block >= 0:
            if block == outer:
                return True
            block = blocks[block]
        return False


def _last_first(binds: list[Bind]) -> list[Bind]:
    return binds if len(binds) == 1 else sorted(binds, key=lambda bind: bind.at, reverse=True)
