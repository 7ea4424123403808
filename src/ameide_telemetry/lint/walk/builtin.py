"""Functions of Python itself that the walk has to understand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import attribute, note_variable, set_attribute
from ameide_telemetry.lint.walk.imports import run_file
from ameide_telemetry.lint.walk.loading import dynamic, load_module
from ameide_telemetry.lint.walk.values import (
    NEVER,
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Function,
    Group,
    Instance,
    Parent,
    Partial,
    Setting,
    Value,
    join,
    options,
    texts,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["BUILTINS"]

Act = "Callable[[Machine, Arguments, ast.AST, Scope], Value | None]"


def _getattr(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    base, names = given.get(0), texts(given.get(1))
    if base is None:
        return UNKNOWN
    if names is None:
        # An attribute of what is known cannot be followed; what is called may then be anything.
        return UNKNOWN
    found = [attribute(machine, each, name, node, scope) for each in options(base) for name in names]
    return join([*found, *given.places[2:3]]) if all(value is UNKNOWN for value in found) else join(found)


def _setattr(machine: Machine, given: Arguments, _: ast.AST, __: Scope) -> Value | None:
    base, names, value = given.get(0), texts(given.get(1)), given.get(2)
    for name in names or ():
        if base is not None and value is not None:
            set_attribute(machine, base, name, value)
    return UNKNOWN


def _super(_: Machine, given: Arguments, __: ast.AST, scope: Scope) -> Value | None:
    inner: Scope | None = scope
    while inner is not None and inner.kind == "function":
        bound = next(iter(inner.names.values()), None)
        owner = given.get(0) or (_owner(inner) if bound is not None else None)
        if isinstance(owner, Class) and bound is not None:
            return Parent(given.get(1) or bound, owner)
        inner = inner.parent
    return UNKNOWN


def _owner(scope: Scope) -> Value | None:
    """Return the class in whose body the function of a scope is defined."""
    home, _, _ = scope.symbol.rpartition(".")
    bound = next(iter(scope.names.values()), None)
    start = bound.cls if isinstance(bound, Instance) else bound
    return _named(start, home) if isinstance(start, Class) else None


def _named(start: Class, symbol: str, depth: int = 0) -> Class | None:
    if start.symbol == symbol:
        return start
    for base in start.bases if depth < 12 else ():  # noqa: PLR2004
        found = _named(base, symbol, depth + 1) if isinstance(base, Class) else None
        if found:
            return found
    return None


def _exit(_: Machine, __: Arguments, ___: ast.AST, ____: Scope) -> Value | None:
    return NEVER


def _partial(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    if not given.places:
        return UNKNOWN
    return Partial(given.places[0], Arguments(given.places[1:], given.names, given.whole))


def _setting(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    names = texts(given.get(0, "key"))
    return Setting(names[0]) if names and len(names) == 1 else UNKNOWN


def _default(machine: Machine, given: Arguments, _: ast.AST, __: Scope) -> Value | None:
    names, value = texts(given.get(0)), given.get(1)
    if names and value is not None:
        note_variable(machine, names[0], value)
    return UNKNOWN


def _same(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    first = given.get(0)
    return first if isinstance(first, (Setting, Group, Function)) else UNKNOWN


def _first(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    """`cast(kind, value)`, `wraps(function)(wrapper)` and their like give the last argument back."""
    return given.places[-1] if given.places else UNKNOWN


def _execute(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    if not isinstance(given.get(0), Constant):
        dynamic(machine, node, scope, "exec of a text that is not in the source")
    return UNKNOWN


def _run_module(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    names = texts(given.get(0, "mod_name"))
    if names is None:
        return dynamic(machine, node, scope, "runpy")
    for name in names:
        found = machine.find(name)
        path = machine.find(f"{name}.__main__").path if found.kind == "package" else found.path
        if path:
            with machine.way(node, scope.module, f"runs {name}"):
                run_file(machine, path, f"{name} as main", main=True, package=name.rpartition(".")[0])
        else:
            load_module(machine, name, node, scope)
    return UNKNOWN


def _sequence(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    first = given.get(0)
    return first if isinstance(first, Group) else UNKNOWN


BUILTINS: Final[Mapping[str, Callable[[Machine, Arguments, ast.AST, Scope], Value | None]]] = {
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.super": _super,
    "builtins.exit": _exit,
    "builtins.quit": _exit,
    "sys.exit": _exit,
    "os._exit": _exit,
    "os.abort": _exit,
    "functools.partial": _partial,
    "os.getenv": _setting,
    "os.environ.get": _setting,
    "os.environ.setdefault": _default,
    "builtins.bool": _same,
    "builtins.int": _same,
    "builtins.str": _same,
    "builtins.list": _sequence,
    "builtins.tuple": _sequence,
    "builtins.set": _sequence,
    "builtins.sorted": _sequence,
    "builtins.reversed": _sequence,
    "builtins.iter": _sequence,
    "typing.cast": _first,
    "builtins.exec": _execute,
    "builtins.eval": _execute,
    "runpy.run_module": _run_module,
    "runpy.run_path": _execute,
}
"""Dotted name -> what a call of it gives; None if the usual way shall be gone."""
