"""Statements, in order: what they bind, and whether the next one is reached."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.calls import NEXT
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.definitions import define_class, define_function
from ameide_telemetry.lint.walk.expressions import assign, condition, evaluate
from ameide_telemetry.lint.walk.generators import begin, resume, whole
from ameide_telemetry.lint.walk.imports import import_from, import_name
from ameide_telemetry.lint.walk.tables import SWALLOWING, key
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

_RETURN: Final = 2
_RAISE: Final = 4
_BREAK: Final = 8
_CONTINUE: Final = 16
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
    return _RAISE if evaluate(machine, node.value, scope) is NEVER else NEXT


def _assign(machine: Machine, node: ast.Assign, scope: Scope) -> int:
    value = evaluate(machine, node.value, scope)
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
    return _RETURN


def _raise(machine: Machine, node: ast.Raise, scope: Scope) -> int:
    if node.exc:
        evaluate(machine, node.exc, scope)
    return _RAISE


def _leave(_: Machine, node: ast.stmt, __: Scope) -> int:
    return _BREAK if isinstance(node, ast.Break) else _CONTINUE


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
    return NEXT


def _arm(
    machine: Machine, body: Sequence[ast.stmt], scope: Scope, before: dict[str, Value], *under: Condition
) -> tuple[int, dict[str, Value]]:
    """Run one arm from the names that were there before; return how it ends and the names after it."""
    scope.names = dict(before)
    with machine.under(*under):
        flow = execute(machine, body, scope)
    return flow, scope.names


def _merge(
    machine: Machine, scope: Scope, arms: list[tuple[int, dict[str, Value], Condition]], text: ast.expr | str
) -> int:
    """Join what the arms of a fork leave behind, and put the rest under what it needs."""
    through = [arm for arm in arms if arm[0] & NEXT]
    scope.names = _joined([names for _, names, _ in through or arms])
    flow = 0
    for arm, _, _ in arms:
        flow |= arm
    left = flow & (_RETURN | _BREAK | _CONTINUE | (_RAISE if machine.guarded else 0))
    if flow & NEXT and left:
        if len(through) == 1 and through[0][0] == NEXT:
            machine.conditions.append(through[0][2])
        else:
            documented = all(arm[2].documented for arm in arms)
            machine.conditions.append(
                Condition(machine.number(), 0, 0, text, negated=True, documented=documented)
            )
    return flow


def _joined(names: list[dict[str, Value]]) -> dict[str, Value]:
    first, *others = names
    result = dict(first)
    for other in others:
        for name, value in other.items():
            known = result.get(name)
            if known is not value:
                result[name] = value if known is None else join([known, value])
    return result


def _if(machine: Machine, node: ast.If, scope: Scope) -> int:
    answer, yes, no = condition(machine, node.test, scope)
    if answer is not None:
        return execute(machine, node.body if answer else node.orelse, scope)
    before = scope.names
    arms = [
        (*_arm(machine, body, scope, before, arm), arm) for body, arm in ((node.body, yes), (node.orelse, no))
    ]
    return _merge(machine, scope, arms, node.test)


def _match(machine: Machine, node: ast.Match, scope: Scope) -> int:
    evaluate(machine, node.subject, scope)
    before, fork, arms = scope.names, machine.number(), []
    last = node.cases[-1]
    whole = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
    count = len(node.cases) + (not whole)
    subject = ast.unparse(node.subject)
    for place, case in enumerate(node.cases):
        arm = Condition(fork, place, count, f"{subject} matches {ast.unparse(case.pattern)}")
        arms.append((*_arm(machine, case.body, scope, before, arm), arm))
    if not whole:
        arms.append((NEXT, dict(before), Condition(fork, count - 1, count, f"{subject} matches nothing")))
    return _merge(machine, scope, arms, f"{subject} matches one of the cases")


def _for(machine: Machine, node: ast.For | ast.AsyncFor, scope: Scope) -> int:
    items, rest = begin(machine, evaluate(machine, node.iter, scope), node, scope)
    known = items.items[:_MOST_ITEMS] if isinstance(items, Group) else ()
    before, mark, flow = scope.names, len(machine.conditions), 0
    scope.names = dict(before)
    arms = [] if known else [Condition(machine.number(), 1, 0, f"{_short(node.iter)} is not empty")]
    # Of loops in loops only the outer one is gone through; the inner ones see all of their items at once.
    for value in known if machine.loops < _MOST_LOOPS and known else (join(known),):
        assign(machine, node.target, value, scope)
        machine.loops += 1
        with machine.under(*arms):
            last = execute(machine, node.body, scope)
        machine.loops -= 1
        flow |= last
        if not last & (NEXT | _CONTINUE):
            break
        if last & (_BREAK | _RETURN):
            arms = [Condition(machine.number(), 0, 0, _goes_on(node))]
    resume(machine, rest)
    scope.names = _joined([scope.names, before])
    return _after_loop(machine, node, scope, flow, mark)


def _goes_on(node: ast.For | ast.AsyncFor | ast.While) -> str:
    return f"the loop in line {node.lineno} goes on to its end"


def _while(machine: Machine, node: ast.While, scope: Scope) -> int:
    answer, yes, _ = condition(machine, node.test, scope)
    if answer is False:
        return execute(machine, node.orelse, scope)
    before, mark = scope.names, len(machine.conditions)
    flow, names = _arm(machine, node.body, scope, before, *([] if answer else [yes]))
    scope.names = _joined([names, before])
    if answer and not any(isinstance(each, ast.Break) for each in ast.walk(node)):
        return flow & _RETURN or _RAISE
    return _after_loop(machine, node, scope, flow, mark)


def _after_loop(
    machine: Machine, node: ast.For | ast.AsyncFor | ast.While, scope: Scope, flow: int, mark: int
) -> int:
    del machine.conditions[mark:]
    if flow & _RETURN:
        machine.conditions.append(Condition(machine.number(), 0, 0, _goes_on(node)))
    arm = [Condition(machine.number(), 0, 0, _goes_on(node))] if flow & _BREAK else []
    with machine.under(*arm):
        rest = execute(machine, node.orelse, scope) if node.orelse else NEXT
    return (flow & (_RETURN | _RAISE)) | rest | NEXT


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 60 else f"{text[:57]}..."  # noqa: PLR2004


def _try(machine: Machine, node: ast.Try | ast.TryStar, scope: Scope) -> int:
    fork, before = machine.number(), dict(scope.names)
    swallows = any(not _ends(handler.body) for handler in node.handlers)
    caught = " or ".join(_caught(handler) for handler in node.handlers)
    count = len(node.handlers) + 1
    fine = Condition(fork, 0, count, f"no {caught} is raised", soft=not _imports(node))
    flow = _guarded(machine, node.body, scope, fine if swallows else None)
    if flow & NEXT and node.orelse:
        with machine.under(*([fine] if swallows else [])):
            flow = (flow & ~NEXT) | execute(machine, node.orelse, scope)
    arms = [(flow & ~(_RAISE if node.handlers else 0) or _RAISE, scope.names, fine)]
    for place, handler in enumerate(node.handlers, start=1):
        arm = Condition(fork, place, count, f"{_caught(handler)} is raised")
        start = {**before, **({handler.name: UNKNOWN} if handler.name else {})}
        arms.append((*_arm(machine, handler.body, scope, start, arm), arm))
    outcome = _merge(machine, scope, arms, f"{caught} is raised")
    last = execute(machine, node.finalbody, scope) if node.finalbody else NEXT
    return outcome if last & NEXT else last


def _guarded(machine: Machine, body: Sequence[ast.stmt], scope: Scope, fine: Condition | None) -> int:
    """Run the body of a `try`: what follows its first statement depends on that it raised nothing."""
    if fine is None:
        return execute(machine, body, scope)
    machine.guarded += 1
    flow = execute(machine, body[:1], scope)
    if flow & NEXT and len(body) > 1:
        with machine.under(fine):
            flow = (flow & ~NEXT) | execute(machine, body[1:], scope)
    machine.guarded -= 1
    return flow


def _imports(node: ast.Try | ast.TryStar) -> bool:
    return any(isinstance(each, (ast.Import, ast.ImportFrom)) for each in node.body)


def _caught(handler: ast.ExceptHandler) -> str:
    return _short(handler.type) if handler.type else "exception"


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Return whether a handler leaves the process, or hands the exception on."""
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return ast.unparse(last.value.func) in {"sys.exit", "exit", "quit", "os._exit", "os.abort"}
    return isinstance(last, ast.Raise)


def _with(machine: Machine, node: ast.With | ast.AsyncWith, scope: Scope) -> int:
    swallowing, rests = False, []
    for item in node.items:
        value, rest = begin(machine, evaluate(machine, item.context_expr, scope), node, scope)
        rests.append(rest)
        swallowing |= isinstance(value, Instance) and key(value.of) in SWALLOWING
        entered = _enter(machine, value, node, scope)
        if item.optional_vars:
            assign(machine, item.optional_vars, entered, scope)
    flow = _body(machine, node, scope) if swallowing else execute(machine, node.body, scope)
    for rest in rests[::-1]:
        resume(machine, rest)
    return flow


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
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.ClassDef: _class,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Assert: _assert,
}
