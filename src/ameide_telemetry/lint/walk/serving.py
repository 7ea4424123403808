"""Serving: what is handed to a server, and what the start-up of it calls."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.loading import load_path
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Constant,
    Instance,
    Value,
    applications,
    join,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.walk.machine import Happening, Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["run_later", "serve"]

_DEEPEST: Final = 4


def serve(machine: Machine, base: Value | None, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """Serve what the call is given, or what it belongs to."""
    candidates = [value for value in (base, *given.all()) if value is not None]
    paths = list(_paths(base, given))
    if paths:
        _leave_guarded(machine, given)
    named = [
        load_path(machine, text, node, scope) if not factory else _made(machine, text, node, scope)
        for text, factory in paths
    ]
    found = join([*named, *candidates]) if named or candidates else UNKNOWN
    subject = served_number(found)
    if found is not UNKNOWN:
        machine.served.append(found)
    run_later(machine, node, scope, subject)
    machine.record("serve", node, scope, subject=subject)
    return UNKNOWN


def _leave_guarded(machine: Machine, given: Arguments) -> None:
    """Where new processes serve, what stands below `if __name__ == "__main__"` does not run in them."""
    others = [_more_than_one(given.names.get("workers")), _more_than_one(given.names.get("reload"))]
    if True not in others and None not in others:
        return
    alone = Condition(machine.number(), 0, 0, "no other process serves")
    for each in machine.happenings:
        if each.kind == "init" and _is_guarded(each):
            each.dropped |= True in others
            each.moment = replace(each.moment, conditions=(*each.moment.conditions, alone))


def _more_than_one(value: Value | None) -> bool | None:
    if value is None:
        return False
    if not isinstance(value, Constant):
        return None
    return value.value is True or (isinstance(value.value, int) and value.value > 1)


def _is_guarded(happening: Happening) -> bool:
    moment = happening.moment
    way = [(module, node) for module, node, _ in moment.chain] + [(moment.module, moment.node)]
    for module, node in way:
        if module.main and module.source:
            return any(
                isinstance(each, ast.If)
                and "__name__" in ast.unparse(each.test)
                and each.lineno <= getattr(node, "lineno", 0) <= (each.end_lineno or 0)
                for each in module.source.tree.body
            )
    return False


def _made(machine: Machine, text: str, node: ast.AST, scope: Scope) -> Value:
    value = load_path(machine, text, node, scope)
    return machine.call(machine, value, Arguments(), node, scope)


def served_number(value: Value) -> int:
    """Return the number of the application that is served; the earliest of several; 0 for none."""
    return min((each.number for each in applications(value)), default=0)


def _paths(base: Value | None, given: Arguments, depth: int = 0) -> Iterator[tuple[str, bool]]:
    """Yield the texts like `package.module:attribute` that a server or its configuration is given."""
    for place, value in enumerate(given.all()):
        for text in texts(value) or ():
            if ":" in text and _is_path(text) and place < _DEEPEST:
                factory = given.names.get("factory")
                yield text, isinstance(factory, Constant) and bool(factory.value)
        if isinstance(value, Instance) and value.arguments and depth < _DEEPEST:
            yield from _paths(None, value.arguments, depth + 1)
    if isinstance(base, Instance) and base.arguments and depth < _DEEPEST:
        yield from _paths(base.base, base.arguments, depth + 1)


def _is_path(text: str) -> bool:
    module, _, last = text.partition(":")
    return all(part.isidentifier() for part in (*module.split("."), *last.split(".")))


def run_later(machine: Machine, node: ast.AST, scope: Scope, subject: int = 0) -> None:
    """Call what was registered for the start-up, of one application or of all, and for each child."""
    waiting = list(machine.later)
    machine.later = [each for each in waiting if subject and each.subject not in {0, subject}]
    for each in waiting:
        if each not in machine.later:
            before = len(machine.happenings)
            with machine.inside(each.kind):
                machine.run(each.value, each.arguments, node, scope)
            for happening in machine.happenings[before:]:
                if happening.kind == each.kind == "lifespan":
                    happening.subject = each.subject
