"""TEL305: a log call is given data about a person, a secret, or an object that is full of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.bound_fields import NEEDLES as BOUND_NEEDLES
from ameide_telemetry.lint.checks.bound_fields import bound_fields
from ameide_telemetry.lint.checks.interpolated_event import alternatives, parts_of
from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.loggers import NEEDLES, log_calls
from ameide_telemetry.lint.checks.making import argument, problem
from ameide_telemetry.lint.checks.mappings import entries
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.checks.private_values import told_of
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.checks.loggers import LogCall
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Names
    from ameide_telemetry.lint.scopes import Call
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK"]

_OPTIONS: Final = frozenset({"exc_info", "stack_info", "stacklevel", "extra", "event", "msg", "level"})
_PAIRS: Final = (("fname", "lname"), ("lname", "fname"))
_HINT: Final = "log an id of it instead, or leave it out"


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    given = [(each.call, list(_given(each, names))) for each in log_calls(file)]
    given += [(each.call, [(key, value) for _, key, value in each.fields]) for each in bound_fields(file)]
    for call, pairs in given:
        if not runs(call.scope, call.block):
            continue
        told: set[int] = set()
        for key, value in pairs:
            found = told_of(key, value, names, call)
            if found and value.lineno not in told and not _is_of_file(found, file):
                told.add(value.lineno)
                yield problem("TEL305", file, value, found, _HINT, scope=call.scope)


def _is_of_file(found: str, file: Parsed) -> bool:
    """Return whether what looks like a first name is the name of a file: nobody has the last one."""
    return any(found.startswith(f"`{one}`") and other not in file.text for one, other in _PAIRS)


def _given(call: LogCall, names: Names) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a log call is given, with the key that it is told under."""
    events = alternatives(call.event, names, call.call) if call.event is not None else []
    for part in (part for event in events for part in parts_of(event, names, call.call)):
        if isinstance(part, ast.expr):
            yield "", part.value if isinstance(part, ast.FormattedValue) else part
    for value in call.values:
        yield "", value
    fields = call.library != "logging"
    for each in call.node.keywords:
        if each.arg is None:
            yield from _extra(each.value, names, call.call)
        elif fields and each.arg not in _OPTIONS:
            yield each.arg, each.value
    extra = argument(call.node, "extra")
    if extra is not None:
        yield from _extra(extra, names, call.call)


def _extra(extra: ast.expr, names: Names, call: Call) -> Iterator[tuple[str, ast.expr]]:
    found = [(key, value) for _, key, value in entries(extra, names, call)]
    value = names.value(extra, call)
    if found or not isinstance(value, ast.expr):
        yield from found
    else:
        yield "", value


CHECK: Final = FileCheck("TEL305", _look, (*NEEDLES, *BOUND_NEEDLES), served_only=True)
