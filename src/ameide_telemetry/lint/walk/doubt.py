"""Doubt: what is written by a name that nobody knows may have changed everything it can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.scopes import Module
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Class,
    Constant,
    Function,
    Group,
    Instance,
    Member,
    Table,
    join,
    options,
)

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["doubt", "doubt_names", "home_of", "is_sure", "put_anywhere"]

_OF: Final = "__dict__"
_SPECIAL: Final = "__"
_MOST: Final = 512


def is_sure(machine: Machine) -> bool:
    """Return whether the walk is where the call that is under way leads to in any case."""
    return len(machine.conditions) <= (machine.frames[-1].base if machine.frames else 0)


def doubt(machine: Machine, value: Value, new: Value = UNKNOWN) -> None:
    """Note that any item or attribute of something may be another one from now on."""
    machine.writes += 1
    for each in options(home_of(value)):
        if isinstance(each, Table):
            each.open = True
            if len(each.items) > _MOST and not each.space:
                each.items.clear()
            _each(each.items, new, every=not each.space)
        elif isinstance(each, Group):
            each.items = tuple(join([item, new]) for item in each.items[:_MOST])
        else:
            doubt_names(each, new)


def doubt_names(value: Value, new: Value = UNKNOWN) -> None:
    """Note that any flag among the attributes of something may be another one from now on."""
    if isinstance(value, Instance):
        for cls in value.cls.order()[::-1] if value.cls else ():
            for name, known in cls.names.items():
                if _is_flag(name, known):
                    value.names.setdefault(name, known)
        _each(value.names, new)
    elif isinstance(value, Class):
        _each(value.names, new)
    elif isinstance(value, Table):
        _each(value.items, new)
    elif isinstance(value, Module):
        _each(value.scope.names, new)
    elif isinstance(value, Function):
        value.defaults |= {name: join([known, new]) for name, known in value.defaults.items()}


def put_anywhere(machine: Machine, base: Table, key: object, value: Value) -> None:
    """Bind an item of a dictionary; under a condition it may also be what it was before."""
    machine.writes += 1
    base.items[key] = value if is_sure(machine) else join([base.items.get(key, UNKNOWN), value])


def home_of(value: Value) -> Value:
    """Return what a value keeps the names of, if it is the `__dict__` of something."""
    return value.base if isinstance(value, Member) and value.name == _OF else value


def _each(names: dict[object, Value] | dict[str, Value], new: Value, *, every: bool = False) -> None:
    known: dict[object, Value] = names  # type: ignore[assignment]
    for name, value in list(known.items()):
        if every or _is_flag(name, value):
            known[name] = join([value, new])


def _is_flag(name: object, value: Value) -> bool:
    """Return whether somebody may ask for a name by what the configuration says."""
    special = isinstance(name, str) and name.startswith(_SPECIAL)
    return not special and any(isinstance(each, (Constant, Group, Table)) for each in options(value))
