"""Functions that stand in no file: what a library makes of one that it is given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.scopes import Scope
from ameide_telemetry.lint.walk.suppressing import suppressor
from ameide_telemetry.lint.walk.tables import CONTEXTS
from ameide_telemetry.lint.walk.values import (
    Arguments,
    Class,
    Coroutine,
    External,
    Function,
    Generator,
    Instance,
    Partial,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.lint.walk.machine import Machine

__all__ = ["in_a_thread", "inside_context", "mapped"]

_DECORATORS: Final = frozenset({"ContextDecorator", "AsyncContextDecorator"})
_INSIDE: Final = """
def inside(*args, **kwargs):
    with {context}:
        return called(*args, **kwargs)
"""
_LATER: Final = """
async def in_a_thread():
    return called()
"""
_EACH: Final = """
def mapped():
    for item in items:
        yield called(item)
"""
_CALLABLE: Final = (Function, Partial, Class)


def _made(text: str, names: Mapping[str, Value], node: ast.AST, scope: Scope) -> Function:
    made = ast.parse(text).body[0]
    if not isinstance(made, (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise TypeError
    for each in ast.walk(made):
        ast.copy_location(each, node)
    home = Scope("function", scope.module, scope.symbol, scope, dict(names))
    return Function(made, home, scope.module, scope.inner(made.name))


def in_a_thread(given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    """Return what `asyncio.to_thread` gives: it runs once somebody awaits it."""
    if not given.places:
        return None
    called = Partial(given.places[0], Arguments(given.places[1:], given.names, given.whole))
    return Coroutine(_made(_LATER, {"called": called}, node, scope), Arguments())


def mapped(machine: Machine, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    """Return what `map` and `filter` give: a function is called for each item that somebody asks for."""
    if len(given.places) != 2 or not given.whole:  # noqa: PLR2004
        return None
    called, items = given.places
    ours = isinstance(called, External) and called.name in machine.bootstrap
    if not ours and not isinstance(called, _CALLABLE):
        return None
    return Generator(_made(_EACH, {"called": called, "items": items}, node, scope), Arguments())


def inside_context(context: Value, called: Value, node: ast.AST, scope: Scope) -> Value | None:
    """Return a function that is decorated by a context: it runs in a block of that, each time anew."""
    if isinstance(context, Generator):
        if not any(name.rpartition(".")[2] in CONTEXTS for name in context.function.decorators):
            return None
        names = {"context": Partial(context.function, context.arguments), "called": called}
        return _made(_INSIDE.format(context="context()"), names, node, scope)
    if not isinstance(context, Instance):
        return None
    outside = context.cls.outside() if context.cls else ()
    if any(name.rpartition(".")[2] in _DECORATORS for name in outside) or suppressor(context):
        return _made(_INSIDE.format(context="context"), {"context": context, "called": called}, node, scope)
    return None
