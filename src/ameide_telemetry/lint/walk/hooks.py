"""What Python itself calls without being told so: hooks of classes, callables that were left to be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.tables import key
from ameide_telemetry.lint.walk.values import (
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Member,
    Partial,
    Value,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["class_made", "fill", "leave", "left_to_call", "special"]

_STACKS: Final = frozenset({("contextlib", "ExitStack"), ("contextlib", "AsyncExitStack")})
_KEEP: Final = frozenset({"callback", "push", "push_async_callback", "push_async_exit"})
_CLOSE: Final = frozenset({"close", "aclose", "__exit__", "__aexit__"})


def class_made(machine: Machine, made: Class, node: ast.ClassDef, scope: Scope) -> None:
    """Call what hears of a new class: its metaclass, the attributes in its body, its bases."""
    makers = [each.maker for each in made.order() if each.maker]
    given = Arguments([Constant(node.name), *[Constant(None)] * 2])
    for name in ("__prepare__", "__new__"):
        _call(machine, makers[0].lookup(name) if makers else None, makers[:1], given, node, scope)
    for name, value in list(made.names.items()):
        if isinstance(value, Instance) and value.cls:
            named = Arguments([made, Constant(name)])
            _call(machine, value.cls.lookup("__set_name__"), [value], named, node, scope)
    above = (
        each.names["__init_subclass__"] for each in made.order()[1:] if "__init_subclass__" in each.names
    )
    _call(machine, next(above, None), [made], Arguments(whole=False), node, scope)
    _call(machine, makers[0].lookup("__init__") if makers else None, [made], given, node, scope)


def fill(machine: Machine, made: Instance, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """Do what a generated constructor does: bind what it is given, call the factories of the others."""
    for cls in made.cls.order() if made.cls else ():
        for name, value in list(cls.names.items()):
            said = value.arguments.names if isinstance(value, Instance) and value.arguments else {}
            factory = said.get("default_factory") or said.get("factory")
            if factory is not None and name not in given.names:
                made.names[name] = machine.call(machine, factory, Arguments(), node, scope)
    if made.cls and not made.cls.lookup("__init__"):
        callables = (Function, Partial, External)
        made.names |= {name: each for name, each in given.names.items() if isinstance(each, callables)}


def _call(  # noqa: PLR0917 a call has five parts
    machine: Machine,
    hook: Value | None,
    bound: Sequence[Value | Class | None],
    given: Arguments,
    node: ast.AST,
    scope: Scope,
) -> None:
    if isinstance(hook, Function) and bound and bound[0] is not None:
        machine.call(machine, hook.bind(bound[0]), given, node, scope)


def left_to_call(machine: Machine, called: Member, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """Keep what a parser of arguments or a stack of exits is given to call; call what was kept."""
    base, name = called.base, called.name
    if name == "set_defaults":
        for word, value in given.names.items():
            if isinstance(value, Function):
                machine.defaults.setdefault(word, []).append(value)
    elif isinstance(base, Instance) and key(base.of) in _STACKS:
        if name in _KEEP and given.places:
            rest = Arguments(given.places[1:], given.names, given.whole)
            machine.stacks.setdefault(base.number, []).append((given.places[0], rest))
        elif name in _CLOSE:
            leave(machine, base, node, scope)
        elif name == "pop_all":
            machine.stacks.pop(base.number, None)


def leave(machine: Machine, value: Value, node: ast.AST, scope: Scope) -> None:
    """Do what the end of a block of `with` does."""
    if not isinstance(value, Instance):
        return
    for kept, given in machine.stacks.pop(value.number, [])[::-1]:
        machine.run(kept, given, node, scope)
    for name in ("__exit__", "__aexit__"):
        method = value.cls.lookup(name) if value.cls else None
        if isinstance(method, Function):
            machine.run(method.bind(value), Arguments(whole=False), node, scope)


def special(machine: Machine, value: Value, name: str, node: ast.AST, scope: Scope) -> Value | None:
    """Call the method of a class of the tree that an operator or a conversion stands for."""
    home = value.cls if isinstance(value, Instance) else value
    method = home.lookup(name) if isinstance(home, Class) else None
    if not isinstance(method, Function) or isinstance(value, Class) is not (name == "__class_getitem__"):
        return None
    return machine.call(machine, method.bind(value), Arguments(whole=False), node, scope)
