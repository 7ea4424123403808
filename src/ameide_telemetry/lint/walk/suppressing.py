"""Who ends an exception: handlers that go on, blocks of `with` that suppress, stacks of such blocks."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.risks import ANYTHING, Handler, kinds
from ameide_telemetry.lint.walk.tables import SWALLOWING, key
from ameide_telemetry.lint.walk.values import UNKNOWN, External, Function, Generator, Group, Instance, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.values import Arguments

__all__ = ["enter_stack", "handlers", "is_stack", "leaves", "suppressor"]

_EXITS: Final = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort"})
_STACKS: Final = frozenset({("contextlib", "ExitStack"), ("contextlib", "AsyncExitStack")})
_ENTERING: Final = frozenset({"enter_context", "enter_async_context", "push", "push_async_exit"})
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_DEEPEST: Final = 3
_PERHAPS: Final = Handler(ANYTHING, others=True, always=False)


def handlers(machine: Machine, node: ast.Try | ast.TryStar, scope: Scope) -> tuple[Handler, ...]:
    """Return who is told of what is raised in a `try`."""
    if _jumps(node.finalbody):
        # It takes the place of the exception.
        return (Handler(ANYTHING),)
    found: list[Handler] = []
    for each in node.handlers:
        told = kinds(_class(machine, each.type, scope) if each.type else None)
        found.append(replace(told, passes=leaves(each.body, scope)))
    return tuple(found)


def _class(machine: Machine, node: ast.expr, scope: Scope) -> Value:
    """Return what a handler names; what it would call to know that, it calls when something is raised."""
    plain = (ast.Name, ast.Attribute, ast.Tuple, ast.expr_context)
    known = all(isinstance(each, plain) for each in ast.walk(node))
    return machine.evaluate(machine, node, scope) if known else UNKNOWN


def leaves(body: Sequence[ast.stmt], scope: Scope, depth: int = 0) -> bool:
    """Return whether statements hand an exception on, or leave the process, whichever way they go."""
    if _jumps(body):
        return False
    return any(_leaves(each, scope, depth) for each in body)


def _leaves(node: ast.stmt, scope: Scope, depth: int) -> bool:
    if isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.Expr):
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        return isinstance(call, ast.Call) and _never_returns(call.func, scope, depth)
    if isinstance(node, ast.If):
        return leaves(node.body, scope, depth) and leaves(node.orelse, scope, depth)
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return not any("suppress" in ast.unparse(each) for each in node.items) and leaves(
            node.body, scope, depth
        )
    if isinstance(node, (ast.Try, ast.TryStar)):
        bodies = [node.body, *(each.body for each in node.handlers)]
        return leaves(node.finalbody, scope, depth) or all(leaves(each, scope, depth) for each in bodies)
    return False


def _never_returns(called: ast.expr, scope: Scope, depth: int) -> bool:
    if ast.unparse(called) in _EXITS:
        return True
    found = scope.lookup(called.id) if isinstance(called, ast.Name) else None
    if isinstance(found, External):
        return found.name in _EXITS
    if not isinstance(found, Function) or depth >= _DEEPEST or isinstance(found.node, ast.Lambda):
        return False
    return leaves(found.node.body, found.scope, depth + 1)


def _jumps(body: Sequence[ast.stmt], *, loops: bool = True) -> bool:
    """Return whether a statement leaves the place where these stand, other than by an exception."""
    for each in body:
        if isinstance(each, _FUNCTIONS):
            continue
        if isinstance(each, ast.Return):
            return True
        if isinstance(each, (ast.Break, ast.Continue)) and loops:
            return True
        inner = loops and not isinstance(each, _LOOPS)
        if any(_jumps(some, loops=inner) for some in _bodies(each)):
            return True
    return False


def _bodies(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for each in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield each.body


def suppressor(value: Value) -> Handler | None:
    """Return who is told of what is raised in a block of `with`; None if nobody ends it."""
    if isinstance(value, Generator):
        return _PERHAPS if _goes_on(value.function) else None
    if isinstance(value, Function):
        return _PERHAPS if _says_yes(value) else None
    if not isinstance(value, Instance):
        return None
    leave = value.cls.lookup("__exit__") or value.cls.lookup("__aexit__") if value.cls else None
    if isinstance(leave, Function):
        return _PERHAPS if _says_yes(leave) else None
    outside = list(value.cls.outside()) if value.cls else [value.of]
    if not any(key(name) in SWALLOWING for name in outside):
        return None
    given = value.arguments
    told = kinds(Group(tuple(given.places))) if given and given.whole and not value.cls else _PERHAPS
    return told if told.kinds or told.others else None


def _says_yes(leave: Function) -> bool:
    """Return whether what is called at the end of a block may say that the exception is over."""
    if isinstance(leave.node, ast.Lambda):
        return not (isinstance(leave.node.body, ast.Constant) and not leave.node.body.value)
    results = [each.value for each in ast.walk(leave.node) if isinstance(each, ast.Return)]
    return any(each and not (isinstance(each, ast.Constant) and not each.value) for each in results)


def _goes_on(function: Function) -> bool:
    """Return whether a generator that is paused may end an exception that is thrown into it."""
    return any(_around_yield(each, function.scope) for each in ast.walk(function.node))


def _around_yield(node: ast.AST, scope: Scope) -> bool:
    if isinstance(node, (ast.With, ast.AsyncWith)):
        around = any("suppress" in ast.unparse(each) for each in node.items)
    elif isinstance(node, (ast.Try, ast.TryStar)):
        around = _jumps(node.finalbody) or any(not leaves(each.body, scope) for each in node.handlers)
    else:
        return False
    return around and any(isinstance(each, ast.Yield) for inner in node.body for each in ast.walk(inner))


def is_stack(value: Value) -> bool:
    """Return whether something is a stack of exits."""
    outside = value.cls.outside() if isinstance(value, Instance) and value.cls else ()
    names = [value.of, *outside] if isinstance(value, Instance) else []
    return any(key(name) in _STACKS for name in names)


def enter_stack(machine: Machine, base: Value, name: str, given: Arguments) -> None:
    """Note that a stack of exits is given somebody who ends exceptions from now on."""
    if name not in _ENTERING or not given.places:
        return
    told = suppressor(given.places[0])
    for each in machine.guards if told else ():
        if each.owner is base and told:
            each.handlers = (told, *each.handlers)
