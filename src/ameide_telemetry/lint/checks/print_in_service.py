"""TEL301: a service prints instead of logging."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.interpolated_event import parts_of, without_values
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.loggers import log_calls
from ameide_telemetry.lint.checks.making import argument, fixed, problem
from ameide_telemetry.lint.checks.places import Runs, is_command
from ameide_telemetry.lint.edits import replaced, source
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Fix, Problem
    from ameide_telemetry.lint.names import Names, Use
    from ameide_telemetry.lint.scopes import Scope
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK"]

_PRINTS: Final = ("builtins.print", "pprint.pprint", "rich.print", "pprint.pp")
_STREAMS: Final = frozenset({"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"})
# What prints to a person who started it.
_COMMAND_FILES: Final = frozenset({"cli.py", "manage.py", "__main__.py", "commands.py", "console.py"})
_COMMAND_FOLDERS: Final = frozenset({"cli", "commands", "console"})
_NAMED: Final = frozenset(each.rpartition(".")[2] for each in _STREAMS)
# What moves the cursor of a terminal, or colours.
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OF_DJANGO: Final = ("management", "commands")
_WRITES: Final = tuple(
    f"sys.{stream}.{method}"
    for stream in ("stdout", "stderr", "__stdout__", "__stderr__")
    for method in ("write", "writelines")
)
_COMMAND_FUNCTIONS: Final = frozenset({"main", "cli"})
_HINT: Final = 'log it: `get_logger("...").info("...")` of `ameide_telemetry`, with what varies as keywords'


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    if _is_for_people(file.path, scene):
        return
    names = names_of(file)
    runs = Runs(file, scene)
    written = (use for use in names.called(_WRITES) if _is_said(use, names))
    handed = (use for use in names.handed() if use.name in _PRINTS)
    found = sorted(
        (*names.called(_PRINTS), *written, *handed), key=lambda use: (use.node.lineno, use.node.col_offset)
    )
    for use in found:
        stream = argument(use.node, "file")
        elsewhere = stream is not None and not _STREAMS.intersection(names.named(stream, use.call))
        if (
            elsewhere
            or not runs(use.call.scope, use.call.block)
            or _is_main(use.call.scope)
            or is_command(use.call.scope)
        ):
            continue
        message = f"`{use.name.removeprefix('builtins.')}` writes a line without level, logger and ids"
        fix = _fix(file, use) if stream is None else None
        yield problem("TEL301", file, use.node, message, _HINT, scope=use.call.scope, fix=fix)


def _is_for_people(path: Path, scene: Scene) -> bool:
    """Return whether a file holds commands for people, by its name or its folder within the service."""
    if path.name in _COMMAND_FILES or path.parts[-3:-1] == _OF_DJANGO:
        return True
    if _COMMAND_FOLDERS.isdisjoint(path.parts):
        return False
    around = [each for each in scene.folders if path.is_relative_to(each)]
    folder = max(around, key=lambda each: len(each.parts), default=path.parent)
    inner = [each for each in path.relative_to(folder).parts[:-1] if each != "src"]
    # A service that is called `console` has a package of that name, which is all of it.
    if inner and inner[0] == folder.name.replace("-", "_"):
        inner = inner[1:]
    return not _COMMAND_FOLDERS.isdisjoint(inner[-2:])


def _is_said(use: Use, names: Names) -> bool:
    """Return whether words are written; anything else may be data that another program reads."""
    func = use.node.func
    stream = names.value(func.value, use.call) if isinstance(func, ast.Attribute) else None
    # Where a stream is one of several, the words may be meant for another.
    if not (isinstance(stream, ast.Name) or (isinstance(stream, ast.Attribute) and stream.attr in _NAMED)):
        return False
    given = use.node.args[0] if use.node.args else None
    texts = parts_of(given, names, use.call) if given is not None else ()
    words = (_CONTROL.sub("", each) for each in texts if isinstance(each, str))
    return any(char.isalpha() for each in words for char in each)


def _is_main(scope: Scope | None) -> bool:
    while scope is not None:
        if scope.kind == "function" and scope.name.rpartition(".")[2] in _COMMAND_FUNCTIONS:
            return True
        scope = scope.parent
    return False


def _fix(file: Parsed, use: Use) -> Fix | None:
    """Return the fix that logs the same words through the logger that the file has."""
    logger = next((each for each in log_calls(file) if _is_of_module(each.node, use)), None)
    if logger is None or len(use.node.args) != 1 or use.node.keywords or use.name != "builtins.print":
        return None
    func = logger.node.func
    if not isinstance(func, ast.Attribute) or logger.library not in {"logging", "structlog"}:
        return None
    # Another of the libraries may take no keywords, or put values in by itself.
    if not logger.keeps:
        return None
    parts = parts_of(use.node.args[0], names_of(file), use.call)
    text = without_values(file, parts, logger.library, ()) if parts else None
    if text is None:
        return None
    return fixed("log it", replaced(file, use.node, f"{source(file, func.value)}.info({text})"))


def _is_of_module(node: ast.Call, use: Use) -> bool:
    func = node.func
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    scope: Scope | None = use.call.scope
    while scope is not None and scope.parent is not None:
        if func.value.id in scope.bound:
            return False
        scope = scope.parent
    binds = scope.bound.get(func.value.id, []) if scope is not None else []
    return bool(binds) and all(each.at < (use.node.lineno << 20) for each in binds)


CHECK: Final = FileCheck(
    "TEL301", _look, (b"print", b"sys.std", b"sys.__std", b"sys import", b"sys as "), served_only=True
)
