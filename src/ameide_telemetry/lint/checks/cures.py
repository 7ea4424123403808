"""Fixes of how a service starts: calls that are put in, moved or taken out."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.edits import added_import, first_line, line_end, line_start, lines_of, offset, span
from ameide_telemetry.lint.model import Edit, Fix
from ameide_telemetry.lint.naming import literal
from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.wording import cuts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Judged, Spot
    from ameide_telemetry.lint.wording import Cut

__all__ = ["hooked", "moved", "started", "unwrapped"]

_OURS: Final = "ameide_telemetry."
# What has to follow such a program goes with it.
_VERBS: Final = {"newrelic-admin": ("run-program",), "logfire": ("run",)}
# Who writes so many into one command means something else.
_MOST: Final = 16
_HOOKS: Final = ("logger_class", "post_fork", "worker_exit")
_Bodies = list[list[ast.stmt]]


def started(judged: Judged, scene: Scene) -> Fix | None:
    """Return the fix that calls the bootstrap in the first lines of what is started."""
    path = judged.entrypoint.target.path
    file = scene.sources.get(path) if path else None
    module, _, name = scene.bootstrap[0].rpartition(".")
    if not isinstance(file, Parsed) or not module:
        return None
    argument = literal(judged.entrypoint.service) if module.startswith(_OURS.rstrip(".")) else ""
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
    """Return the fix that takes a program out of the command that it stands in front of.

    Returns:
        None unless what is started then is the same but for it, and it is clear which of several is meant.
    """
    try:
        text = contents(spot.path).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    at = _line_begins(text, spot.line)
    if at is None or spot.path.suffix == ".py":
        return None
    verbs = _VERBS.get(wrapper, ())
    some = list(islice(cuts(text, at, wrapper, verbs), _MOST))
    found = {(each.begin, each.end) for each in some if _only_takes(each, wrapper)}
    if len(found) != 1 or len(some) == _MOST:
        return None
    begin, end = found.pop()
    if spot.path.suffix == ".service" and text[end] != "/":
        # systemd looks for a program in folders of its own.
        return None
    return Fix((Edit(spot.path, begin, end, ""),), safe=True, title=f"take `{wrapper}` out of the command")


def _line_begins(text: str, line: int) -> int | None:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
        if not at:
            return None
    return at if line > 0 else None


def _only_takes(cut: Cut, wrapper: str) -> bool:
    # Who looks at nothing new does not need it.
    from ameide_telemetry.lint.targets.wrappers import stripped  # noqa: PLC0415

    before, after = stripped(cut.before, {}), stripped(cut.after, {})
    old, new = (
        [each for each in some if each not in others] for some, others in ((before, after), (after, before))
    )
    if len(before) != len(after) or len(old) != 1 or len(new) != 1 or wrapper not in old[0].wrappers:
        return False
    less = list(old[0].wrappers)
    less.remove(wrapper)
    return bool(old[0].words) and replace(old[0], wrappers=tuple(less)) == new[0]


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
    call, limits = body[last], lines_of(file, body[last])
    if not isinstance(call, ast.Expr | ast.Assign) or _depends(call, body[first:last]) or limits is None:
        return None
    at = line_start(file, span(file, body[first])[0])
    if at is None:
        return None
    start, _, _, stop = limits
    at = _above_comments(file, min(at, offset(file, first_line(body[first]), 0)))
    put = Edit(file.path, at, at, f"{file.text[start:stop]}\n")
    gone = Edit(file.path, start, line_end(file, stop), "")
    return Fix((put, gone), safe=False, title="move the call above the application")


def _above_comments(file: Parsed, at: int) -> int:
    """Return the place above the comments that stand directly above a line, and are about it."""
    text, place = file.text, at
    while place:
        end = place - (2 if text.endswith("\r\n", 0, place) else 1)
        start = max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1
        if not text[start:end].lstrip().startswith("#"):
            return place
        place = start
    # What a file begins with is about the file.
    return at


def _depends(call: ast.stmt, between: list[ast.stmt]) -> bool:
    """Return whether a call needs what is bound above it, or binds what is used there."""
    names = [each for each in ast.walk(call) if isinstance(each, ast.Name)]
    bound = {name for each in between for name in _bound(each)}
    used = {each.id for one in between for each in ast.walk(one) if isinstance(each, ast.Name)}
    stored = {each.id for each in names if isinstance(each.ctx, ast.Store)}
    return bool({"*", *(each.id for each in names)} & bound or stored & used)


def _bound(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
