"""Callables that escape: what takes one that leads to the bootstrap may call it, and nobody can see that."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import ESCAPED
from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.machine import Mentions
from ameide_telemetry.lint.walk.scopes import Module
from ameide_telemetry.lint.walk.tables import LOG_METHODS, THREADS, key
from ameide_telemetry.lint.walk.values import (
    Choice,
    Class,
    Coroutine,
    External,
    Function,
    Generator,
    Group,
    Instance,
    Member,
    Partial,
    Table,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.values import Arguments, Value

__all__ = ["escape", "given_away", "kept_by", "left_inside", "reaching"]

_DEEPEST: Final = 8
_WIDEST: Final = 64
# How many calls away from a function the bootstrap is looked for.
_FARTHEST: Final = 8
# What no count of steps exceeds.
_LEADS: Final = _FARTHEST + 1


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HARMLESS: Final = _words(
    "abc annotationlib ast atexit builtins.callable builtins.hasattr builtins.id builtins.isinstance "
    "builtins.issubclass builtins.len builtins.print builtins.property builtins.repr builtins.slice "
    "builtins.staticmethod builtins.classmethod builtins.str builtins.hash builtins.bool "
    "builtins.super builtins.dir builtins.object builtins.format builtins.getattr builtins.iter "
    "click contextlib dataclasses enum fastapi flask functools.cached_property functools.update_wrapper "
    "functools.wraps inspect logging signal starlette structlog sys.exit threading.Timer traceback "
    "typer types.GenericAlias typing typing_extensions uvicorn.Config warnings weakref.finalize "
    "weakref.WeakKeyDictionary weakref.WeakSet"
)
"""What keeps a callable, or looks at it, and calls it at most when a request comes or the process ends."""
_KEEPING: Final = _words(
    "add_api_route add_api_websocket_route add_argument add_command add_event_handler "
    "add_exception_handler add_listener add_middleware add_node add_page add_route add_signal_handler "
    "add_task add_typer add_url_rule add_websocket_route after_request after_app_request "
    "before_first_request before_request cli command connect dependency_overrides errorhandler "
    "exception_handler get include_router middleware mount on_event register_blueprint "
    "register_error_handler route set_defaults subscribe task teardown_appcontext teardown_request "
    "websocket"
)
"""Methods that keep a callable for later."""
_WALKED: Final = _words(
    "__aenter__ __aexit__ __await__ __bool__ __call__ __class_getitem__ __del__ __enter__ __exit__ "
    "__format__ __getattr__ __getitem__ __init__ __init_subclass__ __new__ __post_init__ __prepare__ "
    "__set_name__ __str__ __iter__"
)
"""Methods that the walk knows when to call."""
_PLAIN: Final = _words(
    "abc arq builtins celery click dataclasses django dramatiq enum fastapi flask http pydantic "
    "pydantic_settings socketserver starlette typing unittest"
)
"""Packages whose bases call methods later, or none."""


def reaching(machine: Machine, value: Value | None) -> str:
    """Return the name of what leads to the bootstrap in a value; empty if nothing does."""
    every = list(_flat(value)) if value is not None else []
    if not _any_leads(machine, every):
        return ""
    first = next(each for each in every if _any_leads(machine, [each]))
    if isinstance(first, External):
        return first.name.rpartition(".")[2]
    machine.leading[first.node] = _LEADS
    return f"{first.symbol}()"


def _flat(value: Value, opened: dict[int, Class] | None = None) -> Iterator[Function | External]:
    """Yield the functions, and what stands outside of the tree, that a value holds.

    Args:
        value: that may hold some.
        opened: classes by their ids, held so that these stay their own: looked into before, and not again.
    """
    waiting: list[tuple[Value, int]] = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, (Function, External)):
            yield each
        elif isinstance(each, (Coroutine, Generator)):
            if not each.done:
                yield each.function
        elif depth < _DEEPEST:
            waiting += [(inner, depth + 1) for inner in reversed(list(_inner(each, opened)))]


def _inner(value: Value, opened: dict[int, Class] | None) -> Iterable[Value]:
    if isinstance(value, Instance):
        inner = [each for each in value.names.values() if isinstance(each, (Function, External, Partial))]
        return [*([value.cls] if value.cls else []), *inner, *_of_thread(value)]
    if isinstance(value, Table):
        return () if value.space else list(value.items.values())[:_WIDEST]
    if isinstance(value, Class):
        return [each for cls in _unopened(value, opened) for each in cls.names.values()]
    if isinstance(value, Partial):
        return value.function, *value.arguments.all()
    return _listed(value)


def _unopened(cls: Class, opened: dict[int, Class] | None) -> Sequence[Class]:
    """Return a class and its bases without those that were looked into, which these are now too."""
    order = cls.order()
    if opened is None:
        return order
    new = [each for each in order if id(each) not in opened]
    opened.update((id(each), each) for each in new)
    return new


def _listed(value: Value) -> Iterable[Value]:
    if isinstance(value, Choice):
        return value.options
    return value.items[:_WIDEST] if isinstance(value, Group) else ()


def _of_thread(value: Instance) -> Iterator[Value]:
    target = value.arguments.get(1, "target", "function") if value.arguments else None
    if target is not None and key(value.of) in THREADS:
        yield target


def _any_leads(machine: Machine, every: Sequence[Function | External]) -> bool:
    """Return whether one is the bootstrap, or its body mentions it, or what does, and so on for some steps.

    Step by step: so each body is looked at from as near as it is, and once, however many ways lead to it. And
    because this is asked at each call that nobody knows, it is kept from where, and how far, was looked in
    vain: as soon as the module of a function has run, for then its names mean what they will mean.
    """
    gone: dict[ast.AST, tuple[int, Module]] = {}
    opened: dict[int, Class] = {}
    for steps in range(_FARTHEST, -1, -1):
        further: list[Function | External] = []
        for each in every:
            if isinstance(each, External):
                if each.name in machine.bootstrap:
                    return True
                continue
            known = machine.leading.get(each.node, -1)
            if known == _LEADS or f"{each.module.name}.{each.symbol}" in machine.bootstrap:
                return True
            if known < steps and each.node not in gone:
                gone[each.node] = steps, each.module
                further += _mentioned(machine, each, opened) if steps else ()
        every = further
    machine.leading.update({node: steps for node, (steps, module) in gone.items() if module.state == "ran"})
    return False


def _mentioned(
    machine: Machine, function: Function, opened: dict[int, Class]
) -> Iterator[Function | External]:
    body = _mentions(machine, function)
    for node in body.names:
        for meant in _meant(machine, node, function, body.imported):
            yield from _flat(meant, opened)


def _mentions(machine: Machine, function: Function) -> Mentions:
    known = machine.mentions.get(function.node)
    if known is None:
        node = function.node
        body: list[ast.AST] = [*node.body] if not isinstance(node, ast.Lambda) else [node.body]
        local = {each.arg for each in _parameters(function)} - {"self", "cls"}
        imported = dict(_imported(body, function.module.package))
        known = machine.mentions[node] = Mentions(list(_asked(body, local)), imported)
    return known


def _imported(body: list[ast.AST], package: str) -> Iterator[tuple[str, str]]:
    """Yield the names that a body imports for itself, and the dotted names that they stand for."""
    for part in body:
        for node in ast.walk(part):
            if isinstance(node, ast.Import):
                for each in node.names:
                    name = each.asname or each.name.partition(".")[0]
                    yield name, each.name if each.asname else name
            elif isinstance(node, ast.ImportFrom):
                above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                base = ".".join(each for each in (*above, node.module or "") if each)
                yield from ((each.asname or each.name, f"{base}.{each.name}") for each in node.names)


def _asked(body: list[ast.AST], local: set[str]) -> Iterator[ast.Name | ast.Attribute]:
    seen: set[str] = set(local)
    for part in body:
        for each in ast.walk(part):
            name = each.value if isinstance(each, ast.Attribute) else each
            if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load) or name.id in local:
                continue
            full = f"{name.id}.{each.attr}" if isinstance(each, ast.Attribute) else name.id
            if full not in seen and isinstance(each, (ast.Name, ast.Attribute)):
                seen.add(full)
                yield each


def _meant(
    machine: Machine, node: ast.Name | ast.Attribute, function: Function, imported: Mapping[str, str]
) -> Iterator[Value]:
    """Yield what a name or a dotted name of a body stands for, without calling anything."""
    name = node.value if isinstance(node, ast.Attribute) else node
    if not isinstance(name, ast.Name):
        return
    full = imported.get(name.id)
    if full is not None:
        yield from _at(machine, f"{full}.{node.attr}" if isinstance(node, ast.Attribute) else full)
    elif isinstance(node, ast.Attribute):
        yield from _of_name(machine, name.id, node.attr, function)
    else:
        found = function.scope.lookup(name.id)
        yield from filter(_may_lead, options(found) if found is not None else ())


def _at(machine: Machine, full: str) -> Iterator[Value]:
    """Yield what a dotted name stands for: the bootstrap, or something in a module that was imported."""
    home, _, last = full.rpartition(".")
    module = machine.modules.get(home)
    found = External(full) if full in machine.bootstrap else module and module.scope.names.get(last)
    if found and _may_lead(found):
        yield found


def _may_lead(value: Value) -> bool:
    if isinstance(value, Instance):
        return bool(value.cls and value.cls.lookup("__call__"))
    return isinstance(value, (External, Function, Class, Partial))


def _of_name(machine: Machine, name: str, last: str, function: Function) -> Iterator[Value]:
    """Yield what `name.last` stands for in a function."""
    if name in {"self", "cls"}:
        bound = function.bound.cls if isinstance(function.bound, Instance) else None
        yield from _method(bound or function.owner, last)
        return
    found = function.scope.lookup(name)
    if isinstance(found, External):
        yield External(f"{found.name}.{last}")
    elif isinstance(found, Module):
        yield from _at(machine, f"{found.name}.{last}")


def _parameters(function: Function) -> list[ast.arg]:
    spec = function.node.args
    return [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]


def _method(cls: Class | None, name: str) -> Iterator[Value]:
    found = cls.lookup(name) if cls else None
    if isinstance(found, (Function, Partial, External)):
        yield found


def escape(machine: Machine, where: str, value: Value, node: ast.AST, scope: Scope) -> bool:
    """Note that something takes a callable that leads to the bootstrap, if it does; return whether."""
    if machine.mode != "init" or not machine.bootstrap:
        return False
    name = reaching(machine, value)
    if name:
        text = f"{name}, given to {where or 'something'}"
        machine.record("dynamic", node, scope, subject=ESCAPED, note=text)
    return bool(name)


def given_away(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """Note which callables a call of something outside of the tree is given."""
    name = dotted(called)
    last = called.name if isinstance(called, Member) else name.rpartition(".")[2]
    home = name.partition(".")[0]
    if home in _HARMLESS or name in _HARMLESS or last in _KEEPING or last in LOG_METHODS:
        return
    if key(name) in THREADS or (name == "builtins.type" and len(given.places) == 1):
        return
    inside = [called.base] if isinstance(called, Member) and isinstance(called.base, (Group, Table)) else []
    for each in (*inside, *given.all()):
        if escape(machine, name or last, each, node, scope):
            return


def left_inside(machine: Machine, made: Instance, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """Note which methods of a new object something else may call: an operator, a base from elsewhere."""
    cls = made.cls
    if cls is None:
        return
    if not cls.lookup("__init__") and any(
        escape(machine, cls.symbol, each, node, scope) for each in given.places
    ):
        return
    foreign = [name for name in cls.outside() if name.partition(".")[0] not in _PLAIN]
    left = [
        (f"an operation of {cls.symbol}" if special or not foreign else foreign[0], value)
        for each in cls.order()
        for name, value in each.names.items()
        if (special := name.startswith("__") and name.endswith("__") and name not in _WALKED)
        or (foreign and name not in _WALKED)
        if isinstance(value, Function)
    ]
    if _any_leads(machine, [value for _, value in left]):
        any(escape(machine, by, value, node, scope) for by, value in left)


def kept_by(machine: Machine, base: Value, value: Value, node: ast.AST, scope: Scope) -> None:
    """Note that an object of which nothing is known keeps a callable, as an attribute or an item."""
    unknown = isinstance(base, Instance) and not base.cls and not base.kind
    if unknown or isinstance(base, Function):
        escape(machine, dotted(base), value, node, scope)
