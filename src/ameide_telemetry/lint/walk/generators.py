"""Generators: a call of one runs nothing; its body runs as far as somebody asks for its items."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.values import UNKNOWN, Generator, join, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.machine import Happening, Machine
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["begin", "first", "hand_over", "is_generator", "resume", "whole"]

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_FIRST: Final = frozenset(
    {
        "__aenter__",
        "__anext__",
        "__enter__",
        "__next__",
        "anext",
        "asend",
        "enter_async_context",
        "enter_context",
        "next",
        "send",
    }
)
"""What runs a generator up to its first item."""
_WHOLE: Final = frozenset(
    {
        "all",
        "any",
        "deque",
        "dict",
        "extend",
        "frozenset",
        "fsum",
        "join",
        "list",
        "max",
        "min",
        "set",
        "sorted",
        "sum",
        "tuple",
        "update",
    }
)
"""What takes all items; `any` and `all` may stop before, which the condition of a later item says."""
_SAME: Final = frozenset({"aiter", "enumerate", "iter", "aclosing", "closing", "tee"})
"""What gives the items on, one by one."""


def is_generator(machine: Machine, node: ast.AST) -> bool:
    """Return whether a function has a `yield` of its own."""
    known = machine.sources.facts.get(("yields", node))
    if known is None:
        known = any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in _own(node))
        machine.sources.facts["yields", node] = known
    return known


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a function, but for what is in functions and classes that it defines."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        each = waiting.pop()
        yield each
        if not isinstance(each, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(each))


def begin(machine: Machine, value: Value, node: ast.AST, scope: Scope) -> tuple[Value, list[Happening]]:
    """Run a generator; return what it yields, and what happens only when it goes on after its first item."""
    found: list[Value] = []
    rest: list[Happening] = []
    for option in options(value):
        if not isinstance(option, Generator):
            found.append(option)
        elif not option.done:
            option.done = True
            machine.paused = None
            found.append(machine.enter(machine, option.function, option.arguments, node, scope))
            rest += _rest(machine)
    return join(found), rest


def _rest(machine: Machine) -> list[Happening]:
    return [] if machine.paused is None else machine.happenings[machine.paused :]


def resume(machine: Machine, rest: list[Happening], *under: Condition) -> None:
    """Let a generator go on: what follows its first item happens now, under conditions."""
    for each in rest:
        conditions = (*each.moment.conditions, *under)
        each.moment = replace(each.moment, order=machine.number(), conditions=conditions)


def first(machine: Machine, value: Value, node: ast.AST, scope: Scope) -> Value:
    """Run a generator up to its first item, and never further."""
    value, rest = begin(machine, value, node, scope)
    for each in rest:
        each.dropped = True
    return value


def whole(machine: Machine, value: Value, node: ast.AST, scope: Scope) -> Value:
    """Run a generator to its end."""
    value, _ = begin(machine, value, node, scope)
    return value


def hand_over(machine: Machine, name: str, value: Generator, node: ast.AST, scope: Scope) -> Value | None:
    """Give a generator to something outside of the tree; return what comes of it if that is known."""
    if name in _SAME:
        return value
    if name in _FIRST:
        return first(machine, value, node, scope)
    if name in _WHOLE:
        whole(machine, value, node, scope)
        return None
    return _in_doubt(machine, name, value, node, scope)


def _in_doubt(machine: Machine, name: str, value: Generator, node: ast.AST, scope: Scope) -> Value | None:
    """Nobody knows whether it takes an item: if that would call the bootstrap, this is not resolved."""
    before = len(machine.happenings)
    whole(machine, value, node, scope)
    brought = machine.happenings[before:]
    for each in brought:
        each.dropped = True
    if any(each.kind in {"init", "lifespan", "fork"} for each in brought):
        text = f"{name or 'something'} with {value.function.symbol}(), which runs if it takes an item of it"
        machine.record("dynamic", node, scope, note=text)
    return UNKNOWN if brought else None
