"""`try` and `with`: what runs only if nothing is raised, and what runs when a block is left."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.binding import assign
from ameide_telemetry.lint.walk.calls import NEXT
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.flows import RAISE, merge, run_arm, short
from ameide_telemetry.lint.walk.generators import begin, resume
from ameide_telemetry.lint.walk.tables import SWALLOWING, key
from ameide_telemetry.lint.walk.values import UNKNOWN, Arguments, Function, Generator, Instance, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["try_", "with_"]

_CALLS: Final = frozenset({"init", "lifespan", "fork"})


def try_(machine: Machine, node: ast.Try | ast.TryStar, scope: Scope) -> int:
    """Execute `try`."""
    fork, before = machine.number(), dict(scope.names)
    swallows = any(not _ends(handler.body) for handler in node.handlers)
    # A `return` there takes the place of the exception.
    swallows |= any(isinstance(each, ast.Return) for each in node.finalbody)
    caught = " or ".join(_caught(handler) for handler in node.handlers) or "exception"
    count = len(node.handlers) + 1 + (swallows and not node.handlers)
    fine = Condition(fork, 0, count, f"no {caught} is raised", soft=not _imports(node))
    flow = _guarded(machine, node.body, scope, fine if swallows else None)
    if flow & NEXT and node.orelse:
        with machine.under(*([fine] if swallows else [])):
            flow = (flow & ~NEXT) | machine.execute(machine, node.orelse, scope)
    arms = [(flow & ~(RAISE if node.handlers else 0) or RAISE, scope.names, fine)]
    for place, handler in enumerate(node.handlers, start=1):
        arm = Condition(fork, place, count, f"{_caught(handler)} is raised")
        start = {**before, **({handler.name: UNKNOWN} if handler.name else {})}
        arms.append((*run_arm(machine, handler.body, scope, start, arm), arm))
    outcome = merge(machine, scope, arms, f"{caught} is raised")
    last = machine.execute(machine, node.finalbody, scope) if node.finalbody else NEXT
    return outcome if last & NEXT else last


def _guarded(machine: Machine, body: Sequence[ast.stmt], scope: Scope, fine: Condition | None) -> int:
    """Run the body of a `try`: what follows its first statement depends on that it raised nothing."""
    if fine is None:
        return machine.execute(machine, body, scope)
    machine.guarded += 1
    before, ways = len(machine.happenings), len(machine.chain)
    flow = machine.execute(machine, body[:1], scope)
    for each in machine.happenings[before:]:
        # What a call or an import leads to stands below other lines that may raise.
        if each.kind in _CALLS and len(each.moment.chain) > ways:
            each.moment = replace(each.moment, conditions=(*each.moment.conditions, fine))
    if flow & NEXT and len(body) > 1:
        with machine.under(fine):
            flow = (flow & ~NEXT) | machine.execute(machine, body[1:], scope)
    machine.guarded -= 1
    return flow


def _imports(node: ast.Try | ast.TryStar) -> bool:
    return any(isinstance(each, (ast.Import, ast.ImportFrom)) for each in node.body)


def _caught(handler: ast.ExceptHandler) -> str:
    return short(handler.type) if handler.type else "exception"


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Return whether a handler leaves the process, or hands the exception on."""
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return ast.unparse(last.value.func) in {"sys.exit", "exit", "quit", "os._exit", "os.abort"}
    return isinstance(last, ast.Raise)


def with_(machine: Machine, node: ast.With | ast.AsyncWith, scope: Scope) -> int:
    """Execute `with`."""
    swallowing, rests = False, []
    for item in node.items:
        given = machine.evaluate(machine, item.context_expr, scope)
        value, rest = begin(machine, given, node, scope)
        rests.append(rest)
        swallowing |= _swallows(given)
        entered = _enter(machine, value, node, scope)
        if item.optional_vars:
            assign(machine, item.optional_vars, entered, scope)
    flow = _body(machine, node, scope) if swallowing else machine.execute(machine, node.body, scope)
    for rest in rests[::-1]:
        resume(machine, rest)
    return flow


def _swallows(value: Value) -> bool:
    """Return whether a block of `with` may end an exception."""
    if isinstance(value, Generator):
        tries = (each for each in ast.walk(value.function.node) if isinstance(each, ast.Try))
        return any(_around_yield(each) for each in tries)
    if not isinstance(value, Instance):
        return False
    leave = value.cls.lookup("__exit__") or value.cls.lookup("__aexit__") if value.cls else None
    if not isinstance(leave, Function):
        return key(value.of) in SWALLOWING
    results = [each.value for each in ast.walk(leave.node) if isinstance(each, ast.Return)]
    return any(each and not (isinstance(each, ast.Constant) and not each.value) for each in results)


def _around_yield(node: ast.Try) -> bool:
    inside = any(isinstance(each, ast.Yield) for statement in node.body for each in ast.walk(statement))
    return inside and any(not _ends(handler.body) for handler in node.handlers)


def _body(machine: Machine, node: ast.With | ast.AsyncWith, scope: Scope) -> int:
    """Run the body of a `with` that suppresses what is raised in it."""
    fine = Condition(machine.number(), 0, 0, "nothing is raised that is suppressed here")
    with machine.under():
        return _guarded(machine, node.body, scope, fine) | NEXT


def _enter(machine: Machine, value: Value, node: ast.With | ast.AsyncWith, scope: Scope) -> Value:
    """Return what `as` binds: the value of `__enter__`, or the object itself where that is not known."""
    if isinstance(value, Instance) and value.cls:
        for name in ("__enter__", "__aenter__"):
            method = value.cls.lookup(name)
            if isinstance(method, Function):
                entered = machine.run(method.bind(value), Arguments(), node, scope)
                return entered if isinstance(entered, Instance) else value
    return value
