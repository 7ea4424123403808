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
from ameide_telemetry.lint.walk.items import rows
from ameide_telemetry.lint.walk.matching import match
from ameide_telemetry.lint.walk.risks import raised
from ameide_telemetry.lint.walk.rounds import again, mentioned, second
from ameide_telemetry.lint.walk.switches import way
from ameide_telemetry.lint.walk.truth import OPTIMIZED, is_there, truth
from ameide_telemetry.lint.walk.values import (
    NEVER,
    NONE,
    UNKNOWN,
    Arguments,
    Constant,
    External,
    Function,
    Group,
    Instance,
    Member,
    Table,
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
        if machine.guards:
            machine.settle()
        row = _TABLE.get(type(node))
        flow = row(machine, node, scope) if row else NEXT
        outcome |= flow & ~NEXT
        if not flow & NEXT:
            return outcome
    return outcome | NEXT


_IN_PLACE: Final[dict[tuple[type, type], str]] = {
    (ast.Add, Group): "extend",
    (ast.BitOr, Group): "update",
    (ast.Sub, Group): "difference_update",
    (ast.BitAnd, Group): "intersection_update",
    (ast.BitXor, Group): "symmetric_difference_update",
    (ast.BitOr, Table): "update",
}


_OURS: Final = {"os.environ": "update", "sys.path": "extend"}


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
    old = evaluate(machine, node.target, scope)
    if isinstance(old, Group) and old.fixed:
        old = Group(old.items)
    ours = _OURS.get(old.name) if isinstance(old, External) else None
    kind = ours or _IN_PLACE.get((type(node.op), type(old)))
    if kind:
        called = External(f"{old.name}.{kind}") if isinstance(old, External) else Member(old, kind)
        machine.call(machine, called, Arguments([value]), node, scope)
    assign(machine, node.target, old if kind else UNKNOWN, scope)
    return NEXT


def _import(machine: Machine, node: ast.Import, scope: Scope) -> int:
    for name, value in import_name(machine, node, scope).items():
        assign(machine, ast.Name(name, ast.Store()), value, scope)
    return NEXT


def _import_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> int:
    for name, value in import_from(machine, node, scope).items():
        assign(machine, ast.Name(name, ast.Store()), value, scope)
    return NEXT


def _return(machine: Machine, node: ast.Return, scope: Scope) -> int:
    value = evaluate(machine, node.value, scope) if node.value else NONE
    if machine.frames:
        frame = machine.frames[-1]
        frame.returned.append(value)
        frame.ways.append(way(machine.conditions[frame.base :]))
    return RETURN


def _raise(machine: Machine, node: ast.Raise, scope: Scope) -> int:
    if node.exc:
        evaluate(machine, node.exc, scope)
    if node.cause:
        evaluate(machine, node.cause, scope)
    machine.risk(raised(node, scope))
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
    machine.risk(NameError, named=True)
    machine.risk(AttributeError, named=True)
    for target in node.targets:
        if isinstance(target, ast.Name):
            scope.names.pop(target.id, None)
        elif isinstance(target, ast.Attribute):
            assign(machine, target, UNKNOWN, scope)
        elif isinstance(target, ast.Subscript):
            machine.risk(LookupError)
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


def _for(machine: Machine, node: ast.For | ast.AsyncFor, scope: Scope) -> int:
    items, rest = begin(machine, _iterated(machine, node, scope), node, scope)
    known = (rows(items) or ())[:_MOST_ITEMS]
    before, mark, flow = scope.names, len(machine.conditions), 0
    state = _state(machine)
    scope.names = dict(before)
    arms = [] if known else [Condition(machine.number(), 1, 0, f"{short(node.iter)} is not empty")]
    # Of loops in loops only the outer one is gone through; the inner ones see all of their items at once.
    some = machine.loops >= _MOST_LOOPS and any(map(is_there, known))
    for value in known if machine.loops < _MOST_LOOPS and known else (join(known),):
        assign(machine, node.target, value, scope)
        machine.loops += 1
        gone = [] if some or is_there(value) else [Condition(machine.number(), 1, 0, _there(node))]
        with machine.under(*arms, *gone):
            last = execute(machine, node.body, scope)
        machine.loops -= 1
        flow |= last
        if not last & (NEXT | CONTINUE):
            break
        if last & (BREAK | RETURN):
            arms = [Condition(machine.number(), 0, 0, _goes_on(node))]
    resume(machine, rest, *([Condition(machine.number(), 0, 0, _goes_on(node))] if flow & _LEAVES else []))
    scope.names = joined([scope.names, before])
    if not known or machine.loops >= _MOST_LOOPS:
        scope.names = again(node, scope.names)
        flow |= second(machine, node, scope, *state)
    return _after_loop(machine, node, scope, flow, mark)


def _iterated(machine: Machine, node: ast.For | ast.AsyncFor, scope: Scope) -> Value:
    value = evaluate(machine, node.iter, scope)
    machine.risk(TypeError, named=not (isinstance(value, Constant) and value.value is None))
    method = value.cls.lookup("__iter__") if isinstance(value, Instance) and value.cls else None
    return (
        machine.call(machine, method.bind(value), Arguments(), node, scope)
        if isinstance(method, Function)
        else value
    )


def _there(node: ast.For | ast.AsyncFor) -> str:
    return f"{short(node.iter)} has the item"


def _goes_on(node: ast.For | ast.AsyncFor | ast.While) -> str:
    return f"the loop in line {node.lineno} goes on to its end"


def _while(machine: Machine, node: ast.While, scope: Scope) -> int:
    answer, yes, _ = condition(machine, node.test, scope)
    if answer is False:
        return execute(machine, node.orelse, scope)
    before, mark, state = scope.names, len(machine.conditions), _state(machine)
    flow, names = run_arm(machine, node.body, scope, before, *([] if answer else [yes]))
    scope.names = again(node, joined([names, before]))
    if flow & (NEXT | CONTINUE):
        flow |= second(machine, node, scope, *state)
    literal = answer and isinstance(node.test, ast.Constant)
    if literal and not any(isinstance(each, ast.Break) for each in ast.walk(node)):
        return flow & RETURN or RAISE
    if answer and not flow & (NEXT | BREAK | CONTINUE):
        return flow
    result = _after_loop(machine, node, scope, flow, mark)
    if answer and not literal and not flow & BREAK and not mentioned(node):
        machine.conditions.append(Condition(machine.number(), 0, 0, f"the loop in line {node.lineno} ends"))
    return result


def _state(machine: Machine) -> tuple[int, tuple[int, int]]:
    return len(machine.happenings), (machine.decided, machine.writes)


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
    if OPTIMIZED in machine.replaced:
        return NEXT
    if truth(evaluate(machine, node.test, scope)) is not True:
        machine.risk(AssertionError)
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
    ast.Match: match,
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
