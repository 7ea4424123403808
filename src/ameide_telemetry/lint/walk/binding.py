"""What stands on the left of an assignment, and what `del` takes away."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ameide_telemetry.lint.walk.attributes import note_variable, set_attribute
from ameide_telemetry.lint.walk.values import UNKNOWN, Constant, External, Group, Table, Value, join, options

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["assign", "remove"]


def assign(machine: Machine, target: ast.expr, value: Value, scope: Scope) -> None:
    """Bind what stands on the left of an assignment."""
    if isinstance(target, ast.Name):
        _bind(machine, target.id, value, scope)
        if scope.kind == "module" and target.id not in scope.module.bound:
            scope.module.bound[target.id] = (machine.number(), target)
    elif isinstance(target, ast.Attribute):
        base = machine.evaluate(machine, target.value, scope)
        for option in options(base):
            if isinstance(option, External) and f"{option.name}.{target.attr}" in machine.bootstrap:
                _replace_bootstrap(machine, f"{option.name}.{target.attr}", target, scope)
            set_attribute(machine, option, target.attr, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        items = value.items if isinstance(value, Group) and len(value.items) == len(target.elts) else ()
        for place, each in enumerate(target.elts):
            assign(machine, each, items[place] if items else UNKNOWN, scope)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, UNKNOWN, scope)
    elif isinstance(target, ast.Subscript):
        _item(machine, target, value, scope)


def _replace_bootstrap(machine: Machine, name: str, node: ast.AST, scope: Scope) -> None:
    """Something else takes the place of the bootstrap: nobody knows what a call of it does from now on."""
    machine.bootstrap -= {name}
    machine.record("dynamic", node, scope, note=f"what takes the place of {name}")


def _bind(machine: Machine, name: str, value: Value, scope: Scope) -> None:
    home = scope.elsewhere.get(name)
    if home is None:
        scope.names[name] = value
        return
    base = machine.frames[-1].base if machine.frames else 0
    old = home.names.get(name)
    home.names[name] = join([old, value]) if old is not None and len(machine.conditions) > base else value


def _item(machine: Machine, target: ast.Subscript, value: Value, scope: Scope) -> None:
    base, index = (
        machine.evaluate(machine, target.value, scope),
        machine.evaluate(machine, target.slice, scope),
    )
    if isinstance(base, Table) and isinstance(index, Constant):
        sure = len(machine.conditions) <= (machine.frames[-1].base if machine.frames else 0)
        base.items[index.value] = value if sure else join([base.items.get(index.value, UNKNOWN), value])
    elif isinstance(base, Group) and isinstance(index, Constant) and isinstance(index.value, int):
        items = list(base.items)
        if -len(items) <= index.value < len(items):
            items[index.value] = value
            base.items = tuple(items)
    elif isinstance(base, External) and base.name == "os.environ" and isinstance(index, Constant):
        note_variable(machine, str(index.value), value)


def remove(machine: Machine, target: ast.Subscript, scope: Scope) -> None:
    """Execute `del a[b]`."""
    base, index = (
        machine.evaluate(machine, target.value, scope),
        machine.evaluate(machine, target.slice, scope),
    )
    if isinstance(base, Table):
        base.items = {
            name: value
            for name, value in base.items.items()
            if isinstance(index, Constant) and name != index.value
        }
    elif isinstance(base, Group):
        place = index.value if isinstance(index, Constant) and isinstance(index.value, int) else None
        items = list(base.items)
        if place is not None and -len(items) <= place < len(items):
            del items[place]
        base.items = tuple(items) if place is not None else ()
