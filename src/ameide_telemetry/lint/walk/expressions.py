"""Expressions: what they stand for; what they call is called, in order."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import attribute
from ameide_telemetry.lint.walk.binding import assign
from ameide_telemetry.lint.walk.calls import finish
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.generators import whole
from ameide_telemetry.lint.walk.truth import truth
from ameide_telemetry.lint.walk.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Constant,
    External,
    Function,
    Generator,
    Group,
    Setting,
    Table,
    Value,
    applications,
    join,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["condition", "evaluate", "function"]


def evaluate(machine: Machine, node: ast.expr, scope: Scope) -> Value:
    """Return what an expression stands for."""
    row = _TABLE.get(type(node))
    if row is None or machine.depth > _DEEPEST:
        return UNKNOWN
    machine.depth += 1
    value = row(machine, node, scope)
    machine.depth -= 1
    return value


def condition(machine: Machine, test: ast.expr, scope: Scope) -> tuple[bool | None, Condition, Condition]:
    """Evaluate a test; return the answer if it is known, and the conditions of both arms."""
    value = evaluate(machine, test, scope)
    answer = truth(value)
    if answer is not None and not isinstance(test, ast.Constant):
        machine.decided += 1
    fork = machine.number()
    documented = isinstance(value, Setting) and _is_switch(value.name)
    return (
        answer,
        Condition(fork, 1, 2, test, documented=documented),
        Condition(fork, 0, 2, test, negated=True, documented=documented),
    )


def _is_switch(name: str) -> bool:
    return name == "OTEL_SDK_DISABLED" or name.startswith("AMEIDE_TELEMETRY_")


def _constant(_: Machine, node: ast.Constant, __: Scope) -> Value:
    return Constant(node.value)


def _name(_: Machine, node: ast.Name, scope: Scope) -> Value:
    found = scope.lookup(node.id)
    if found is not None:
        return found
    stars = scope.module.stars
    if stars and node.id not in _BUILTINS:
        return External(f"{stars[-1]}.{node.id}")
    return External(f"builtins.{node.id}")


_DEEPEST: Final = 150
_BUILTINS: Final = frozenset(dir(builtins))


def _attribute(machine: Machine, node: ast.Attribute, scope: Scope) -> Value:
    base = evaluate(machine, node.value, scope)
    return join(attribute(machine, option, node.attr, node, scope) for option in options(base))


def _call(machine: Machine, node: ast.Call, scope: Scope) -> Value:
    machine.step()
    called = evaluate(machine, node.func, scope)
    given = Arguments()
    for each in node.args:
        _place(machine, each, given, scope)
    for keyword in node.keywords:
        value = evaluate(machine, keyword.value, scope)
        if keyword.arg:
            given.names[keyword.arg] = value
        elif isinstance(value, Table):
            given.names |= {name: item for name, item in value.items.items() if isinstance(name, str)}
        else:
            given.whole = False
    return machine.call(machine, called, given, node, scope)


def _place(machine: Machine, node: ast.expr, given: Arguments, scope: Scope) -> None:
    if isinstance(node, ast.Starred):
        value = whole(machine, evaluate(machine, node.value, scope), node, scope)
        given.places += value.items if isinstance(value, Group) else ()
        given.whole &= isinstance(value, Group)
    else:
        given.places.append(evaluate(machine, node, scope))


def _group(machine: Machine, node: ast.Tuple | ast.List | ast.Set, scope: Scope) -> Value:
    given = Arguments()
    for each in node.elts:
        _place(machine, each, given, scope)
    return Group(tuple(given.places))


def _table(machine: Machine, node: ast.Dict, scope: Scope) -> Value:
    items: dict[object, Value] = {}
    for name, item in zip(node.keys, node.values, strict=True):
        value = evaluate(machine, item, scope)
        known = evaluate(machine, name, scope) if name else value
        if name is None and isinstance(known, Table):
            items |= known.items
        elif isinstance(known, Constant):
            items[known.value] = value
    return Table(items)


def _either(machine: Machine, node: ast.BoolOp, scope: Scope) -> Value:
    """Evaluate `a and b`, `a or b`: what follows an operand depends on it."""
    stops = isinstance(node.op, ast.Or)
    found: list[Value] = []
    with machine.under():
        for operand in node.values:
            value = evaluate(machine, operand, scope)
            answer = truth(value)
            if answer is stops:
                found.append(value)
                break
            if answer is None or operand is node.values[-1]:
                found.append(value)
            if answer is None:
                machine.conditions.append(
                    Condition(machine.number(), int(not stops), 2, operand, stops, _documented(value))
                )
    if all(isinstance(value, Setting) for value in found) and found:
        return _of_settings(found)
    return (
        join(found)
        if not stops
        else join(value for value in found if truth(value) is not False or value is found[-1])
    )


def _of_settings(values: Sequence[Value]) -> Value:
    """Return the one of several variables that counts: the one that is no documented switch."""
    return next((value for value in values if not _documented(value)), values[0])


def _documented(value: Value) -> bool:
    return isinstance(value, Setting) and _is_switch(value.name)


def _if(machine: Machine, node: ast.IfExp, scope: Scope) -> Value:
    answer, yes, no = condition(machine, node.test, scope)
    found: list[Value] = []
    for arm, wanted, body in ((yes, True, node.body), (no, False, node.orelse)):
        if answer is None:
            with machine.under(arm):
                found.append(evaluate(machine, body, scope))
        elif answer is wanted:
            found.append(evaluate(machine, body, scope))
    return join(found)


def _not(machine: Machine, node: ast.UnaryOp, scope: Scope) -> Value:
    value = evaluate(machine, node.operand, scope)
    answer = truth(value)
    if isinstance(node.op, ast.Not) and answer is not None:
        return Constant(not answer)
    return value if isinstance(value, Setting) else UNKNOWN


def _compare(machine: Machine, node: ast.Compare, scope: Scope) -> Value:
    values = [evaluate(machine, each, scope) for each in (node.left, *node.comparators)]
    settings = [value for value in values if isinstance(value, Setting)]
    if settings:
        plain = all(isinstance(value, (Constant, Setting, Group)) for value in values)
        return _of_settings(settings) if plain else UNKNOWN
    if len(values) != 2 or not all(isinstance(value, Constant) for value in values):  # noqa: PLR2004
        return _is_none(node, values)
    left, right = (value.value for value in values if isinstance(value, Constant))
    if isinstance(node.ops[0], (ast.Eq, ast.Is)):
        return Constant(left == right)
    return Constant(left != right) if isinstance(node.ops[0], (ast.NotEq, ast.IsNot)) else UNKNOWN


def _is_none(node: ast.Compare, values: Sequence[Value]) -> Value:
    """Something that the tree defines is not None."""
    left, right = values[0], values[-1]
    known = isinstance(left, Function) or any(True for _ in applications(left))
    if len(node.ops) == 1 and known and isinstance(right, Constant) and right.value is None:
        if isinstance(node.ops[0], ast.Is):
            return Constant(value=False)
        if isinstance(node.ops[0], ast.IsNot):
            return Constant(value=True)
    return UNKNOWN


def _text(machine: Machine, node: ast.JoinedStr, scope: Scope) -> Value:
    parts: list[str] = []
    known = True
    for each in node.values:
        value = evaluate(machine, each.value if isinstance(each, ast.FormattedValue) else each, scope)
        known &= isinstance(value, Constant) and isinstance(value.value, (str, int))
        parts.append(str(value.value) if isinstance(value, Constant) else "")
    return Constant("".join(parts)) if known else UNKNOWN


def _binary(machine: Machine, node: ast.BinOp, scope: Scope) -> Value:
    left, right = evaluate(machine, node.left, scope), evaluate(machine, node.right, scope)
    if isinstance(node.op, ast.Add):
        if isinstance(left, Group) and isinstance(right, Group):
            return Group((*left.items, *right.items))
        if isinstance(left, Constant) and isinstance(right, Constant):
            one, other = left.value, right.value
            return Constant(one + other) if isinstance(one, str) and isinstance(other, str) else UNKNOWN
    if isinstance(node.op, ast.BitOr) and isinstance(left, Table) and isinstance(right, Table):
        return Table({**left.items, **right.items})
    return UNKNOWN


def _subscript(machine: Machine, node: ast.Subscript, scope: Scope) -> Value:
    base, index = evaluate(machine, node.value, scope), evaluate(machine, node.slice, scope)
    if isinstance(base, External) and base.name == "os.environ" and isinstance(index, Constant):
        return Setting(str(index.value))
    if isinstance(base, Table):
        return (
            base.items.get(index.value, UNKNOWN) if isinstance(index, Constant) else join(base.items.values())
        )
    if isinstance(base, Group) and isinstance(index, Constant) and isinstance(index.value, int):
        return base.items[index.value] if -len(base.items) <= index.value < len(base.items) else UNKNOWN
    if isinstance(base, Group):
        return join(base.items)
    return base if isinstance(base, External) else UNKNOWN


def _walrus(machine: Machine, node: ast.NamedExpr, scope: Scope) -> Value:
    value = evaluate(machine, node.value, scope)
    assign(machine, node.target, value, scope)
    return value


def _inner(
    machine: Machine, node: ast.Await | ast.Yield | ast.YieldFrom | ast.Starred, scope: Scope
) -> Value:
    value = evaluate(machine, node.value, scope) if node.value else NONE
    if isinstance(node, (ast.Yield, ast.YieldFrom)) and machine.frames:
        return _yield(machine, node, value, scope)
    return join(finish(machine, option, node, scope) for option in options(value))


def _yield(machine: Machine, node: ast.Yield | ast.YieldFrom, value: Value, scope: Scope) -> Value:
    frame, paused = machine.frames[-1], None
    if isinstance(node, ast.YieldFrom):
        value = whole(machine, value, node, scope)
        paused = machine.paused
    if frame.paused is None:
        frame.paused = len(machine.happenings) if paused is None else paused
    frame.yielded.append(value)
    return UNKNOWN


def _lazy(_: Machine, node: ast.GeneratorExp, scope: Scope) -> Value:
    """A generator expression runs nothing either, until somebody asks for an item."""
    inside = ast.copy_location(ast.ListComp(node.elt, node.generators), node)
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    made = Function(
        ast.copy_location(ast.Lambda(nothing, inside), node), scope, scope.module, scope.inner("<genexpr>")
    )
    return Generator(made, Arguments())


def _comprehension(machine: Machine, node: ast.ListComp | ast.SetComp | ast.DictComp, scope: Scope) -> Value:
    with machine.under():
        for each in node.generators:
            items = whole(machine, evaluate(machine, each.iter, scope), node, scope)
            assign(machine, each.target, join(items.items) if isinstance(items, Group) else UNKNOWN, scope)
            if not (isinstance(items, Group) and items.items):
                machine.conditions.append(Condition(machine.number(), 1, 0, each.iter))
            for test in each.ifs:
                answer, yes, _ = condition(machine, test, scope)
                if answer is False:
                    return Group(())
                if answer is None:
                    machine.conditions.append(yes)
        if isinstance(node, ast.DictComp):
            evaluate(machine, node.key, scope)
            evaluate(machine, node.value, scope)
            return UNKNOWN
        return Group((evaluate(machine, node.elt, scope),))


def function(
    machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
) -> Function:
    """Return the function that a definition makes; its defaults are evaluated now."""
    spec = node.args
    places = [*spec.posonlyargs, *spec.args]
    defaults = dict(zip([each.arg for each in places[::-1]], spec.defaults[::-1], strict=False))
    defaults |= {each.arg: item for each, item in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if item}
    values = {name: evaluate(machine, item, scope) for name, item in defaults.items()}
    symbol = scope.inner(node.name if not isinstance(node, ast.Lambda) else "<lambda>")
    return Function(node, scope, scope.module, symbol, values)


def _lambda(machine: Machine, node: ast.Lambda, scope: Scope) -> Value:
    return function(machine, node, scope)


_TABLE: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Tuple: _group,
    ast.List: _group,
    ast.Set: _group,
    ast.Dict: _table,
    ast.BoolOp: _either,
    ast.IfExp: _if,
    ast.UnaryOp: _not,
    ast.Compare: _compare,
    ast.JoinedStr: _text,
    ast.BinOp: _binary,
    ast.Subscript: _subscript,
    ast.NamedExpr: _walrus,
    ast.Await: _inner,
    ast.Yield: _inner,
    ast.YieldFrom: _inner,
    ast.Starred: _inner,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _lazy,
    ast.DictComp: _comprehension,
    ast.Lambda: _lambda,
}
