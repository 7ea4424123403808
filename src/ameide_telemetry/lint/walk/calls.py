"""Calls of what is in the tree: functions, classes, objects."""

from __future__ import annotations

import ast
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.escapes import left_inside
from ameide_telemetry.lint.walk.externals import call_external, note_startup
from ameide_telemetry.lint.walk.generators import hand_over, is_generator
from ameide_telemetry.lint.walk.harmless import PLAIN_BASES, fits, raised_by
from ameide_telemetry.lint.walk.hooks import fill
from ameide_telemetry.lint.walk.risks import ANYTHING, Handler
from ameide_telemetry.lint.walk.scopes import Frame, Scope
from ameide_telemetry.lint.walk.suppressing import enter_stack
from ameide_telemetry.lint.walk.switches import may_be_none, returned, way
from ameide_telemetry.lint.walk.tables import APPLICATIONS, DISPATCHERS, KEEPING, TASKS, key
from ameide_telemetry.lint.walk.values import (
    NEVER,
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Coroutine,
    External,
    Function,
    Generator,
    Group,
    Instance,
    Member,
    Opaque,
    Partial,
    Table,
    Value,
    applications,
    join,
    options,
)
from ameide_telemetry.lint.walk.waking import awake

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ameide_telemetry.lint.walk.machine import Machine

__all__ = ["NEXT", "call", "enter", "finish", "run_commands"]

NEXT: Final = 1
"""The outcome of statements after which the next one runs."""
_DRIVING: Final = frozenset({"send", "__await__"})
_OBJECT: Final = "builtins.object"
_TRIES: Final = 3
_MOST_TRIES: Final = 8
_MOST_LOOKUPS: Final = 64


def call(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """Call a value, or each of those that it may be; return what comes of it."""
    choices = options(called)
    if len(choices) == 1:
        return _one(machine, called, given, node, scope)
    fork, found = machine.number(), []
    for arm, option in enumerate(choices):
        if not isinstance(option, Constant):
            text = f"{_text(node)} is the {_WORDS[min(arm, len(_WORDS) - 1)]} of {len(choices)}"
            with machine.under(Condition(fork, arm, len(choices), text)):
                found.append(_one(machine, option, given, node, scope))
    return join(found)


_WORDS: Final = ("first", "second", "third", "fourth", "fifth", "last")


def _text(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else "the value"


def _one(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    row = _TABLE.get(type(called))
    if row:
        return row(machine, called, given, node, scope)
    machine.risk()
    return called if isinstance(called, Opaque) else UNKNOWN


def _partial(machine: Machine, called: Partial, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    before = called.arguments
    whole = Arguments(
        [*before.places, *given.places], {**before.names, **given.names}, before.whole and given.whole
    )
    return machine.call(machine, called.function, whole, node, scope)


def _external(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    woken = awake(machine, called, given)
    if woken is not None and not isinstance(woken, External):
        return machine.call(machine, woken, given, node, scope)
    called = woken or called
    if isinstance(called, External) and called.name in machine.bootstrap:
        return _bootstrap(machine, called.name, node, scope)
    name = _last_name(called)
    base = called.base if isinstance(called, Member) else UNKNOWN
    enter_stack(machine, base, name, given)
    kind = raised_by(called, given)
    for value in (*options(base), *given.all()):
        if isinstance(value, Coroutine) and (value is not base or name in _DRIVING):
            with _ended(machine, given):
                _run_now(machine, called, value, node, scope)
        elif isinstance(value, Generator):
            known = hand_over(machine, name, value, node, scope)
            if known is not None:
                machine.risk_of(kind)
                return known
    if may_be_none(base):
        machine.risk(AttributeError)
    made = call_external(machine, called, given, node, scope)
    machine.risk_of(kind)
    return made


def _ended(machine: Machine, given: Arguments) -> AbstractContextManager[object]:
    """Return what `gather(..., return_exceptions=True)` does with what is raised."""
    if "return_exceptions" not in given.names:
        return nullcontext()
    fine = Condition(machine.number(), 0, 0, "nothing is raised before")
    return machine.guard(fine, (Handler(ANYTHING),))


def _last_name(called: Value) -> str:
    return called.name if isinstance(called, Member) else key(dotted(called))[1]


def _run_now(machine: Machine, called: Value, value: Coroutine, node: ast.AST, scope: Scope) -> None:
    """Run what a runner such as `asyncio.run` is given; a task runs when its turn comes."""
    later = _last_name(called) in TASKS
    conditions = [Condition(machine.number(), 0, 0, "the task runs in time")] if later else []
    with machine.under(*conditions):
        finish(machine, value, node, scope)


def _bootstrap(machine: Machine, name: str, node: ast.AST, scope: Scope) -> Value:
    # A call in each child is told apart from a hook of ours by its subject.
    machine.record(machine.mode, node, scope, subject=-1 if machine.mode == "fork" else 0, note=name)
    return machine.made(name, node, scope)


def _function(machine: Machine, called: Function, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    machine.risk(TypeError, named=fits(called, given))
    name = _bootstrap_name(machine, called)
    if name:
        return _bootstrap(machine, name, node, scope)
    registered = machine.commands.get(id(called.node))
    once = _once(called, given)
    if once is not None and once in machine.cached:
        return machine.cached[once]
    if is_generator(machine, called.node):
        return Generator(called, given)
    if isinstance(called.node, ast.AsyncFunctionDef):
        return Coroutine(called, given)
    value = enter(machine, called, given, node, scope)
    if once is not None:
        machine.cached[once] = value
    if registered:
        run_commands(machine, registered, node, scope)
    return value


def finish(machine: Machine, value: Value, node: ast.AST, scope: Scope) -> Value:
    """Run what an async function left to be awaited, and return what that gives."""
    if not isinstance(value, Coroutine):
        return value
    if value.done:
        return UNKNOWN
    value.done = True
    return enter(machine, value.function, value.arguments, node, scope)


def _once(called: Function, given: Arguments) -> tuple[object, ...] | None:
    """Return what a function that keeps its results keeps them by; None for another function."""
    if not any(key(name) in KEEPING for name in called.decorators):
        return None
    return called.node, called.bound, *_told(given)


def _bootstrap_name(machine: Machine, called: Function) -> str:
    name = f"{called.module.name}.{called.symbol}"
    if name in machine.bootstrap:
        return name
    for each in machine.bootstrap:
        home, _, last = each.rpartition(".")
        module = machine.modules.get(home)
        found = module.scope.names.get(last) if module else None
        if isinstance(found, Function) and found.node is called.node:
            return each
    return ""


def enter(machine: Machine, called: Function, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """Run the body of a function, unless nothing can come of it; return what it gives."""
    asked = (called.node, called.bound, *_told(given))
    entered, _ = machine.quiet.get(called.node, (0, None))
    tries, known = machine.quiet.get(asked, (0, UNKNOWN))
    plain = called.bound is None and not any(
        _matters(value) or (isinstance(value, External) and value.name in machine.bootstrap)
        for value in given.all()
    )
    # What differs from call to call is not known after the last one that is looked at.
    if entered >= _MOST_LOOKUPS or (known and tries >= (_TRIES if plain else _MOST_TRIES)):
        if called.node in machine.risky:
            machine.risk()
        return known or UNKNOWN
    if machine.too_deep(called):
        machine.risk()
        return UNKNOWN
    machine.step()
    before = (len(machine.happenings), len(machine.later))
    state = (machine.decided, machine.writes)
    value = _run(machine, called, given, node, scope)
    after = (len(machine.happenings), len(machine.later))
    same = state == (machine.decided, machine.writes)
    if before == after and not _matters(value) and (not plain or state[0] == machine.decided):
        settled = known is not None and same and _settled(machine, called, value)
        machine.quiet[asked] = (tries + 1, value if settled else None)
        machine.quiet[called.node] = (entered + 1, None)
    return value


def _told(given: Arguments) -> list[object]:
    """Return what tells the arguments of one call from those of another."""
    named = [*enumerate(given.places), *given.names.items()]
    return [(name, repr(value.value) if isinstance(value, Constant) else value) for name, value in named]


def _settled(machine: Machine, called: Function, value: Value) -> bool:
    """Return whether a call of a function gives the same whenever it is given the same."""
    if isinstance(value, Opaque):
        return True
    facts, asked = machine.sources.facts, ("gives nothing", called.node)
    if asked not in facts:
        body = called.node.body
        facts[asked] = isinstance(body, list) and not any(
            isinstance(each, ast.Return) and each.value for statement in body for each in ast.walk(statement)
        )
    return facts[asked]


def _matters(value: Value) -> bool:
    return not isinstance(value, (Constant, External, Opaque)) or value is NEVER


def _run(machine: Machine, called: Function, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    inner = Scope("function", called.module, called.symbol, called.scope)
    inner.names = _parameters(called, given)
    frame = Frame(len(machine.conditions))
    machine.frames.append(frame)
    machine.active.append(called.node)
    machine.entered.add(called.node)
    depth, machine.depth = machine.depth, 0
    with machine.way(node, scope.module, f"calls {called.symbol}()"), machine.under():
        if isinstance(called.node, ast.Lambda):
            return_value = machine.evaluate(machine, called.node.body, inner)
            flow = 0
        else:
            flow = machine.execute(machine, called.node.body, inner)
            return_value = None
            if flow & NEXT:
                frame.returned.append(NONE)
                frame.ways.append(way(machine.conditions[frame.base :]))
    machine.depth = depth
    machine.paused = machine.frames.pop().paused
    machine.active.pop()
    if return_value is not None:
        return return_value
    if frame.yielded:
        return join(frame.yielded)
    if not flow & NEXT and not frame.returned:
        return NEVER if flow else UNKNOWN
    return returned(frame.returned, frame.ways) or join(frame.returned)


def _parameters(called: Function, given: Arguments) -> dict[str, Value]:
    spec = called.node.args
    names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
    places = list(given.places)
    if called.bound is not None and called.way != "static":
        places.insert(0, called.bound)
    bound: dict[str, Value] = dict.fromkeys([*names, *(each.arg for each in spec.kwonlyargs)], UNKNOWN)
    if given.whole:
        bound |= called.defaults
    bound |= dict(zip(names, places, strict=False))
    rest = {name: value for name, value in given.names.items() if name not in bound}
    bound |= {name: value for name, value in given.names.items() if name in bound}
    if spec.vararg:
        bound[spec.vararg.arg] = Group(tuple(places[len(names) :])) if given.whole else UNKNOWN
    if spec.kwarg:
        bound[spec.kwarg.arg] = Table(dict(rest.items())) if given.whole else UNKNOWN
    return bound


def _construct(machine: Machine, called: Class, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    instead = next((each.maker.lookup("__call__") for each in called.order() if each.maker), None)
    # One that asks its own base for the object, such as that of a singleton, makes one at least once.
    if isinstance(instead, Function) and "__call__(" not in _source(instead):
        return _function(machine, instead.bind(called), given, node, scope)
    kinds = [APPLICATIONS[key(name)] for name in called.outside() if key(name) in APPLICATIONS]
    instance = machine.made("", node, scope, kind=kinds[0] if kinds else "")
    instance.cls = called
    instance.arguments = given
    instance.wraps = tuple(value for value in given.all() if any(True for _ in applications(value)))
    for name in ("__new__", "__init__", "__post_init__"):
        method = called.lookup(name)
        if isinstance(method, Function):
            bound = method.bind(called if name == "__new__" else instance)
            made = _function(machine, bound, given if name != "__post_init__" else Arguments(), node, scope)
            if name == "__new__" and isinstance(made, Instance) and made.cls is called:
                instance = made
            elif name == "__new__" and isinstance(made, Instance) and (made.cls or made.of == _OBJECT):
                return made
    if any(raised_by(External(name), given) for name in called.outside() if name not in PLAIN_BASES):
        machine.risk()
    if instance.kind and not machine.announced(instance):
        machine.application(instance)
        note_startup(machine, instance, given)
    elif not instance.kind:
        fill(machine, instance, given, node, scope)
        left_inside(machine, instance, given, node, scope)
    return instance


def _source(function: Function) -> str:
    body = function.node.body
    return "".join(map(ast.unparse, body if isinstance(body, list) else [body]))


def _instance(machine: Machine, called: Instance, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    method = called.cls.lookup("__call__") if called.cls else None
    if isinstance(method, Function):
        return _function(machine, method.bind(called), given, node, scope)
    if key(dotted(called)) in DISPATCHERS or called.number in machine.commands:
        run_commands(machine, machine.commands.get(called.number, []), node, scope)
        return UNKNOWN
    return _external(machine, called, given, node, scope)


def run_commands(machine: Machine, registered: list[tuple[str, Value]], node: ast.AST, scope: Scope) -> None:
    """Call what was registered with a dispatcher; the words of the command decide which of them."""
    fork = machine.number()
    for arm, (name, value) in enumerate(list(registered)):
        conditions = [Condition(fork, arm, 0, f"the command is `{name}`")] if len(registered) > 1 else []
        with machine.under(*conditions):
            machine.call(machine, value, Arguments(whole=False), node, scope)


_TABLE: Final[dict[type[object], Callable[..., Value]]] = {
    Function: _function,
    Class: _construct,
    Partial: _partial,
    Instance: _instance,
    External: _external,
    Member: _external,
}
