"""Fixes of how a service starts: calls that are put in, moved or taken out."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.edits import added_import, removed_statement, source, span
from ameide_telemetry.lint.model import Edit, Fix
from ameide_telemetry.lint.source import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Spot

__all__ = ["hooked", "moved", "started", "unwrapped"]

_OURS: Final = "ameide_telemetry."
_HOOKS: Final = ("logger_class", "post_fork", "worker_exit")
_Bodies = list[list[ast.stmt]]


def started(judged: Judged, scene: Scene) -> Fix | None:
    """Return the fix that calls the bootstrap in the first lines of what is started."""
    path = judged.entrypoint.target.path
    file = scene.sources.get(path) if path else None
    module, _, name = scene.bootstrap[0].rpartition(".")
    if not isinstance(file, Parsed) or not module:
        return None
    argument = f'"{judged.entrypoint.service}"' if module.startswith(_OURS.rstrip(".")) else ""
    # One edit, so that nothing comes between the two lines.
    top = added_import(file, f"from {module} import {name}\n\n{name}({argument})\n")
    return Fix((top,), safe=False, title="call the bootstrap first") if top else None


def moved(judged: Judged, scene: Scene, made: Spot | None) -> Fix | None:
    """Return the fix that moves the call above the application, where both stand in one body.

    Args:
        judged: the entrypoint.
        scene: the tree.
        made: where the application is made.
    """
    event = judged.verdict.event
    file = scene.sources.get(event.spot.path) if event and event.spot.path.suffix == ".py" else None
    if event is None or made is None or made.path != event.spot.path or not isinstance(file, Parsed):
        return None
    for body in _bodies(file.tree):
        first, last = _at(body, made.line), _at(body, event.spot.line)
        if first is not None and last is not None and first < last:
            return _above(file, body, first, last)
    return None


def hooked(spot: Spot, line: str, scene: Scene) -> Fix | None:
    """Return the fix that puts our hooks into a config file of gunicorn; None if it has some of its own."""
    file = scene.sources.get(spot.path)
    if not isinstance(file, Parsed) or any(re.search(rf"\b{name}\b", file.text) for name in _HOOKS):
        return None
    edit = added_import(file, f"{line}  # noqa: F401")
    return Fix((edit,), safe=True, title="call our hooks in each worker") if edit else None


def unwrapped(spot: Spot, wrapper: str) -> Fix | None:
    """Return the fix that takes a program out of the command that it stands in front of."""
    try:
        text = spot.path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    rows = text.splitlines(keepends=True)
    if not 0 < spot.line <= len(rows):
        return None
    begin = sum(map(len, rows[: spot.line - 1]))
    # In a list of words it goes with its quotes and comma.
    pattern = rf'"{re.escape(wrapper)}"\s*,\s*|(?<![\w"/.-]){re.escape(wrapper)}[ \t]+(?!-)'
    found = re.search(pattern, rows[spot.line - 1])
    if found is None:
        return None
    edit = Edit(spot.path, begin + found.start(), begin + found.end(), "")
    return Fix((edit,), safe=True, title=f"take `{wrapper}` out of the command")


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.body


def _at(body: Sequence[ast.stmt], line: int) -> int | None:
    for number, each in enumerate(body):
        if each.lineno <= line <= (each.end_lineno or each.lineno):
            return number
    return None


def _above(file: Parsed, body: list[ast.stmt], first: int, last: int) -> Fix | None:
    call = body[last]
    needed = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
    between = {name for each in body[first:last] for name in _bound(each)}
    if not isinstance(call, ast.Expr | ast.Assign) or needed & between:
        return None
    gone = removed_statement(file, call)
    if gone is None:
        return None
    at = span(file, body[first])[0] - body[first].col_offset
    text = f"{' ' * body[first].col_offset}{source(file, call)}\n"
    return Fix((Edit(file.path, at, at, text), gone), safe=False, title="move the call above the application")


def _bound(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
