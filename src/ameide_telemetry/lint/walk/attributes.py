"""Attributes: what `a.b` stands for, and what becomes of `a.b = c`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.imports import attribute_of_module
from ameide_telemetry.lint.walk.machine import Later
from ameide_telemetry.lint.walk.scopes import Module
from ameide_telemetry.lint.walk.tables import STARTUP_ARGUMENTS
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Member,
    Parent,
    Partial,
    Value,
    join,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["attribute", "dotted", "note_variable", "set_attribute"]

_LIFESPAN: Final = frozenset({"lifespan_context", "lifespan", *STARTUP_ARGUMENTS})
_DEFAULTS: Final = frozenset({"__defaults__", "__kwdefaults__", "__code__"})
_LONGEST: Final = 12


def attribute(machine: Machine, base: Value, name: str, node: ast.AST, scope: Scope) -> Value:
    """Return what an attribute of something stands for."""
    if isinstance(base, Module):
        return attribute_of_module(machine, base, name, node, scope)
    if isinstance(base, External):
        return machine.external(f"{base.name}.{name}")
    if name == "__dict__" and isinstance(base, (Instance, Class)):
        return Member(base, name)
    if isinstance(base, Instance):
        return _of_instance(machine, base, name, node, scope)
    row = _PLAIN.get(type(base))
    return row(base, name) if row else Member(base, name)


def _of_partial(base: Partial, name: str) -> Value:
    return base.function if name == "func" else Member(base, name)


def _of_instance(machine: Machine, base: Instance, name: str, node: ast.AST, scope: Scope) -> Value:
    if name in base.names:
        return base.names[name]
    if base.cls is None:
        return Member(base, name)
    if name == "__class__":
        return base.cls
    found = base.cls.lookup(name)
    if isinstance(found, Function):
        return _bound(machine, found, base, node, scope)
    if isinstance(found, Constant) and (not base.cls.fixed or base.cls.lookup("__getattribute__")):
        return UNKNOWN
    return _not_found(machine, base, name, node, scope) if found is None else found


def _not_found(machine: Machine, base: Instance, name: str, node: ast.AST, scope: Scope) -> Value:
    getter = base.cls.lookup("__getattr__") if base.cls else None
    if not isinstance(getter, Function):
        return Member(base, name)
    return machine.call(machine, getter.bind(base), Arguments([Constant(name)]), node, scope)


def _bound(machine: Machine, found: Function, base: Instance, node: ast.AST, scope: Scope) -> Value:
    if found.way == "static":
        return found
    method = found.bind(base.cls if found.way == "class" and base.cls else base)
    if found.way != "property":
        return method
    value = machine.call(machine, method, Arguments(), node, scope)
    if isinstance(value, Instance) and any(name.endswith("cached_property") for name in found.decorators):
        base.names[method.symbol.rpartition(".")[2]] = value
    return value


def _of_class(base: Class, name: str) -> Value:
    found = base.lookup(name)
    if isinstance(found, Function):
        return found.bind(base) if found.way == "class" else found
    if isinstance(found, Constant) and not base.fixed:
        return UNKNOWN
    if found is not None:
        return found
    outside = next(base.outside(), "")
    return External(f"{outside}.{name}") if outside else UNKNOWN


def _after(base: Parent) -> list[Class]:
    """Return the classes that are asked after the one whose method says `super()`."""
    start = base.bound.cls if isinstance(base.bound, Instance) else base.bound
    order = start.order() if isinstance(start, Class) else base.owner.order()
    places = [place for place, each in enumerate(order) if each is base.owner]
    return order[places[0] + 1 :] if places else base.owner.order()[1:]


def _of_parent(base: Parent, name: str) -> Value:
    for each in _after(base):
        found = each.names.get(name)
        if isinstance(found, Function):
            return found if found.way == "static" else found.bind(base.bound)
    return Member(base, name)


_PLAIN: Final[dict[type[object], Callable[..., Value]]] = {
    Class: _of_class,
    Parent: _of_parent,
    Partial: _of_partial,
}


def set_attribute(machine: Machine, base: Value, name: str, value: Value) -> None:
    """Bind an attribute; under a condition it may also be what it was before."""
    base_of_frame = machine.frames[-1].base if machine.frames else 0
    machine.writes += 1
    if isinstance(base, Instance):
        names = base.names
        if name in _LIFESPAN:
            machine.later.append(Later("lifespan", value, Arguments([base]), base.number))
    elif isinstance(base, Class):
        names = base.names
    elif isinstance(base, Module):
        names = base.scope.names
    else:
        if isinstance(base, Function) and name in _DEFAULTS:
            base.defaults |= {each: join([old, UNKNOWN]) for each, old in base.defaults.items()}
        if isinstance(base, Member) and name in _LIFESPAN:
            _lifespan_of_router(machine, base, value)
        return
    sure = len(machine.conditions) <= base_of_frame
    old = names.get(name) or (base.cls.lookup(name) if isinstance(base, Instance) and base.cls else None)
    names[name] = value if sure else join([UNKNOWN if old is None else old, value])


def _lifespan_of_router(machine: Machine, base: Member, value: Value) -> None:
    """`app.router.lifespan_context = f`."""
    if isinstance(base.base, Instance):
        machine.later.append(Later("lifespan", value, Arguments([base.base]), base.base.number))


def note_variable(machine: Machine, name: str, value: Value) -> None:
    """Note that a variable of the environment is set."""
    if name == "DJANGO_SETTINGS_MODULE" and isinstance(value, Constant) and isinstance(value.value, str):
        machine.settings_module.append(value.value)


def dotted(value: Value, depth: int = 0) -> str:
    """Return the dotted name of something outside of the tree; empty if there is none."""
    if depth > _LONGEST:
        return ""
    if isinstance(value, External):
        return value.name
    if isinstance(value, Member):
        before = dotted(value.base, depth + 1)
        return f"{before}.{value.name}" if before else ""
    if isinstance(value, Instance):
        return value.of or (next(value.cls.outside(), "") if value.cls else "")
    if isinstance(value, Parent):
        return next(value.owner.outside(), "")
    return ""
