"""Tasks: short names that project managers have for command lines."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.projects import table_of
from ameide_telemetry.lint.targets.wrappers import HATCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ameide_telemetry.lint.targets.call import Call

__all__ = ["line_of"]

_TABLES: Final = (
    ("pdm", "scripts"),
    ("rye", "scripts"),
    ("pixi", "tasks"),
    ("poe", "tasks"),
    ("taskipy", "tasks"),
)
_RUNNERS: Final = frozenset({"poe", "task"})
_MANAGERS: Final = frozenset({"pdm", "rye", "hatch", "pixi", "pipenv"})
_LINES: Final = ("cmd", "shell", "chain", "composite", "sequence")
_CALLS: Final = ("call", "script")
_FUNCTION: Final = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")


def line_of(call: Call) -> str:
    """Return the command line that a program's name stands for; empty if it is no task."""
    name, args = call.program, list(call.args)
    if name in _RUNNERS and args:
        name, args = args[0], args[1:]
    elif _MANAGERS.isdisjoint(call.wrappers):
        return ""
    for table in _tables(call):
        line = _line(table.get(name))
        if line:
            return " ".join([line, *(shlex.quote(each) for each in args)])
    return ""


def _tables(call: Call) -> Iterator[Mapping[str, object]]:
    projects = call.sight.projects
    for folder in dict.fromkeys((call.cwd, call.folder)):
        for keys in _TABLES:
            yield table_of(projects.at(folder).tool, *keys)
        if "hatch" in call.wrappers:
            for name in (call.environment.get(HATCH) or "default", "default"):
                yield table_of(projects.at(folder).tool, "hatch", "envs", name, "scripts")
        yield table_of(projects.pipfile(folder), "scripts")


def _line(task: object) -> str:
    if isinstance(task, dict):
        named = _FUNCTION.match(next((str(task[key]) for key in _CALLS if key in task), ""))
        if named:
            return f'python -c "from {named[1]} import {named[2]}; {named[2]}()"'
        task = next((task[key] for key in _LINES if key in task), "")
    if isinstance(task, list):
        return " && ".join(each for each in task if isinstance(each, str))
    return task if isinstance(task, str) else ""
