"""Definitions of functions and classes, and what their decorators do with them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.binding import assign
from ameide_telemetry.lint.walk.expressions import evaluate, function
from ameide_telemetry.lint.walk.externals import hooked
from ameide_telemetry.lint.walk.hooks import class_made
from ameide_telemetry.lint.walk.scopes import Scope
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Member,
    Partial,
    Value,
    options,
)
from ameide_telemetry.lint.walk.waking import awake, awake_bases
from ameide_telemetry.lint.walk.wrapping import inside_context

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Machine

__all__ = ["define_class", "define_function"]

_WAYS: Final = {
    "builtins.staticmethod": "static",
    "builtins.classmethod": "class",
    "builtins.property": "property",
    "functools.cached_property": "property",
    "django.utils.functional.cached_property": "property",
    "werkzeug.utils.cached_property": "property",
}
_PLAIN_BASES: Final = frozenset(
    {"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "builtins.Exception", "builtins.dict"}
)


def define_function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    """Execute `def`."""
    decorators = [evaluate(machine, each, scope) for each in node.decorator_list]
    made = function(machine, node, scope)
    made.decorators = tuple(filter(None, map(dotted, decorators)))
    made.way = next((_WAYS[name] for name in made.decorators if name in _WAYS), "method")
    if isinstance(scope.parent, Scope) and scope.kind == "class" and node.name == "__new__":
        made.way = "class"
    value: Value = made
    for decorator, place in zip(decorators[::-1], node.decorator_list[::-1], strict=True):
        value = _decorated(machine, decorator, value, place, scope)
    assign(machine, ast.Name(node.name, ast.Store()), value, scope)


def _decorated(machine: Machine, decorator: Value, value: Value, node: ast.expr, scope: Scope) -> Value:
    """Apply a decorator; where nobody knows what it gives, it gives what it was given."""
    for each in options(decorator):
        option = awake(machine, each, Arguments([value])) or each
        inside = inside_context(option, value, node, scope)
        if inside is not None:
            return inside
        if isinstance(option, (Function, Class, Partial)) or _is_bootstrap(machine, option):
            made = machine.call(machine, option, Arguments([value]), node, scope)
            if isinstance(made, (Function, Class, Partial)) and not isinstance(option, Class):
                return made
            if isinstance(made, Instance) and made.cls and made.cls.lookup("__call__"):
                return made
        elif isinstance(option, (Member, Instance, External)):
            hooked(machine, option, value, node, scope)
    return value


def _is_bootstrap(machine: Machine, decorator: Value) -> bool:
    return isinstance(decorator, External) and decorator.name in machine.bootstrap


def define_class(machine: Machine, node: ast.ClassDef, scope: Scope) -> None:
    """Execute `class`: its decorators, bases and body."""
    decorators = [evaluate(machine, each, scope) for each in node.decorator_list]
    bases = tuple(option for each in node.bases for option in options(evaluate(machine, each, scope)))
    given = {keyword.arg: evaluate(machine, keyword.value, scope) for keyword in node.keywords}
    inner = Scope("class", scope.module, scope.inner(node.name), scope)
    inner.names["__qualname__"] = Constant(inner.symbol)
    machine.execute(machine, node.body, inner)
    bases = awake_bases(machine, bases, Arguments([*inner.names.values()]))
    made = Class(inner.symbol, scope.module, bases, inner.names)
    maker = given.get("metaclass")
    made.maker = maker if isinstance(maker, Class) else None
    # Bases from elsewhere, such as pydantic's settings, may fill attributes from anywhere.
    outside = set(made.outside()) - _PLAIN_BASES
    made.fixed = not outside and not decorators and all(isinstance(base, (Class, External)) for base in bases)
    made.fixed &= all(base.fixed for base in bases if isinstance(base, Class))
    for value in inner.names.values():
        if isinstance(value, Function) and value.owner is None:
            value.owner = made
    class_made(machine, made, node, scope)
    result: Value = made
    for decorator, place in zip(decorators[::-1], node.decorator_list[::-1], strict=True):
        result = _decorated(machine, decorator, result, place, scope)
    assign(machine, ast.Name(node.name, ast.Store()), result if result is not UNKNOWN else made, scope)
