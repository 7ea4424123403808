"""Serving: what is handed to a server, and what the start-up of it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.forking import standalone
from ameide_telemetry.lint.walk.loading import dynamic, load_path
from ameide_telemetry.lint.walk.processes import FORKING, leave_behind
from ameide_telemetry.lint.walk.queues import begin_program
from ameide_telemetry.lint.walk.tables import key
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Constant,
    Instance,
    Member,
    Value,
    applications,
    join,
    texts,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["run_later", "serve"]

_DEEPEST: Final = 4


def serve(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """Serve what the call is given, or what it belongs to."""
    base = called.base if isinstance(called, Member) else None
    candidates = [value for value in (base, *given.all()) if value is not None]
    paths = list(_paths(base, given))
    loaded = standalone(machine, base, node, scope)
    if loaded is None and key(dotted(called)) in FORKING:
        machine.record("forks", node, scope)
    # An object cannot be handed to another process.
    is_named = bool(paths) or not served_number(join(candidates))
    elsewhere = is_named and leave_behind(machine, dotted(called), given)
    named = [
        load_path(machine, text, node, scope) if not factory else _made(machine, text, node, scope)
        for text, factory in paths
    ]
    if loaded is not None and loaded is not UNKNOWN:
        named, candidates = [loaded], []
    found = join([*named, *candidates]) if named or candidates else UNKNOWN
    subject = served_number(found)
    if elsewhere and not paths:
        dynamic(machine, node, scope, "what the server is told to serve")
    if found is not UNKNOWN:
        machine.served.append(found)
    begin_program(machine, called, given, node, scope)
    run_later(machine, node, scope, subject)
    machine.record("serve", node, scope, subject=subject)
    return UNKNOWN


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
        for text in _kept(value):
            yield text, False
        if isinstance(value, Instance) and value.arguments and depth < _DEEPEST:
            yield from _paths(None, value.arguments, depth + 1)
    if isinstance(base, Instance) and base.arguments and depth < _DEEPEST:
        yield from _paths(base.base, base.arguments, depth + 1)


def _kept(value: Value) -> list[str]:
    """Return the path that is kept in an attribute of a configuration."""
    kept = texts(value.names.get("application_path")) if isinstance(value, Instance) else None
    return [text for text in kept or () if _is_path(text)]


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
