"""Handing on: the applications that a served object of the tree gives its requests to.

A function that serves may name an application by an attribute of a module, take it out of a dictionary, or
ask a getter for it. Nothing of this runs before the first request, so nothing is run here either: every
application that is within its reach counts, and the oldest of them is judged. What it hands its request to
and nobody can tell may be any application that there is. An application that another one mounts is left out:
the outer one sees its requests.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.scopes import Module
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Choice,
    Class,
    Constant,
    External,
    Function,
    Group,
    Instance,
    Member,
    Opaque,
    Partial,
    Table,
    Value,
    join,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ameide_telemetry.lint.walk.machine import Machine

__all__ = ["PYTHON", "Behind", "behind"]

PYTHON: Final = (sys.stdlib_module_names | {"builtins"}) - {"wsgiref"}
"""Modules of Python itself, none of which makes an application."""
_MOST: Final = 400
_NESTED: Final = 24
# Attributes of an application that serve as it does; reading another one hands nothing on.
_SERVING: Final = frozenset({"wsgi_app", "asgi_app", "asgi", "wsgi", "app", "handle", "router", "__call__"})
_CALLED: Final = ("__call__", "__init__", "__new__", "__await__", "__getattr__")
_REQUEST: Final = 2
# What is imported by the first request only is younger than anything that was called before.
_LATER: Final = External("")


@dataclass(slots=True)
class Behind:
    """What is within reach of a served object.

    Attributes:
        found: applications, each once.
        unknown: whether a request is handed to something that nobody can tell.
        machine: the walk, which knows what was imported and what a function keeps.
    """

    machine: Machine
    found: list[Instance] = field(default_factory=list)
    unknown: bool = False
    _seen: set[int] = field(default_factory=set)
    _kept: list[Value] = field(default_factory=list)

    def look(self, values: Iterable[Value]) -> None:
        """Look at values and at what they reach, each once, and at no more than so many."""
        waiting = list(values)
        while waiting and len(self._kept) < _MOST:
            value = waiting.pop()
            if id(value) in self._seen or isinstance(value, (Constant, External, Opaque)):
                continue
            self._seen.add(id(value))
            self._kept.append(value)
            if isinstance(value, Instance) and value.kind:
                self.found += [value] if value.kind != "queue" else []
                # `app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {...})` goes by the application itself.
                waiting += filter(None, [value.names.get("wsgi_app")])
                continue
            row = _REACH.get(type(value))
            waiting += row(value) if row else ()
            if isinstance(value, Function):
                waiting += [*_Body(self, value).mentions(), *self._kept_by(value)]
        self.unknown |= bool(waiting)

    def _kept_by(self, function: Function) -> list[Value]:
        """Return what a function gave that keeps its results."""
        return [value for told, value in self.machine.cached.items() if told[0] is function.node]


def behind(machine: Machine, served: Value) -> Behind:
    """Return what a served object reaches."""
    found = Behind(machine)
    found.look([served])
    return found


def _of_instance(value: Instance) -> list[Value]:
    methods = [value.cls.lookup(name) for name in ("__call__", "__getattr__")] if value.cls else []
    bound = [each.bind(value) for each in methods if isinstance(each, Function)]
    plain = value.cls is None or value.cls.lookup("__init__") is None
    given = value.arguments.all() if value.arguments and plain else []
    return [*value.wraps, *value.names.values(), *given, *bound]


def _of_class(value: Class) -> list[Value]:
    return [each for name in _CALLED if (each := value.lookup(name)) is not None]


def _of_function(value: Function) -> list[Value]:
    return [*value.defaults.values()]


_REACH: Final[dict[type[object], Callable[..., list[Value]]]] = {
    Instance: _of_instance,
    Class: _of_class,
    Function: _of_function,
    Choice: lambda value: list(value.options),
    Group: lambda value: list(value.items),
    Table: lambda value: list(value.items.values()),
    Partial: lambda value: [value.function, *value.arguments.all()],
    Member: lambda value: [value.base],
}


class _Body:
    """The text of a function, as far as it says what it hands on."""

    def __init__(self, behind: Behind, function: Function) -> None:
        self._behind = behind
        self._function = function
        spec = function.node.args
        places = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        rest = [each.arg for each in (*spec.kwonlyargs, spec.vararg, spec.kwarg) if each]
        self._own: dict[str, Value] = {}
        if places and function.bound is not None and function.way != "static":
            self._own[places.pop(0)] = function.bound
        self._request = {*places, *rest}
        self._values: dict[str, list[ast.expr]] = {}
        body = function.node.body
        self._nodes = body if isinstance(body, list) else [body]
        for each in (inner for node in self._nodes for inner in ast.walk(node)):
            self._note(each)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, (ast.Assign, ast.NamedExpr, ast.AnnAssign)) and node.value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for each in targets:
                if isinstance(each, ast.Name):
                    self._values.setdefault(each.id, []).append(node.value)
        if isinstance(node, ast.ImportFrom):
            home = self._home(node)
            names = home.scope.names if home else {}
            for alias in node.names:
                self._own |= {alias.asname or alias.name: names.get(alias.name, _LATER)}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                self._own |= {alias.asname or name: self._behind.machine.modules.get(name, _LATER)}

    def _home(self, node: ast.ImportFrom) -> Module | None:
        above = self._function.module.package.split(".")
        above = above[: len(above) - node.level + 1] if node.level else []
        return self._behind.machine.modules.get(".".join([*above, *filter(None, [node.module])]))

    def mentions(self) -> list[Value]:
        """Return what the function names, calls or takes out of something."""
        found: list[Value] = []
        waiting: list[ast.AST] = list(self._nodes)
        while waiting:
            node = waiting.pop()
            if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
                value = self._value(node)
                found.append(value)
                if isinstance(node, ast.Attribute) and _is_path(node):
                    found[-1] = _handing(value)
                    continue
            elif isinstance(node, ast.Call):
                self._judge(node)
            waiting += ast.iter_child_nodes(node)
        return found

    def _judge(self, node: ast.Call) -> None:
        """Note that a request is handed to something unknown."""
        given = {each.id for each in node.args if isinstance(each, ast.Name)}
        starred = any(isinstance(each, ast.Starred) for each in node.args)
        if len(given & self._request) < _REQUEST and not (starred and self._request):
            return
        if isinstance(node.func, ast.Name) and node.func.id in self._request:
            return
        for each in options(self._value(node.func)):
            name = each.name.partition(".")[0] if isinstance(each, External) else ""
            self._behind.unknown |= isinstance(each, Opaque) or name in PYTHON

    def _value(self, node: ast.AST, depth: int = 0) -> Value:
        """Return what an expression stands for, as far as that is to be seen without running anything."""
        if depth > _NESTED:
            return UNKNOWN
        row = _VALUES.get(type(node))
        return row(self, node, depth + 1) if row else UNKNOWN

    def name(self, node: ast.Name, depth: int) -> Value:
        """Return what a name stands for when a request comes."""
        if node.id in self._own:
            return self._own[node.id]
        local = self._values.get(node.id, [])
        known = self._function.scope.lookup(node.id)
        if node.id in self._request:
            return UNKNOWN
        return join([*([known] if known else []), *(self._value(each, depth) for each in local)])

    def attribute(self, node: ast.Attribute, depth: int) -> Value:
        """Return an attribute of a module, a class or an object."""
        return join(_attribute(each, node.attr) for each in options(self._value(node.value, depth)))

    def item(self, node: ast.Subscript, depth: int) -> Value:
        """Return any item of a list or of a dictionary."""
        found: list[Value] = []
        for each in options(self._value(node.value, depth)):
            if isinstance(each, (Group, Table)):
                items = each.items if isinstance(each, Group) else tuple(each.items.values())
                found.append(Group(items))
            else:
                found.append(UNKNOWN)
        return join(found)

    def called(self, node: ast.Call, depth: int) -> Value:
        """Return what is called: what that reaches may be what comes of it."""
        return self._value(node.func, depth)

    def either(self, node: ast.BoolOp | ast.IfExp, depth: int) -> Value:
        """Return any of several."""
        parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        return join(self._value(each, depth) for each in parts)

    def inner(self, node: ast.Await | ast.NamedExpr, depth: int) -> Value:
        """Return what stands inside."""
        return self._value(node.value, depth)


def _is_path(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _handing(value: Value) -> Value:
    """Return a value, unless it is a part of an application that serves nothing."""
    root, first = value, ""
    while isinstance(root, Member):
        first, root = root.name, root.base
    is_part = first and isinstance(root, Instance) and root.kind
    return value if not is_part else root if first in _SERVING else UNKNOWN


def _attribute(base: Value, name: str) -> Value:
    if isinstance(base, Module):
        found = base.scope.names.get(name)
        return found if found is not None else UNKNOWN
    if isinstance(base, Instance):
        known = base.names.get(name)
        if known is None and base.cls:
            known = base.cls.lookup(name)
            known = known.bind(base) if isinstance(known, Function) else known
        return Member(base, name) if known is None and (base.kind or not base.cls) else known or UNKNOWN
    if isinstance(base, Class):
        known = base.lookup(name) or UNKNOWN
        return known.bind(base) if isinstance(known, Function) and known.way == "class" else known
    if isinstance(base, External):
        return External(f"{base.name}.{name}")
    return Member(base, name) if isinstance(base, (Group, Table, Member)) else UNKNOWN


_VALUES: Final[dict[type[ast.AST], Callable[..., Value]]] = {
    ast.Name: _Body.name,
    ast.Attribute: _Body.attribute,
    ast.Subscript: _Body.item,
    ast.Call: _Body.called,
    ast.BoolOp: _Body.either,
    ast.IfExp: _Body.either,
    ast.Await: _Body.inner,
    ast.NamedExpr: _Body.inner,
}
