"""`try` and `with`: what runs only if nothing is raised, and what runs when a block is left."""

from __future__ import annotations

import ast
from collections import Counter
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.binding import assign
from ameide_telemetry.lint.walk.calls import NEXT
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.flows import BREAK, CONTINUE, RAISE, RETURN, joined, merge, run_arm, short
from ameide_telemetry.lint.walk.generators import begin, resume
from ameide_telemetry.lint.walk.hooks import leave
from ameide_telemetry.lint.walk.suppressing import handlers, is_stack, suppressor
from ameide_telemetry.lint.walk.values import UNKNOWN, Arguments, Function, Instance, Value, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.risks import Guard
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["try_", "with_"]

_LEAVES: Final = RETURN | BREAK | CONTINUE


def try_(machine: Machine, node: ast.Try | ast.TryStar, scope: Scope) -> int:
    """Execute `try`."""
    fork, before = machine.number(), dict(scope.names)
    told = handlers(machine, node, scope)
    swallows = any(not each.passes and (each.kinds or each.others) for each in told)
    caught = " or ".join(_caught(handler) for handler in node.handlers) or "exception"
    count = len(node.handlers) + 1 + (swallows and not node.handlers)
    fine = Condition(fork, 0, count, f"no {caught} is raised", soft=not _imports(node))
    with machine.under() if swallows else nullcontext():
        with machine.guard(fine, told) as guard:
            flow = _guarded(machine, node.body, scope, swallows=swallows)
        left = _halfway(node.body, before, scope.names) if guard.risky else before
        if flow & NEXT and node.orelse:
            machine.conditions += [fine] if guard.risky else []
            flow = (flow & ~NEXT) | machine.execute(machine, node.orelse, scope)
    arms = [(flow & ~(RAISE if node.handlers else 0) or RAISE, scope.names, fine)]
    for place, handler in enumerate(node.handlers, start=1):
        arm = Condition(fork, place, count, f"{_caught(handler)} is raised")
        start = {**left, **({handler.name: UNKNOWN} if handler.name else {})}
        arms.append((*run_arm(machine, handler.body, scope, start, arm), arm))
    outcome = merge(machine, scope, arms, f"{caught} is raised")
    last = machine.execute(machine, node.finalbody, scope) if node.finalbody else NEXT
    return outcome if last & NEXT else last


def _halfway(body: Sequence[ast.stmt], before: dict[str, Value], after: dict[str, Value]) -> dict[str, Value]:
    """Return what names may mean where an exception left a block; what it binds twice may be anything."""
    names = joined([before, after])
    stored = [each for part in body for each in ast.walk(part) if isinstance(each, ast.Name)]
    counts = Counter(each.id for each in stored if isinstance(each.ctx, ast.Store))
    for name, count in counts.items():
        if count > 1 and name in names:
            names[name] = join([names[name], UNKNOWN])
    return names


def _guarded(machine: Machine, body: Sequence[ast.stmt], scope: Scope, *, swallows: bool) -> int:
    """Run a block; `swallows` if the process goes on after an exception in it."""
    machine.guarded += swallows
    flow = machine.execute(machine, body, scope)
    machine.guarded -= swallows
    return flow


def _imports(node: ast.Try | ast.TryStar) -> bool:
    return any(isinstance(each, (ast.Import, ast.ImportFrom)) for each in node.body)


def _caught(handler: ast.ExceptHandler) -> str:
    return short(handler.type) if handler.type else "exception"


def with_(machine: Machine, node: ast.With | ast.AsyncWith, scope: Scope) -> int:
    """Execute `with`."""
    rests, left, flow, before = [], [], NEXT, dict(scope.names)
    with ExitStack() as entered:
        guards: list[Guard] = []
        for item in node.items:
            given = machine.evaluate(machine, item.context_expr, scope)
            value, rest = begin(machine, given, node, scope)
            rests.append(rest)
            left.append(value)
            inside = _enter(machine, value, node, scope)
            guards += [entered.enter_context(each) for each in _guard(machine, given, value)]
            if item.optional_vars:
                assign(machine, item.optional_vars, inside, scope)
        mark = len(machine.conditions)
        flow = _guarded(machine, node.body, scope, swallows=bool(guards))
        if any(each.risky for each in guards):
            scope.names = _halfway(node.body, before, scope.names)
            flow |= NEXT
        if guards:
            del machine.conditions[mark:]
    if guards and flow & NEXT and flow & _LEAVES:
        text = f"the block in line {node.lineno} is not left before its end"
        machine.conditions.append(Condition(machine.number(), 0, 0, text))
    for rest, value in zip(rests[::-1], left[::-1], strict=True):
        resume(machine, rest)
        leave(machine, value, node, scope)
    return flow


def _guard(machine: Machine, given: Value, value: Value) -> Iterator[AbstractContextManager[Guard]]:
    """Yield the guard of a block whose exceptions are ended, or may be by what a stack is given later."""
    told = suppressor(given)
    if told or is_stack(value):
        fine = Condition(machine.number(), 0, 0, "nothing is raised that is suppressed here")
        yield machine.guard(fine, (told,) if told else (), value)


def _enter(machine: Machine, value: Value, node: ast.With | ast.AsyncWith, scope: Scope) -> Value:
    """Return what `as` binds: the value of `__enter__`, or the object itself where that is not known."""
    if isinstance(value, Instance) and value.cls:
        for name in ("__enter__", "__aenter__"):
            method = value.cls.lookup(name)
            if isinstance(method, Function):
                entered = machine.run(method.bind(value), Arguments(), node, scope)
                return entered if isinstance(entered, Instance) else value
    return value
