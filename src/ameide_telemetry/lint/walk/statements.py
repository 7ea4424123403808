"""Statements, in order: what they bind, and whether the next one is reached."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.binding import assign, remove
from ameide_telemetry.lint.walk.calls import NEXT
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.definitions import define_class, define_function
from ameide_telemetry.lint.walk.expressions import condition, evaluate
from ameide_telemetry.lint.walk.flows import BREAK, CONTINUE, RAISE, RETURN, joined, merge, run_arm, short
from ameide_telemetry.lint.walk.generators import begin, resume, whole
from ameide_telemetry.lint.walk.guards import try_, with_
from ameide_telemetry.lint.walk.imports import import_from, import_name
from ameide_telemetry.lint.walk.values import (
    NEVER,
    NONE,
    UNKNOWN,
    Arguments,
    Function,
    Group,
    Instance,
    Value,
    join,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["execute"]

_LEAVES: Final = RETURN | RAISE | BREAK
_MOST_ITEMS: Final = 64
_MOST_LOOPS: Final = 2


def execute(machine: Machine, body: Sequence[ast.stmt], scope: Scope) -> int:
    """Run statements; return how they may end. Conditions that only the rest stands under stay in force."""
    outcome = 0
    for node in body:
        machine.step()
        row = _TABLE.get(type(node))
        flow = row(machine, node, scope) if row else NEXT
        outcome |= flow & ~NEXT
        if not flow & NEXT:
            return outcome
    return outcome | NEXT


def _expression(machine: Machine, node: ast.Expr, scope: Scope) -> int:
    return RAISE if evaluate(machine, node.value, scope) is NEVER else NEXT


def _assign(machine: Machine, node: ast.Assign, scope: Scope) -> int:
    value = evaluate(machine, node.value, scope)
    if value is NEVER:
        return RAISE
    if any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
        value = whole(machine, value, node, scope)
    for target in node.targets:
        assign(machine, target, value, scope)
    return NEXT


def _annotated(machine: Machine, node: ast.AnnAssign, scope: Scope) -> int:
    if node.value:
        assign(machine, node.target, evaluate(machine, node.value, scope), scope)
    return NEXT


def _augmented(machine: Machine, node: ast.AugAssign, scope: Scope) -> int:
    value = evaluate(machine, node.value, scope)
    old = scope.lookup(node.target.id) if isinstance(node.target, ast.Name) else None
    if isinstance(old, Group) and isinstance(value, Group):
        assign(machine, node.target, Group((*old.items, *value.items)), scope)
    else:
        assign(machine, node.target, UNKNOWN, scope)
    return NEXT


def _import(machine: Machine, node: ast.Import, scope: Scope) -> int:
    for name, value in import_name(machine, node, scope).items():
        assign(machine, ast.Name(name), value, scope)
    return NEXT


def _import_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> int:
    for name, value in import_from(machine, node, scope).items():
        assign(machine, ast.Name(name), value, scope)
    return NEXT


def _return(machine: Machine, node: ast.Return, scope: Scope) -> int:
    value = evaluate(machine, node.value, scope) if node.value else NONE
    if machine.frames:
        machine.frames[-1].returned.append(value)
    return RETURN


def _raise(machine: Machine, node: ast.Raise, scope: Scope) -> int:
    if node.exc:
        evaluate(machine, node.exc, scope)
    return RAISE


def _leave(_: Machine, node: ast.stmt, __: Scope) -> int:
    return BREAK if isinstance(node, ast.Break) else CONTINUE


def _global(_: Machine, node: ast.Global, scope: Scope) -> int:
    scope.elsewhere |= dict.fromkeys(node.names, scope.module.scope)
    return NEXT


def _nonlocal(_: Machine, node: ast.Nonlocal, scope: Scope) -> int:
    for name in node.names:
        home = scope.parent
        while home is not None and home.kind == "function" and name not in home.names:
            home = home.parent
        if home is not None:
            scope.elsewhere[name] = home
    return NEXT


def _delete(machine: Machine, node: ast.Delete, scope: Scope) -> int:
    for target in node.targets:
        if isinstance(target, ast.Name):
            scope.names.pop(target.id, None)
        elif isinstance(target, ast.Attribute):
            assign(machine, target, UNKNOWN, scope)
        elif isinstance(target, ast.Subscript):
            remove(machine, target, scope)
    return NEXT


def _if(machine: Machine, node: ast.If, scope: Scope) -> int:
    answer, yes, no = condition(machine, node.test, scope)
    if answer is not None:
        return execute(machine, node.body if answer else node.orelse, scope)
    before = scope.names
    arms = [
        (*run_arm(machine, body, scope, before, arm), arm)
        for body, arm in ((node.body, yes), (node.orelse, no))
    ]
    return merge(machine, scope, arms, node.test)


def _match(machine: Machine, node: ast.Match, scope: Scope) -> int:
    evaluate(machine, node.subject, scope)
    before, fork, arms = scope.names, machine.number(), []
    last = node.cases[-1]
    whole = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
    count = len(node.cases) + (not whole)
    subject = ast.unparse(node.subject)
    for place, case in enumerate(node.cases):
        arm = Condition(fork, place, count, f"{subject} matches {ast.unparse(case.pattern)}")
        arms.append((*run_arm(machine, case.body, scope, before, arm), arm))
    if not whole:
        arms.append((NEXT, dict(before), Condition(fork, count - 1, count, f"{subject} matches nothing")))
    return merge(machine, scope, arms, f"{subject} matches one of the cases")


def _for(machine: Machine, node: ast.For | ast.AsyncFor, scope: Scope) -> int:
    items, rest = begin(machine, _iterated(machine, node, scope), node, scope)
    known = items.items[:_MOST_ITEMS] if isinstance(items, Group) else ()
    before, mark, flow = scope.names, len(machine.conditions), 0
    scope.names = dict(before)
    arms = [] if known else [Condition(machine.number(), 1, 0, f"{short(node.iter)} is not empty")]
    # Of loops in loops only the outer one is gone through; the inner ones see all of their items at once.
    for value in known if machine.loops < _MOST_LOOPS and known else (join(known),):
        assign(machine, node.target, value, scope)
        machine.loops += 1
        with machine.under(*arms):
            last = execute(machine, node.body, scope)
        machine.loops -= 1
        flow |= last
        if not last & (NEXT | CONTINUE):
            break
        if last & (BREAK | RETURN):
            arms = [Condition(machine.number(), 0, 0, _goes_on(node))]
    resume(machine, rest, *([Condition(machine.number(), 0, 0, _goes_on(node))] if flow & _LEAVES else []))
    scope.names = joined([scope.names, before])
    return _after_loop(machine, node, scope, flow, mark)


def _iterated(machine: Machine, node: ast.For | ast.AsyncFor, scope: Scope) -> Value:
    value = evaluate(machine, node.iter, scope)
    method = value.cls.lookup("__iter__") if isinstance(value, Instance) and value.cls else None
    return (
        machine.call(machine, method.bind(value), Arguments(), node, scope)
        if isinstance(method, Function)
        else value
    )


def _goes_on(node: ast.For | ast.AsyncFor | ast.While) -> str:
    return f"the loop in line {node.lineno} goes on to its end"


def _while(machine: Machine, node: ast.While, scope: Scope) -> int:
    answer, yes, _ = condition(machine, node.test, scope)
    if answer is False:
        return execute(machine, node.orelse, scope)
    before, mark = scope.names, len(machine.conditions)
    flow, names = run_arm(machine, node.body, scope, before, *([] if answer else [yes]))
    scope.names = joined([names, before])
    if answer and not any(isinstance(each, ast.Break) for each in ast.walk(node)):
        return flow & RETURN or RAISE
    return _after_loop(machine, node, scope, flow, mark)


def _after_loop(
    machine: Machine, node: ast.For | ast.AsyncFor | ast.While, scope: Scope, flow: int, mark: int
) -> int:
    del machine.conditions[mark:]
    if flow & RETURN:
        machine.conditions.append(Condition(machine.number(), 0, 0, _goes_on(node)))
    arm = [Condition(machine.number(), 0, 0, _goes_on(node))] if flow & BREAK else []
    with machine.under(*arm):
        rest = execute(machine, node.orelse, scope) if node.orelse else NEXT
    return (flow & (RETURN | RAISE)) | rest | NEXT


def _class(machine: Machine, node: ast.ClassDef, scope: Scope) -> int:
    define_class(machine, node, scope)
    return NEXT


def _function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> int:
    define_function(machine, node, scope)
    return NEXT


def _assert(machine: Machine, node: ast.Assert, scope: Scope) -> int:
    evaluate(machine, node.test, scope)
    return NEXT


_TABLE: dict[type[ast.stmt], Callable[..., int]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Break: _leave,
    ast.Continue: _leave,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Delete: _delete,
    ast.If: _if,
    ast.Match: _match,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Try: try_,
    ast.TryStar: try_,
    ast.With: with_,
    ast.AsyncWith: with_,
    ast.ClassDef: _class,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Assert: _assert,
}
