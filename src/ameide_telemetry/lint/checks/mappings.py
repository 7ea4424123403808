"""Entries of a mapping, in whichever way a file puts it together."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.scopes import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Bind, Call

__all__ = ["Entry", "entries", "keywords"]

_DEEPEST: Final = 8


class Entry(NamedTuple):
    """One entry.

    Attributes:
        node: where its key is written.
        key: its key; empty where that is not known.
        value: its value.
    """

    node: ast.expr | ast.keyword
    key: str
    value: ast.expr


def entries(node: ast.AST | None, names: Names, call: Call, depth: int = 0) -> Iterator[Entry]:
    """Yield the entries that a mapping has where a call stands, as far as the file tells.

    Args:
        node: the mapping: written out, made by `dict`, joined of others, or a name that was given one.
        names: of the file.
        call: where it is used.
        depth: how many mappings around it were opened.
    """
    if depth > _DEEPEST:
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from entries(value, names, call, depth + 1)
            else:
                yield Entry(key, names.text(key, call) or "", value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        for side in (node.left, node.right):
            yield from entries(side, names, call, depth + 1)
    elif isinstance(node, ast.Call) and "builtins.dict" in names.named(node.func, call):
        for each in node.args[:1]:
            yield from entries(each, names, call, depth + 1)
        yield from keywords(node, names, call, depth + 1)
    elif isinstance(node, ast.Name):
        yield from _of_name(node, names, call, depth)


def keywords(node: ast.Call, names: Names, call: Call, depth: int = 0) -> Iterator[Entry]:
    """Yield the keywords of a call, with those that `**` brings."""
    for each in node.keywords:
        if each.arg is None:
            yield from entries(each.value, names, call, depth + 1)
        else:
            yield Entry(each, each.arg, each.value)


def _of_name(node: ast.Name, names: Names, call: Call, depth: int) -> Iterator[Entry]:
    binds = names.bound(node.id, call)
    if len(binds) != 1 or binds[0].how != "value":
        return
    bind = binds[0]
    if not isinstance(bind.node, ast.Name):
        yield from entries(bind.node, names, call, depth + 1)
    if bind.scope is call.scope and isinstance(bind.node, ast.Dict | ast.Call):
        yield from _added(node.id, bind, names, call)


def _added(name: str, bind: Bind, names: Names, call: Call) -> Iterator[Entry]:
    """Yield the entries that are put into a mapping between the place where it is made and a call."""
    last = place(call.node.lineno, call.node.col_offset)
    for each in ast.walk(bind.scope.node):
        if not isinstance(each, ast.Assign) or not bind.at <= place(each.lineno, each.col_offset) < last:
            continue
        for target in each.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                key = names.text(target.slice, call) if target.value.id == name else None
                if key:
                    yield Entry(target.slice, key, each.value)
