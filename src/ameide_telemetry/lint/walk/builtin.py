"""Functions of Python itself that the walk has to understand."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import attribute, dotted, note_variable
from ameide_telemetry.lint.walk.doubt import doubt, is_sure
from ameide_telemetry.lint.walk.hooks import special
from ameide_telemetry.lint.walk.imports import run_file
from ameide_telemetry.lint.walk.items import ITEMS, rows
from ameide_telemetry.lint.walk.loading import dynamic, load_module
from ameide_telemetry.lint.walk.replacing import put
from ameide_telemetry.lint.walk.scopes import Module, Scope
from ameide_telemetry.lint.walk.switches import read, updated, written
from ameide_telemetry.lint.walk.values import (
    NEVER,
    UNKNOWN,
    Arguments,
    Class,
    External,
    Function,
    Group,
    Instance,
    Parent,
    Partial,
    Setting,
    Table,
    Value,
    join,
    options,
    texts,
)
from ameide_telemetry.lint.walk.wrapping import mapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.lint.walk.machine import Machine

__all__ = ["BUILTINS"]

Act = "Callable[[Machine, Arguments, ast.AST, Scope], Value | None]"


def _getattr(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    base, names = given.get(0), texts(given.get(1))
    if base is None:
        return UNKNOWN
    if names is None:
        # An attribute of what is known cannot be followed; what is called may then be anything.
        homes = {each.rpartition(".")[0] for each in machine.bootstrap}
        if any(isinstance(each, (External, Module)) and each.name in homes for each in options(base)):
            return dynamic(machine, node, scope, "getattr of a name that is not in the source")
        return UNKNOWN
    found = [attribute(machine, each, name, node, scope) for each in options(base) for name in names]
    return join([*found, *given.places[2:3]]) if all(value is UNKNOWN for value in found) else join(found)


def _setattr(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    base, names, value = given.get(0), texts(given.get(1)), given.get(2) or UNKNOWN
    if base is not None and names is None:
        doubt(machine, base, value)
    for name in names or ():
        for each in options(base) if base is not None else ():
            put(machine, each, name, value, node, scope)
    return UNKNOWN


def _unbound(machine: Machine, given: Arguments, _: ast.AST, __: Scope) -> Value | None:
    """`dict.update(a, b)` and their like change their first argument somehow."""
    first = given.get(0)
    if first is None:
        return UNKNOWN
    doubt(machine, first, join([UNKNOWN, *given.places[1:]]))
    return first


def _vars(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    base = given.get(0)
    if base is not None:
        return attribute(machine, base, "__dict__", node, scope)
    return _globals(machine, given, node, scope) if scope.kind == "module" else UNKNOWN


def _globals(_: Machine, __: Arguments, ___: ast.AST, scope: Scope) -> Value | None:
    # Names that are not literal may be written there: nobody knows then what the module lacks.
    scope.module.open = True
    return Table(scope.module.scope.names, open=True, space=True)  # type: ignore[arg-type]


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


def _exit(machine: Machine, __: Arguments, ___: ast.AST, ____: Scope) -> Value | None:
    machine.risk(SystemExit)
    return NEVER


def _partial(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    if not given.places:
        return UNKNOWN
    return Partial(given.places[0], Arguments(given.places[1:], given.names, given.whole))


def _setting(machine: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    names = texts(given.get(0, "key"))
    return read(machine, names[0], given.get(1, "default")) if names and len(names) == 1 else UNKNOWN


def _default(machine: Machine, given: Arguments, _: ast.AST, __: Scope) -> Value | None:
    names, value = texts(given.get(0)), given.get(1)
    if names and value is not None:
        note_variable(machine, names[0], value)
        written(machine, names[0], value, sure=is_sure(machine))
    return UNKNOWN


def _variables(machine: Machine, given: Arguments, _: ast.AST, __: Scope) -> Value | None:
    updated(machine, given, sure=is_sure(machine))
    return UNKNOWN


def _same(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    first = given.get(0)
    for name in ("__bool__", "__str__") if isinstance(first, Instance) and len(given.all()) == 1 else ():
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if first is not None and name == f"__{called}__":
            special(machine, first, name, node, scope)
    kept = isinstance(first, (Setting, Group, Function))
    return first if first and (kept or dotted(first).startswith("pathlib.")) else UNKNOWN


def _first(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    """`cast(kind, value)`, `wraps(function)(wrapper)` and their like give the last argument back."""
    return given.places[-1] if given.places else UNKNOWN


def _execute(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    found = texts(given.get(0))
    if found is None or len(found) != 1:
        doubt(machine, scope.module)
        return dynamic(machine, node, scope, "exec of a text that is not in the source")
    try:
        body = ast.parse(found[0].strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return UNKNOWN
    for each in (inner for statement in body for inner in ast.walk(statement)):
        ast.copy_location(each, node)
    home = scope if len(given.all()) == 1 else Scope("function", scope.module, scope.symbol, scope)
    if len(body) == 1 and isinstance(body[0], ast.Expr):
        return machine.evaluate(machine, body[0].value, home)
    machine.execute(machine, body, home)
    return UNKNOWN


def _run_path(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    """Run a file by its path, which nobody looks up here."""
    what = (texts(given.get(0, "path_name")) or ["whose path is not in the source"])[0]
    return dynamic(machine, node, scope, f"runpy of a file {what}")


def _from_file(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    """Load a file by its path, which nobody looks up here."""
    what = (texts(given.get(1, "location", "path")) or ["whose path is not in the source"])[0]
    return dynamic(machine, node, scope, f"a module of a file {what}")


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


def _by_key(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    """`sorted`, `min` and `max` call their key, unless there is nothing to compare."""
    items, by = given.get(0), given.names.get("key")
    if isinstance(by, (Function, Partial)) and isinstance(items, Group) and items.items:
        machine.call(machine, by, Arguments([join(items.items)]), node, scope)
    known = rows(items)
    return Group(known) if known is not None else UNKNOWN


def _reduce(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    """`reduce(wrap, [A, B], app)` calls its function for one item after the other."""
    if not (len(given.places) == 3 and isinstance(given.places[1], Group)):  # noqa: PLR2004
        return None
    value = given.places[2]
    for item in given.places[1].items:
        value = machine.call(machine, given.places[0], Arguments([value, item]), node, scope)
    return value


def _sequence(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    items = rows(given.get(0))
    return Group(items) if items is not None else None if given.places else UNKNOWN


def _reversed(_: Machine, given: Arguments, __: ast.AST, ___: Scope) -> Value | None:
    first = given.get(0)
    return Group(first.items[::-1]) if isinstance(first, Group) else UNKNOWN


BUILTINS: Final[Mapping[str, Callable[[Machine, Arguments, ast.AST, Scope], Value | None]]] = {
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.object.__setattr__": _setattr,
    "builtins.object.__delattr__": _setattr,
    "builtins.type.__setattr__": _setattr,
    "builtins.dict.update": _unbound,
    "builtins.dict.__setitem__": _unbound,
    "builtins.list.extend": _unbound,
    "operator.ior": _unbound,
    "operator.iadd": _unbound,
    "operator.setitem": _unbound,
    "operator.delitem": _unbound,
    "builtins.delattr": _setattr,
    "builtins.vars": _vars,
    "builtins.globals": _globals,
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
    "os.environ.__setitem__": _default,
    "os.environ.update": _variables,
    "builtins.bool": _same,
    "builtins.int": _same,
    "builtins.str": _same,
    "builtins.list": _sequence,
    "builtins.tuple": _sequence,
    "builtins.set": _sequence,
    "builtins.frozenset": _sequence,
    "builtins.map": mapped,
    "builtins.filter": mapped,
    "builtins.sorted": _by_key,
    "builtins.min": _by_key,
    "builtins.max": _by_key,
    "builtins.reversed": _reversed,
    "builtins.iter": _sequence,
    "functools.reduce": _reduce,
    "typing.cast": _first,
    "builtins.exec": _execute,
    "builtins.eval": _execute,
    "runpy.run_module": _run_module,
    "runpy.run_path": _run_path,
    "importlib.util.spec_from_file_location": _from_file,
    "importlib.machinery.SourceFileLoader": _from_file,
    **ITEMS,
}
"""Dotted name -> what a call of it gives; None if the usual way shall be gone."""
