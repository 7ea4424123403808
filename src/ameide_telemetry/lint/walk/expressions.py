"""Expressions: what they stand for; what they call is called, in order."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import attribute, dotted
from ameide_telemetry.lint.walk.binding import assign
from ameide_telemetry.lint.walk.calls import finish
from ameide_telemetry.lint.walk.comparing import compare
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.doubt import doubt
from ameide_telemetry.lint.walk.generators import whole
from ameide_telemetry.lint.walk.harmless import has_item
from ameide_telemetry.lint.walk.hooks import special
from ameide_telemetry.lint.walk.items import item_of, of_external
from ameide_telemetry.lint.walk.scopes import Scope
from ameide_telemetry.lint.walk.switches import chosen, may_be_none, negated, one_of, usual
from ameide_telemetry.lint.walk.truth import is_there, truth
from ameide_telemetry.lint.walk.values import (
    NEVER,
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Constant,
    External,
    Function,
    Generator,
    Group,
    Instance,
    Member,
    Opaque,
    Setting,
    Table,
    Value,
    join,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.lint.walk.machine import Machine

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
    special(machine, value, "__bool__", test, scope)
    answer = truth(value)
    if answer is not None and not isinstance(test, ast.Constant):
        machine.decided += 1
    fork = machine.number()
    taken = usual(value)
    return (
        answer,
        Condition(fork, 1, 2, test, usual=taken),
        Condition(fork, 0, 2, test, negated=True, usual=None if taken is None else not taken),
    )


def _constant(_: Machine, node: ast.Constant, __: Scope) -> Value:
    return Constant(node.value)


def _name(machine: Machine, node: ast.Name, scope: Scope) -> Value:
    found = scope.lookup(node.id)
    if found is not None:
        return found
    stars = scope.module.stars
    if stars and node.id not in _BUILTINS:
        return External(f"{stars[-1]}.{node.id}")
    if node.id not in _BUILTINS:
        machine.risk(NameError, named=True)
    return machine.external(f"builtins.{node.id}")


_DEEPEST: Final = 150
_OPERATORS: Final = {
    ast.Add: "__add__",
    ast.BitOr: "__or__",
    ast.RShift: "__rshift__",
    ast.LShift: "__lshift__",
    ast.Mod: "__mod__",
    ast.Div: "__truediv__",
    ast.MatMult: "__matmul__",
}
_ITEMS: Final = "items of the generator"
_BUILTINS: Final = frozenset(dir(builtins))


def _attribute(machine: Machine, node: ast.Attribute, scope: Scope) -> Value:
    base = evaluate(machine, node.value, scope)
    if isinstance(base, Choice):
        found = join(attribute(machine, option, node.attr, node, scope) for option in base.options)
    else:
        found = attribute(machine, base, node.attr, node, scope)
        found = UNKNOWN if found is NEVER else found
    if machine.guards and isinstance(found, (Member, Opaque, External)):
        machine.risk(AttributeError, named=True)
    return found


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
    return Group(tuple(given.places), isinstance(node, ast.Tuple))


def _table(machine: Machine, node: ast.Dict, scope: Scope) -> Value:
    made = Table({})
    items = made.items
    for name, item in zip(node.keys, node.values, strict=True):
        value = evaluate(machine, item, scope)
        known = evaluate(machine, name, scope) if name else value
        if name is None and isinstance(known, Table):
            items |= known.items
            made.open |= known.open
        elif name is not None and isinstance(known, Constant):
            items[known.value] = value
        else:
            made.open = True
            if name is None or isinstance(known, (Opaque, Setting, Choice)):
                doubt(machine, made, value if name else UNKNOWN)
    return made


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
                taken = usual(value)
                taken = None if taken is None else taken is not stops
                machine.conditions.append(
                    Condition(machine.number(), int(not stops), 2, operand, stops, taken)
                )
    return one_of(found, stops=stops) or (
        join(found)
        if not stops
        else join(value for value in found if truth(value) is not False or value is found[-1])
    )


def _if(machine: Machine, node: ast.IfExp, scope: Scope) -> Value:
    answer, yes, no = condition(machine, node.test, scope)
    found: list[Value] = []
    for arm, wanted, body in ((yes, True, node.body), (no, False, node.orelse)):
        if answer is None:
            with machine.under(arm):
                found.append(evaluate(machine, body, scope))
        elif answer is wanted:
            found.append(evaluate(machine, body, scope))
    taken = None if yes.usual is None else found[not yes.usual]
    return (chosen(taken, found) if taken else None) or join(found)


def _not(machine: Machine, node: ast.UnaryOp, scope: Scope) -> Value:
    value = evaluate(machine, node.operand, scope)
    answer = truth(value)
    if isinstance(node.op, ast.Not) and answer is not None:
        return Constant(not answer)
    return negated(value) if isinstance(value, Setting) and isinstance(node.op, ast.Not) else UNKNOWN


def _text(machine: Machine, node: ast.JoinedStr, scope: Scope) -> Value:
    parts: list[str] = []
    known = True
    for each in node.values:
        value = evaluate(machine, each.value if isinstance(each, ast.FormattedValue) else each, scope)
        _ = special(machine, value, "__format__", node, scope) or special(
            machine, value, "__str__", node, scope
        )
        known &= isinstance(value, Constant) and isinstance(value.value, (str, int))
        parts.append(str(value.value) if isinstance(value, Constant) else "")
    return Constant("".join(parts)) if known else UNKNOWN


def _binary(machine: Machine, node: ast.BinOp, scope: Scope) -> Value:
    left, right = evaluate(machine, node.left, scope), evaluate(machine, node.right, scope)
    if machine.guards:
        machine.risk(TypeError, named=not (may_be_none(left) or may_be_none(right)))
        machine.risk(ZeroDivisionError, named=True)
    if isinstance(node.op, ast.Add):
        if isinstance(left, Group) and isinstance(right, Group):
            return Group((*left.items, *right.items))
        if isinstance(left, Constant) and isinstance(right, Constant):
            one, other = left.value, right.value
            return Constant(one + other) if isinstance(one, str) and isinstance(other, str) else UNKNOWN
    if isinstance(node.op, ast.Div) and dotted(left).startswith("pathlib."):
        made = machine.made("pathlib.Path", node, scope)
        made.arguments = Arguments([left, right])
        return made
    if isinstance(left, Instance):
        return special(machine, left, _OPERATORS.get(type(node.op), ""), node, scope) or UNKNOWN
    if isinstance(node.op, ast.BitOr) and isinstance(left, Table) and isinstance(right, Table):
        return Table({**left.items, **right.items}, left.open or right.open)
    return UNKNOWN


def _subscript(machine: Machine, node: ast.Subscript, scope: Scope) -> Value:
    base, index = evaluate(machine, node.value, scope), evaluate(machine, node.slice, scope)
    if machine.guards and not has_item(base, index, node):
        machine.risk(LookupError)
    if isinstance(base, External):
        return of_external(machine, base, index)
    if isinstance(base, (Instance, Class)):
        name = "__getitem__" if isinstance(base, Instance) else "__class_getitem__"
        return special(machine, base, name, node, scope) or UNKNOWN
    if isinstance(base, Table):
        return (
            base.items.get(index.value, UNKNOWN)
            if isinstance(index, Constant)
            else join([*base.items.values(), *([UNKNOWN] if base.open else [])])
        )
    if isinstance(base, Group) and isinstance(index, Constant):
        return item_of(base, index.value)
    return join(base.items) if isinstance(base, Group) else UNKNOWN


def _slice(machine: Machine, node: ast.Slice, scope: Scope) -> Value:
    ends = [evaluate(machine, each, scope) if each else NONE for each in (node.lower, node.upper, node.step)]
    known = [each.value for each in ends if isinstance(each, Constant)]
    plain = len(known) == len(ends) and all(each is None or isinstance(each, int) for each in known)
    return Constant(slice(*known)) if plain and known[2] != 0 else UNKNOWN


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


def _lazy(machine: Machine, node: ast.GeneratorExp, scope: Scope) -> Value:
    """A generator expression asks where its items are from; it runs nothing, until somebody wants one."""
    first, *others = node.generators
    items = ast.copy_location(ast.Name(_ITEMS, ast.Load()), first.iter)
    first = ast.comprehension(first.target, items, first.ifs, first.is_async)
    inside = ast.copy_location(ast.ListComp(node.elt, [first, *others]), node)
    home = Scope("function", scope.module, scope.symbol, scope)
    home.names[_ITEMS] = evaluate(machine, node.generators[0].iter, scope)
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    made = Function(
        ast.copy_location(ast.Lambda(nothing, inside), node), home, scope.module, scope.inner("<genexpr>")
    )
    return Generator(made, Arguments())


def _comprehension(machine: Machine, node: ast.ListComp | ast.SetComp | ast.DictComp, scope: Scope) -> Value:
    certain = True
    with machine.under():
        for each in node.generators:
            items = whole(machine, evaluate(machine, each.iter, scope), node, scope)
            assign(machine, each.target, join(items.items) if isinstance(items, Group) else UNKNOWN, scope)
            if not (isinstance(items, Group) and any(map(is_there, items.items))):
                machine.conditions.append(Condition(machine.number(), 1, 0, each.iter))
            for test in each.ifs:
                answer, yes, _ = condition(machine, test, scope)
                if answer is False:
                    return Group(())
                if answer is None:
                    machine.conditions.append(yes)
                    certain = False
        if isinstance(node, ast.DictComp):
            evaluate(machine, node.key, scope)
            return Table({node.value: join([evaluate(machine, node.value, scope), UNKNOWN])}, open=True)
        item = evaluate(machine, node.elt, scope)
        return Group((item if certain else join([item, UNKNOWN]),))


def function(
    machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
) -> Function:
    """Return the function that a definition makes; its defaults are evaluated now."""
    spec = node.args
    symbol = scope.inner(node.name if not isinstance(node, ast.Lambda) else "<lambda>")
    if not spec.defaults and not spec.kwonlyargs:
        return Function(node, scope, scope.module, symbol)
    places = [*spec.posonlyargs, *spec.args]
    defaults = dict(zip([each.arg for each in places[::-1]], spec.defaults[::-1], strict=False))
    defaults |= {each.arg: item for each, item in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if item}
    values = {name: evaluate(machine, item, scope) for name, item in defaults.items()}
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
    ast.Compare: compare,
    ast.Slice: _slice,
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
