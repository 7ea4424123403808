"""What Python's own functions make of lists and dictionaries, as far as their items are known."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import attribute
from ameide_telemetry.lint.walk.switches import SWITCH
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Constant,
    External,
    Group,
    Partial,
    Setting,
    Table,
    join,
    options,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["ITEMS", "item_of", "of_external", "of_items", "rows", "spread"]

_MOST: Final = 64


def rows(value: Value | None) -> tuple[Value, ...] | None:
    """Return the items that a loop over something would see; None if they are not all known."""
    if isinstance(value, Group):
        return value.items
    if isinstance(value, Table) and not value.open and len(value.items) <= _MOST:
        return tuple(Constant(each) for each in value.items)
    if isinstance(value, Constant) and isinstance(value.value, str) and len(value.value) <= _MOST:
        return tuple(Constant(each) for each in value.value)
    return None


def of_items(base: Table, name: str) -> Value | None:
    """Return what `items()`, `values()`, `keys()` or `copy()` of a dictionary gives."""
    if len(base.items) > _MOST or (base.open and not base.items):
        return None
    if name == "items":
        pairs = [(_key(key), value) for key, value in list(base.items.items())]
        return Group(tuple(Group(pair, fixed=True) for pair in pairs))
    if name == "values":
        return Group(tuple(base.items.values()))
    if name == "keys":
        return Group(tuple(_key(key) for key in base.items))
    return Table(dict(base.items)) if name == "copy" else None


def item_of(base: Group, place: object) -> Value:
    """Return an item, or some of them, by a known place."""
    if isinstance(place, slice):
        return Group(base.items[place], base.fixed)
    if not isinstance(place, int):
        return join(base.items)
    return base.items[place] if -len(base.items) <= place < len(base.items) else UNKNOWN


def of_external(machine: Machine, base: External, index: Value) -> Value:
    """Return an item of something outside of the tree: of the environment, the modules, a `__dict__`."""
    if not isinstance(index, Constant):
        return base
    if base.name == "os.environ":
        return machine.switch if machine.switch and index.value == SWITCH else Setting(str(index.value))
    if base.name == "sys.modules":
        return machine.modules.get(str(index.value)) or External(str(index.value))
    if base.name.endswith(".__dict__"):
        return machine.external(f"{base.name.removesuffix('__dict__')}{index.value}")
    return base


def _key(key: object) -> Value:
    """Return what a key is; one that is not known is kept by the place where it stands."""
    return UNKNOWN if isinstance(key, ast.AST) else Constant(key)


def spread(value: Value, count: int, star: int | None) -> list[Value] | None:
    """Return what each of the names on the left of an assignment gets; None if that is not known.

    Args:
        value: what is assigned.
        count: how many names there are.
        star: place of the one with a star, if there is one.
    """
    found: list[list[Value]] = []
    for option in options(value):
        items = list(rows(option) or ()) if not isinstance(option, Constant) else []
        if star is not None and len(items) >= count - 1:
            end = len(items) - (count - 1 - star)
            items = [*items[:star], Group(tuple(items[star:end])), *items[end:]]
        found.append(items if len(items) == count else [UNKNOWN] * count)
    if all(each is UNKNOWN for some in found for each in some):
        return None
    return [join(column) for column in zip(*found, strict=True)]


def _number(value: Value | None, default: int | None) -> int | None:
    if value is None:
        return default
    return value.value if isinstance(value, Constant) and isinstance(value.value, int) else None


def _enumerate(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    items, start = rows(given.get(0)), _number(given.get(1, "start"), 0)
    if items is None:
        return None
    count = [UNKNOWN if start is None else Constant(start + place) for place in range(len(items))]
    return Group(tuple(Group(pair, fixed=True) for pair in zip(count, items, strict=True)))


def _zip(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    columns = [rows(each) for each in given.places]
    if not given.whole or not columns or any(each is None for each in columns):
        return None
    known = [each for each in columns if each is not None]
    return Group(tuple(Group(row, fixed=True) for row in zip(*known, strict=False)))


def _chain(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    parts = [rows(each) for each in given.places]
    if not given.whole or all(each is None for each in parts):
        return None
    return Group(tuple(item for each in parts for item in (each if each is not None else (UNKNOWN,))))


def _chained(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    first = rows(given.get(0))
    return None if first is None else _chain(machine, Arguments(list(first)), node, scope)


def _copied(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    first = given.get(0)
    if isinstance(first, Group):
        return Group(first.items, first.fixed)
    return Table(dict(first.items), first.open) if isinstance(first, Table) and not first.space else None


def _listed(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    if not given.places and not given.names:
        return Group(())
    items = rows(given.get(0))
    return Group(items) if items is not None and len(given.all()) == 1 else None


def _table(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    first = given.get(0)
    items: dict[object, Value] = {}
    if isinstance(first, Table) and not first.open and not first.space:
        items = dict(first.items)
    elif isinstance(first, Group):
        for each in first.items:
            pair = rows(each) or ()
            if len(pair) != 2 or not isinstance(pair[0], Constant):  # noqa: PLR2004 a key and a value
                return None
            items[pair[0].value] = pair[1]
    elif first is not None:
        return None
    items |= dict(given.names.items())
    return Table(items) if given.whole else None


def _same(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    first = given.get(0)
    return first if isinstance(first, Table) and len(given.all()) == 1 else None


def _any(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    first = given.get(0)
    return join(first.items) if isinstance(first, Group) and first.items else None


def _call(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    if not given.places:
        return None
    rest = Arguments(given.places[1:], given.names, given.whole)
    return machine.call(machine, given.places[0], rest, node, scope)


def _getter(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    names = texts(given.get(0))
    if not names or len(names) != 1 or len(given.places) != 1:
        return None
    return Partial(External("ameide_telemetry.lint.attribute"), Arguments([Constant(names[0])]))


def _got(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    names, base = texts(given.get(0)), given.get(1)
    if not names or base is None:
        return None
    value = base
    for part in names[0].split("."):
        value = join(attribute(machine, each, part, node, scope) for each in options(value))
    return value


ITEMS: Final[Mapping[str, Callable[[Machine, Arguments, ast.AST, Scope], Value | None]]] = {
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chained,
    "collections.deque": _listed,
    "builtins.dict": _table,
    "collections.OrderedDict": _table,
    "collections.ChainMap": _same,
    "types.MappingProxyType": _same,
    "copy.copy": _copied,
    "random.choice": _any,
    "operator.call": _call,
    "operator.attrgetter": _getter,
    "ameide_telemetry.lint.attribute": _got,
}
"""Dotted name -> what a call of it gives; None if the usual way shall be gone."""
