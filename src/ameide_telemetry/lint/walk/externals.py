"""Calls of what is outside of the tree: what makes an application, serves, loads, logs, or calls back."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.builtin import BUILTINS
from ameide_telemetry.lint.walk.commands import SPAWNERS, spawn
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.containers import changed
from ameide_telemetry.lint.walk.doubt import doubt_names
from ameide_telemetry.lint.walk.escapes import escape, given_away
from ameide_telemetry.lint.walk.forking import CONFIG, POSTFORK, configure
from ameide_telemetry.lint.walk.hooks import left_to_call
from ameide_telemetry.lint.walk.loading import load_by_name, load_django
from ameide_telemetry.lint.walk.machine import Later
from ameide_telemetry.lint.walk.processes import leave_spawning, note_method
from ameide_telemetry.lint.walk.queues import given_to_broker, left_to_worker
from ameide_telemetry.lint.walk.replacing import FINDERS, PATCHERS, put_items
from ameide_telemetry.lint.walk.serving import serve
from ameide_telemetry.lint.walk.signals import FORK_SIGNALS, WORKER_SIGNALS, forgotten
from ameide_telemetry.lint.walk.switches import converted, folded, of_method
from ameide_telemetry.lint.walk.tables import (
    APPLICATIONS,
    CALLERS,
    CLIENTS,
    DISPATCHERS,
    LOADERS,
    LOG_METHODS,
    LOG_ROOTS,
    LOGGERS,
    OUR_HOOKS,
    SERVERS,
    SERVING_METHODS,
    STARTUP_ARGUMENTS,
    STARTUP_DECORATORS,
    STARTUP_LISTS,
    STARTUP_WORDS,
    THREADS,
    key,
)
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Group,
    Instance,
    Member,
    Opaque,
    Parent,
    Partial,
    Setting,
    Table,
    Value,
    applications,
    join,
    options,
    texts,
)
from ameide_telemetry.lint.walk.wrapping import in_a_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.lint.walk.machine import Happening, Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["call_external", "hooked", "note_startup"]

_CALLABLE: Final = (Function, Partial, Class)
_READING: Final = sys.stdlib_module_names | {"builtins", ""}


def call_external(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """Call something from outside of the tree; return what comes of it."""
    name = dotted(called)
    _replaces(machine, called, given, node, scope)
    made = converted(name, given.places[0]) if len(given.places) == 1 else None
    if made is not None:
        return made
    builtin = BUILTINS.get(name)
    if builtin:
        known = builtin(machine, given, node, scope)
        if known is not None:
            return known
    if isinstance(called, Member):
        known = _method(machine, called, given, node, scope)
        if known is not None:
            return known
    if name.rpartition(".")[0] in LOG_ROOTS and name.rpartition(".")[2] in LOG_METHODS:
        machine.log(node, scope)
        return UNKNOWN
    _connect(machine, called, given, node, scope)
    words = key(name)
    for table, act in _ACTS:
        if words in table:
            known = act(machine, called, given, node, scope)
            if known is not None:
                return known
    _may_change(called, given)
    given_away(machine, called, given, node, scope)
    return _made(machine, called, given, node, scope)


def _may_change(called: Value, given: Arguments) -> None:
    """Take the flags of a dictionary that is given to a function from elsewhere for unknown: it may merge."""
    home, _, last = dotted(called).rpartition(".")
    if not isinstance(called, External) or home.partition(".")[0] in _READING or last[:1].isupper():
        return
    for each in given.all():
        if isinstance(each, Table):
            doubt_names(each)


def _replaces(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """Note what a call puts in the place of something else."""
    name = dotted(called)
    act = FINDERS.get(name) or (PATCHERS.get(called.name) if isinstance(called, Member) else None)
    if act:
        act(machine, given, node, scope)
    elif name.endswith(".__dict__.update"):
        put_items(machine, External(name.removesuffix(".update")), given, node, scope)


def _connect(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """`worker_process_init.connect(boot)` of a signal that was imported by its name; a call of our hook."""
    name = dotted(called)
    note_method(machine, name, given)
    if name in OUR_HOOKS:
        machine.record("fork", node, scope, note=name)
    if (name == POSTFORK or name.endswith(".connect")) and not isinstance(called, Member) and given.places:
        hooked(machine, called, given.places[-1], node, scope, given=given)


def _made(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Instance:
    given_to_broker(machine, called, given)
    # A function that was made a dispatcher has no dotted name, and its methods are known by theirs.
    name = dotted(called) or (called.name if isinstance(called, Member) else "")
    instance = machine.made(name, node, scope)
    instance.arguments = given
    instance.wraps = tuple(value for value in given.all() if any(True for _ in applications(value)))
    instance.base = called.base if isinstance(called, Member) else None
    _keep(called, instance)
    return instance


def _keep(called: Value, made: Instance) -> None:
    """Let an object keep and give out the applications that its methods are given, as a queue does."""
    home = called.base if isinstance(called, Member) else called
    if isinstance(home, Instance) and not home.kind and home.cls is None:
        if made.wraps and home is not called:
            home.wraps = (*home.wraps, *(each for each in made.wraps if each not in home.wraps))
        made.wraps = made.wraps or home.wraps


def _application(
    machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope
) -> Value | None:
    name = dotted(called)
    if name.startswith("django."):
        load_django(machine, node, scope)
    instance = _made(machine, called, given, node, scope)
    instance.kind, instance.wraps = APPLICATIONS[key(name)], ()
    machine.application(instance)
    note_startup(machine, instance, given)
    return instance


def note_startup(machine: Machine, instance: Instance, given: Arguments) -> None:
    """Note what an application is told to call when it starts up."""
    for name in STARTUP_ARGUMENTS:
        value = given.names.get(name)
        for each in value.items if isinstance(value, Group) else (value,):
            if each is not None and not isinstance(each, Constant):
                machine.later.append(Later("lifespan", each, Arguments([instance]), instance.number))


def _client(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    instance = _made(machine, called, given, node, scope)
    machine.record("client", node, scope, subject=instance.number, note=dotted(called))
    return instance


def _serve(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    return serve(machine, called, given, node, scope)


def _caller(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    first = given.places[0] if given.places else None
    if dotted(called) == "asyncio.to_thread":
        return in_a_thread(given, node, scope)
    if first is not None and (isinstance(first, _CALLABLE) or dotted(first) in machine.bootstrap):
        rest = Arguments(given.places[1:], {}, whole=False)
        return machine.run(first, rest, node, scope)
    return first


def _loader(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    return load_by_name(machine, dotted(called), given, node, scope)


def _logger(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    return _made(machine, called, given, node, scope)


_ACTS: Final = (
    (APPLICATIONS, _application),
    (CLIENTS, _client),
    (SERVERS, _serve),
    (CALLERS, _caller),
    (LOADERS, _loader),
    (LOGGERS, _logger),
    (SPAWNERS, spawn),
)


def _method(machine: Machine, called: Member, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    base, name = called.base, called.name
    if isinstance(base, Opaque) and base.reason:
        return base
    if name in machine.defaults and not isinstance(base, (Group, Table)):
        return machine.call(machine, join(machine.defaults[name]), given, node, scope)
    left_to_call(machine, called, given, node, scope)
    if name in SERVING_METHODS:
        return serve(machine, called, given, node, scope)
    known = changed(machine, called, given)
    if known is not None:
        return known
    if name == "get" or isinstance(base, (Setting, Constant)):
        return _plain(base, name, given.all())
    known = _beginning(machine, called, given, node, scope)
    if known is None:
        hooked(machine, called, given.places[-1] if given.places else UNKNOWN, node, scope, given=given)
    return known


def _beginning(
    machine: Machine, called: Member, given: Arguments, node: ast.AST, scope: Scope
) -> Value | None:
    """Call what begins something: a base's constructor, a line of a log, a thread."""
    base, name = called.base, called.name
    if isinstance(base, Parent) and name == "__init__":
        return _super_init(machine, base, given, node, scope)
    if name == "set" and isinstance(base, Instance) and base.of == CONFIG:
        return configure(base, given)
    if name in LOG_METHODS and key(dotted(base)) in LOGGERS:
        machine.log(node, scope)
        return UNKNOWN
    if name == "start" and isinstance(base, Instance) and key(base.of) in THREADS:
        return _thread(machine, base, node, scope)
    if name == "join" and isinstance(base, Instance) and not given.all():
        _joined(machine, base)
    return None


def _plain(base: Value, name: str, given: Sequence[Value]) -> Value | None:
    if isinstance(base, Setting):
        return of_method(base, name, given)
    return folded(base, name, given) if isinstance(base, Constant) else None


def _super_init(machine: Machine, base: Parent, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """`super().__init__()` of a base from elsewhere: now the application is one."""
    bound = base.bound
    if isinstance(bound, Instance) and bound.kind and not machine.announced(bound):
        bound.made = machine.moment(node, scope)
        machine.application(bound)
        note_startup(machine, bound, given)
    if isinstance(bound, Instance):
        bound.wraps += tuple(value for value in given.all() if any(True for _ in applications(value)))
    return UNKNOWN


def _thread(machine: Machine, base: Instance, node: ast.AST, scope: Scope) -> Value:
    machine.log(node, scope, "thread")
    target = base.arguments.get(1, "target", "function") if base.arguments else None
    if target is not None and (isinstance(target, _CALLABLE) or dotted(target) in machine.bootstrap):
        rest = base.arguments.names.get("args") if base.arguments else None
        places = list(rest.items) if isinstance(rest, Group) else []
        quick = Condition(machine.number(), 0, 0, "the thread is quick enough")
        before = len(machine.happenings)
        with machine.under(quick):
            machine.call(machine, target, Arguments(places, whole=False), node, scope)
        machine.threads[base.number] = (quick, machine.happenings[before:])
        if base.of.startswith("multiprocessing."):
            _apart(machine.happenings[before:])
            leave_spawning(machine, base, before)
    return UNKNOWN


def _joined(machine: Machine, base: Instance) -> None:
    """Somebody waits for a thread: what it does has happened now."""
    quick, brought = machine.threads.pop(base.number, (None, []))
    for each in brought:
        if each.kind == "init" and not each.dropped:
            inside = each.moment.conditions
            rest = inside[inside.index(quick) + 1 :] if quick in inside else ()
            moment = replace(each.moment, order=machine.number(), conditions=(*machine.holding(), *rest))
            machine.happenings.append(replace(each, moment=moment))


def _apart(brought: list[Happening]) -> None:
    """Another process that does not serve starts telemetry only for itself."""
    if not any(each.kind == "serve" for each in brought):
        for each in brought:
            each.dropped |= each.kind == "init"


def hooked(
    machine: Machine,
    hook: Value,
    value: Value,
    node: ast.AST,
    scope: Scope,
    *,
    given: Arguments | None = None,
) -> None:
    """Note that a callable is given to something: to a signal, to the start-up, to a dispatcher."""
    base: Value | None = hook
    if isinstance(hook, Instance):  # what `app.on_event("startup")` gives
        given, base = (
            hook.arguments,
            Member(hook.base, hook.of.rpartition(".")[2]) if hook.base else External(hook.of),
        )
    name = dotted(base) if base is not None else ""
    last = base.name if isinstance(base, Member) else name.rpartition(".")[2]
    words = set(name.split(".")) - machine.deaf
    if dotted(value) in OUR_HOOKS and FORK_SIGNALS & words:
        machine.record("fork", node, scope, note=dotted(value))
    if base is not None and left_to_worker(machine, base, given or Arguments(), value):
        return
    if not isinstance(value, _CALLABLE):
        return
    owner = base.base if isinstance(base, Member) else None
    _besides(machine, owner, last, value, node, scope)
    if last == "connect" and (FORK_SIGNALS | WORKER_SIGNALS) & words:
        kind = "fork" if FORK_SIGNALS & words else "init"
        if not forgotten(value, given, node):
            machine.later.append(Later(kind, value, Arguments(whole=False), 0))  # type: ignore[arg-type]
    elif name == POSTFORK:
        machine.later.append(Later("fork", value, Arguments(whole=False), 0))
    elif _at_startup(base, last, given):
        subject = next((each.number for each in applications(owner)), 0)
        machine.later.append(Later("lifespan", value, Arguments(whole=False), subject))
    elif last in {"command", "callback", "default", "add_command", "group"} and owner is not None:
        _register(machine, owner, last, value)


def _besides(  # noqa: PLR0917 an escape has five parts
    machine: Machine, owner: Value | None, last: str, value: Value, node: ast.AST, scope: Scope
) -> None:
    """`@name.setter`, `@function.register`: somebody else calls it by another function's name."""
    if last in {"setter", "deleter", "register"} and isinstance(owner, Function):
        escape(machine, f"{owner.symbol}.{last}", value, node, scope)


def _at_startup(hook: Value | None, last: str, given: Arguments | None) -> bool:
    if last in STARTUP_DECORATORS:
        return True
    if last == "append" and isinstance(hook, Member) and isinstance(hook.base, Member):
        return hook.base.name in STARTUP_LISTS
    if last not in {"on_event", "add_event_handler", "listener", "register_listener", "add_task"}:
        return False
    return any(text in STARTUP_WORDS for each in (given.all() if given else ()) for text in texts(each) or ())


def _register(machine: Machine, owner: Value, last: str, value: Value) -> None:
    """`@cli.command()`: calling the dispatcher calls the function."""
    for option in options(owner):
        if isinstance(option, Function):
            number = id(option.node)
        elif isinstance(option, Instance) and (
            key(option.of) in DISPATCHERS or option.number in machine.commands
        ):
            number = option.number
        else:
            continue
        name = (
            value.node.name
            if isinstance(value, Function) and not isinstance(value.node, ast.Lambda)
            else last
        )
        registered = machine.commands.setdefault(number, [])
        if last in {"callback", "default"}:
            registered.insert(0, (name, value))
        elif not any(known is value for _, known in registered):
            registered.append((name, value))
