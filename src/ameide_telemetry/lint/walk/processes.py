"""Processes that a server starts anew: what of the program runs in them again, and what does not."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.tables import key
from ameide_telemetry.lint.walk.values import Constant, Instance, texts

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Happening, Machine
    from ameide_telemetry.lint.walk.values import Arguments, Value

__all__ = ["FORKING", "leave_behind", "leave_spawning", "note_method"]

FORKING: Final = frozenset({("gunicorn", "run"), ("granian", "serve")})
"""What serves in workers that fork off the process that calls it."""
# This one never serves in the process that calls it.
_ALWAYS: Final = frozenset({("hypercorn", "run")})
_BY_VARIABLE: Final = {("uvicorn", "run"): "WEB_CONCURRENCY"}
_START: Final = "<start>"
_METHOD: Final = "multiprocessing.set_start_method"
_ANEW: Final = frozenset({"forkserver", "spawn"})


def leave_behind(machine: Machine, server: str, given: Arguments) -> bool:
    """Take back what the program did for itself only, if others serve; return whether they do.

    A process that is started anew imports the program under another name: what stands below
    `if __name__ == "__main__"`, or in the function that a script calls, does not run in it.

    Args:
        machine: the walk.
        server: dotted name of what is called.
        given: what the call is given.
    """
    others = _others(machine, server, given)
    if True not in others and None not in others:
        return False
    alone = Condition(machine.number(), 0, 0, "no other process serves")
    for each in machine.happenings:
        if each.kind == "init" and _is_left(each):
            each.dropped |= True in others
            each.moment = replace(each.moment, conditions=(*each.moment.conditions, alone))
    return True in others


def note_method(machine: Machine, name: str, given: Arguments) -> None:
    """Keep how processes are started from now on."""
    if name == _METHOD and given.all():
        machine.replaced[_METHOD] = given.all()[0]


def leave_spawning(machine: Machine, process: Instance, before: int) -> None:
    """Take back what the program did for itself only, if a process serves that is started anew.

    Args:
        machine: the walk.
        process: that was started.
        before: how many things had happened then.
    """
    context = process.base
    given = context.arguments.all() if isinstance(context, Instance) and context.arguments else []
    method = given[0] if given else machine.replaced.get(_METHOD)
    if not _ANEW.intersection(texts(method) or ()):
        return
    if any(each.kind == "serve" for each in machine.happenings[before:]):
        for each in machine.happenings[:before]:
            each.dropped |= each.kind == "init" and _is_left(each)


def _others(machine: Machine, server: str, given: Arguments) -> set[bool | None]:
    """Return whether others serve, as far as anything says so."""
    workers = given.names.get("workers")
    said = _more_than_one(workers)
    variable = _BY_VARIABLE.get(key(server), "")
    if variable and (workers is None or (isinstance(workers, Constant) and workers.value is None)):
        said = _as_number(machine.environment.get(variable, "1"))
    return {key(server) in _ALWAYS, said, _more_than_one(given.names.get("reload"))}


def _as_number(text: str) -> bool | None:
    return int(text) > 1 if text.strip().isdecimal() else None


def _more_than_one(value: Value | None) -> bool | None:
    if value is None:
        return False
    if not isinstance(value, Constant):
        return None
    return value.value is True or (isinstance(value.value, int) and value.value > 1)


def _is_left(happening: Happening) -> bool:
    """Return whether something happens only in the process that was started by the command."""
    moment = happening.moment
    way = [(module, node) for module, node, _ in moment.chain] + [(moment.module, moment.node)]
    if moment.chain and moment.chain[0][0].name == _START and moment.chain[0][2].startswith("calls "):
        return True
    for module, node in way:
        if module.main and module.source:
            return any(
                isinstance(each, ast.If)
                and "__name__" in ast.unparse(each.test)
                and each.lineno <= getattr(node, "lineno", 0) <= (each.end_lineno or 0)
                for each in module.source.tree.body
            )
    return False
