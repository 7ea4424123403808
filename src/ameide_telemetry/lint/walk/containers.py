"""What the methods of dictionaries and lists do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import set_attribute
from ameide_telemetry.lint.walk.doubt import doubt, home_of, is_sure, put_anywhere
from ameide_telemetry.lint.walk.items import of_items
from ameide_telemetry.lint.walk.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Constant,
    Group,
    Member,
    Parent,
    Table,
    Value,
    join,
    options,
    texts,
)

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Machine

__all__ = ["changed"]

_ADDS: Final = frozenset({"append", "appendleft", "insert", "add", "extend", "extendleft", "update"})
_TAKES: Final = frozenset({"pop", "popleft", "popitem", "clear"})
_LOSES: Final = frozenset({"remove", "discard"})
_MIXES: Final = frozenset(
    {
        "difference_update",
        "intersection_update",
        "symmetric_difference_update",
        "sort",
        "reverse",
        "rotate",
        "__setitem__",
        "__delitem__",
        "__init__",
    }
)


def changed(machine: Machine, called: Member, given: Arguments) -> Value | None:
    """Call a method of a dictionary or a list; return what it gives, None where it changes nothing."""
    base, name = called.base, called.name
    if isinstance(base, Table):
        return _of_table(machine, base, name, given)
    if isinstance(base, Group):
        return _of_group(machine, base, name, given)
    if isinstance(base, Member) and home_of(base) is not base and name == "update":
        return _of_names(machine, base, given)
    if name in {"__setattr__", "__delattr__"}:
        return _attribute(machine, base.bound if isinstance(base, Parent) else base, given)
    return None


def _attribute(machine: Machine, base: Value, given: Arguments) -> Value:
    """`super().__setattr__(name, value)`."""
    names = texts(given.get(0))
    if names is None:
        doubt(machine, base, given.get(1) or UNKNOWN)
    for name in names or ():
        set_attribute(machine, base, name, given.get(1) or UNKNOWN)
    return UNKNOWN


def _of_names(machine: Machine, base: Member, given: Arguments) -> Value:
    """`self.__dict__.update(...)`."""
    rows = _rows(given)
    if rows is None:
        doubt(machine, base)
    for name, value in ((rows or {}) | _named(given)).items():
        for each in options(base.base):
            set_attribute(machine, each, str(name), value)
    return UNKNOWN


def _rows(given: Arguments) -> dict[object, Value] | None:
    """Return the items that the first argument of `update` brings; None if they are not all known."""
    first = given.get(0)
    if isinstance(first, Table) and not first.open and given.whole:
        return dict(first.items)
    return {} if first is None and given.whole else None


def _named(given: Arguments) -> dict[object, Value]:
    return dict(given.names.items())


def _of_table(machine: Machine, base: Table, name: str, given: Arguments) -> Value | None:
    if name in {"pop", "popitem", "clear"}:
        return _taken(machine, base, name, given)
    if name == "update":
        rows = _rows(given)
        first = given.get(0)
        if rows is None:
            known = list(first.items.values()) if isinstance(first, Table) else []
            doubt(machine, base, join([UNKNOWN, *known]))
        for key, value in ((rows or {}) | _named(given)).items():
            put_anywhere(machine, base, key, value)
        return UNKNOWN
    if name in {"get", "setdefault"}:
        return _asked(machine, base, name, given)
    if name in _MIXES or name == "__ior__":
        doubt(machine, base)
        return UNKNOWN
    return of_items(base, name)


def _asked(machine: Machine, base: Table, name: str, given: Arguments) -> Value:
    first, default = given.get(0), given.get(1, "default") or NONE
    if not isinstance(first, Constant):
        base.open |= name == "setdefault"
        return join([*base.items.values(), default])
    known = base.items.get(first.value)
    if known is None:
        known = join([UNKNOWN, default]) if base.open else default
        if name == "setdefault":
            put_anywhere(machine, base, first.value, known)
    return known


def _taken(machine: Machine, base: Table, name: str, given: Arguments) -> Value:
    """Take something out of a dictionary; what happens only under a condition leaves each item in doubt."""
    sure = is_sure(machine)
    machine.writes += 1
    first = given.get(0)
    known = name == "pop" and isinstance(first, Constant)
    gone = {first.value} if known and isinstance(first, Constant) else set(base.items)
    value = join(item for key_, item in base.items.items() if key_ in gone)
    for each in gone & base.items.keys():
        if sure and (known or name == "clear"):
            del base.items[each]
        else:
            base.items[each] = join([base.items[each], UNKNOWN])
    return value if name == "pop" else UNKNOWN


def _of_group(machine: Machine, base: Group, name: str, given: Arguments) -> Value | None:
    """Change a list; what happens only under a condition leaves each item in doubt."""
    if name not in _ADDS | _TAKES | _LOSES | _MIXES:
        return Group(base.items) if name == "copy" else None
    machine.writes += 1
    sure = is_sure(machine)
    if name in _ADDS:
        return _added(base, name, given, sure=sure)
    if name in _LOSES:
        return _lost(machine, base, given.get(0) or UNKNOWN, sure=sure)
    order = _order(base, name, given) if sure else None
    if order is not None:
        base.items = order
        return UNKNOWN
    if name in _MIXES:
        # Any of them may come first now, and any may be gone.
        every = join([*base.items, UNKNOWN])
        base.items = (every,) * len(base.items)
        return UNKNOWN
    gone = join(base.items) if name in {"pop", "popleft"} else UNKNOWN
    base.items = () if sure else tuple(join([each, UNKNOWN]) for each in base.items)
    return gone


def _order(base: Group, name: str, given: Arguments) -> tuple[Value, ...] | None:
    """Return the items in their new order, where that is known."""
    if name == "reverse":
        return base.items[::-1]
    values = [each.value for each in base.items if isinstance(each, Constant)]
    words = [each for each in values if isinstance(each, str)]
    if name == "sort" and not given.all() and len(words) == len(base.items):
        return tuple(map(Constant, sorted(words)))
    return None


def _added(base: Group, name: str, given: Arguments, *, sure: bool) -> Value:
    added = list(given.places[-1:])
    if name in {"extend", "extendleft", "update"} and added:
        added = list(added[0].items) if isinstance(added[0], Group) else []
    if not sure:
        added = [join([each, UNKNOWN]) for each in added if each is not UNKNOWN]
    first = given.get(0)
    if name == "insert" and not (isinstance(first, Constant) and isinstance(first.value, int)):
        base.items = tuple(join([each, *added]) for each in (*base.items, *added))
        return UNKNOWN
    place = first.value if name == "insert" and isinstance(first, Constant) else len(base.items)
    items = list(base.items)
    where = 0 if name.endswith("left") else place if isinstance(place, int) else len(items)
    items[where:where] = added
    base.items = tuple(items)
    return UNKNOWN


def _lost(machine: Machine, base: Group, value: Value, *, sure: bool) -> Value:
    same = [each for each in base.items if each is value or _equal(each, value)]
    if sure and same:
        base.items = tuple(each for each in base.items if each is not same[0])
    elif same or not all(isinstance(each, Constant) for each in (*base.items, value)):
        doubt(machine, base)
    return UNKNOWN


def _equal(one: Value, other: Value) -> bool:
    return isinstance(one, Constant) and isinstance(other, Constant) and one.value == other.value
