"""What stands on the left of an assignment, and what `del` takes away."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ameide_telemetry.lint.walk.attributes import note_variable
from ameide_telemetry.lint.walk.doubt import doubt, home_of, is_sure, put_anywhere
from ameide_telemetry.lint.walk.escapes import kept_by
from ameide_telemetry.lint.walk.items import spread
from ameide_telemetry.lint.walk.replacing import put, put_item
from ameide_telemetry.lint.walk.switches import written
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Choice,
    Class,
    Constant,
    External,
    Group,
    Instance,
    Setting,
    Table,
    Value,
    join,
    options,
    texts,
)

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["assign", "remove"]


def assign(machine: Machine, target: ast.expr, value: Value, scope: Scope) -> None:
    """Bind what stands on the left of an assignment."""
    if isinstance(target, ast.Name):
        _bind(machine, target.id, value, scope)
        if len(machine.conditions) <= len(scope.module.conditions):
            scope.module.doubtful.discard(target.id)
        if scope.kind == "module" and target.id not in scope.module.bound:
            scope.module.bound[target.id] = (machine.number(), target)
    elif isinstance(target, ast.Attribute):
        base = machine.evaluate(machine, target.value, scope)
        for option in options(base):
            kept_by(machine, option, value, target, scope)
            put(machine, option, target.attr, value, target, scope)
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(machine, target, value, scope)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, UNKNOWN, scope)
    elif isinstance(target, ast.Subscript):
        _item(machine, target, value, scope)


def _unpack(machine: Machine, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
    star = next((place for place, each in enumerate(target.elts) if isinstance(each, ast.Starred)), None)
    items = spread(value, len(target.elts), star)
    if items is None:
        machine.risk(ValueError, named=not isinstance(value, Setting))
    for place, each in enumerate(target.elts):
        inner = each.value if isinstance(each, ast.Starred) and items else each
        assign(machine, inner, items[place] if items else UNKNOWN, scope)


def _bind(machine: Machine, name: str, value: Value, scope: Scope) -> None:
    home = scope.elsewhere.get(name)
    if home is None:
        scope.names[name] = value
        return
    machine.writes += 1
    base = machine.frames[-1].base if machine.frames else 0
    old = home.names.get(name)
    home.names[name] = join([old, value]) if old is not None and len(machine.conditions) > base else value


def _item(machine: Machine, target: ast.Subscript, value: Value, scope: Scope) -> None:
    base, index = (
        machine.evaluate(machine, target.value, scope),
        machine.evaluate(machine, target.slice, scope),
    )
    kept_by(machine, base, value, target, scope)
    if isinstance(base, Table) and isinstance(index, Constant):
        put_anywhere(machine, base, index.value, value)
    elif isinstance(base, Group):
        _place(machine, base, index, value, target.slice)
    elif isinstance(home_of(base), (Instance, Class)):
        for name in texts(index) or ():
            put(machine, home_of(base), name, value, target, scope)
        if texts(index) is None:
            doubt(machine, base, value)
    elif isinstance(base, (Table, Choice)):
        doubt(machine, base, value)
        if isinstance(base, Table) and not base.space:
            sure = is_sure(machine) and target not in base.items
            base.items[target] = value if sure else join([UNKNOWN, base.items.get(target, UNKNOWN), value])
    elif isinstance(base, External) and base.name == "os.environ" and isinstance(index, Constant):
        note_variable(machine, str(index.value), value)
        written(machine, str(index.value), value, sure=is_sure(machine))
    elif isinstance(base, External):
        put_item(machine, base, index, value, target, scope)


def _place(machine: Machine, base: Group, index: Value, value: Value, slice_: ast.expr) -> None:
    machine.writes += 1
    items = list(base.items)
    number = index.value if isinstance(index, Constant) else None
    if isinstance(slice_, ast.Slice) and not (slice_.lower or slice_.upper or slice_.step):
        if isinstance(value, Group) and is_sure(machine):
            base.items = value.items
            return
        value = UNKNOWN
    if isinstance(number, int) and -len(items) <= number < len(items):
        items[number] = value if is_sure(machine) else join([items[number], value])
        base.items = tuple(items)
    elif not isinstance(number, int):
        doubt(machine, base, UNKNOWN if isinstance(slice_, ast.Slice) else value)


def remove(machine: Machine, target: ast.Subscript, scope: Scope) -> None:
    """Execute `del a[b]`."""
    base, index = (
        machine.evaluate(machine, target.value, scope),
        machine.evaluate(machine, target.slice, scope),
    )
    sure = is_sure(machine)
    machine.writes += 1
    place = index.value if isinstance(index, Constant) else None
    if isinstance(base, Table) and sure and isinstance(index, Constant):
        base.items.pop(place, None)
    elif isinstance(base, Table) and place in base.items:
        base.items[place] = join([base.items[place], UNKNOWN])
    elif isinstance(base, Group) and sure and isinstance(place, int):
        items = list(base.items)
        if -len(items) <= place < len(items):
            del items[place]
        base.items = tuple(items)
    else:
        doubt(machine, base)
