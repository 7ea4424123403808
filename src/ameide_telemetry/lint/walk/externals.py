"""Calls of what is outside of the tree: what makes an application, serves, loads, logs, or calls back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.builtin import BUILTINS
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.loading import load_by_name, load_django
from ameide_telemetry.lint.walk.machine import Later
from ameide_telemetry.lint.walk.serving import serve
from ameide_telemetry.lint.walk.tables import (
    APPLICATIONS,
    CALLERS,
    CLIENTS,
    DISPATCHERS,
    FORK_SIGNALS,
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
    WORKER_SIGNALS,
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

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.machine import Happening, Machine
    from ameide_telemetry.lint.walk.scopes import Scope

__all__ = ["call_external", "hooked", "note_startup"]

_CALLABLE: Final = (Function, Partial, Class)


def call_external(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value:
    """Call something from outside of the tree; return what comes of it."""
    name = dotted(called)
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
    return _made(machine, called, given, node, scope)


def _connect(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """`worker_process_init.connect(boot)` of a signal that was imported by its name; a call of our hook."""
    name = dotted(called)
    if name in OUR_HOOKS:
        machine.record("fork", node, scope, note=name)
    if name.endswith(".connect") and not isinstance(called, Member) and given.places:
        hooked(machine, called, given.places[-1], node, scope, given=given)


def _made(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> Instance:
    instance = machine.made(dotted(called), node, scope)
    instance.arguments = given
    instance.wraps = tuple(value for value in given.all() if any(True for _ in applications(value)))
    instance.base = called.base if isinstance(called, Member) else None
    return instance


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
    return serve(machine, called.base if isinstance(called, Member) else None, given, node, scope)


def _caller(machine: Machine, _: Value, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    first = given.places[0] if given.places else None
    if isinstance(first, _CALLABLE):
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
)


def _method(machine: Machine, called: Member, given: Arguments, node: ast.AST, scope: Scope) -> Value | None:
    base, name = called.base, called.name
    if isinstance(base, Opaque) and base.reason:
        return base
    if name in SERVING_METHODS:
        return serve(machine, base, given, node, scope)
    if name in _PLAIN_METHODS:
        return _plain(base, name, given)
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
    if name in LOG_METHODS and key(dotted(base)) in LOGGERS:
        machine.log(node, scope)
        return UNKNOWN
    if name == "start" and isinstance(base, Instance) and key(base.of) in THREADS:
        return _thread(machine, base, node, scope)
    if isinstance(base, Group) and name in _CHANGES:
        return _changed(machine, base, name, given)
    if isinstance(base, Table) and name in {"pop", "popitem", "clear"}:
        return _taken(machine, base, name, given)
    return None


def _taken(machine: Machine, base: Table, name: str, given: Arguments) -> Value:
    """Take something out of a dictionary; what happens only under a condition leaves each item in doubt."""
    sure = len(machine.conditions) <= (machine.frames[-1].base if machine.frames else 0)
    first = given.get(0)
    known = name == "pop" and isinstance(first, Constant)
    gone = {first.value} if known and isinstance(first, Constant) else set(base.items)
    value = join(item for key_, item in base.items.items() if key_ in gone)
    for each in gone & base.items.keys():
        if sure:
            del base.items[each]
        else:
            base.items[each] = join([base.items[each], UNKNOWN])
    return value if name == "pop" else UNKNOWN


_CHANGES: Final = frozenset(
    {"append", "insert", "add", "extend", "pop", "popleft", "remove", "discard", "clear"}
)


def _changed(machine: Machine, base: Group, name: str, given: Arguments) -> Value:
    """Change a list; what happens only under a condition leaves each item in doubt."""
    sure = len(machine.conditions) <= (machine.frames[-1].base if machine.frames else 0)
    if name in {"append", "insert", "add", "extend"}:
        added = given.places[-1:]
        if name == "extend" and added and isinstance(added[0], Group):
            added = list(added[0].items)
        base.items = (*base.items, *(added if sure else [join([each, UNKNOWN]) for each in added]))
        return UNKNOWN
    gone = join(base.items) if name in {"pop", "popleft"} else UNKNOWN
    left = () if sure or name == "clear" else base.items
    if name in {"remove", "discard"} and given.places and given.places[0] in base.items:
        left = tuple(each for each in base.items if each is not given.places[0])
    base.items = left if sure else tuple(join([each, UNKNOWN]) for each in base.items)
    return gone


_PLAIN_METHODS: Final = frozenset({"update", "setdefault", "get", "lower", "strip", "upper"})


def _plain(base: Value, name: str, given: Arguments) -> Value | None:
    if isinstance(base, Setting):
        return base
    if isinstance(base, Constant) and isinstance(base.value, str) and name in {"lower", "upper", "strip"}:
        return Constant(getattr(base.value, name)())
    if not isinstance(base, Table):
        return None
    first = given.places[0] if given.places else None
    if name == "update":
        base.items.update(first.items if isinstance(first, Table) else {})
        base.items.update(given.names)
    elif isinstance(first, Constant):
        return base.items.get(first.value, given.get(1, "default") or Constant(None))
    return join(base.items.values()) if name == "get" else UNKNOWN


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
    if isinstance(target, _CALLABLE):
        rest = base.arguments.names.get("args") if base.arguments else None
        places = list(rest.items) if isinstance(rest, Group) else []
        quick = Condition(machine.number(), 0, 0, "the thread is quick enough")
        before = len(machine.happenings)
        with machine.under(quick):
            machine.call(machine, target, Arguments(places, whole=False), node, scope)
        if base.of.startswith("multiprocessing."):
            _apart(machine.happenings[before:])
    return UNKNOWN


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
    words = name.split(".")
    if dotted(value) in OUR_HOOKS and FORK_SIGNALS & set(words):
        machine.record("fork", node, scope, note=dotted(value))
    if not isinstance(value, _CALLABLE):
        return
    owner = base.base if isinstance(base, Member) else None
    if last == "connect" and (FORK_SIGNALS | WORKER_SIGNALS) & set(words):
        kind = "fork" if FORK_SIGNALS & set(words) else "init"
        machine.later.append(Later(kind, value, Arguments(whole=False), 0))  # type: ignore[arg-type]
    elif _at_startup(base, last, given):
        subject = next((each.number for each in applications(owner)), 0)
        machine.later.append(Later("lifespan", value, Arguments(whole=False), subject))
    elif last in {"command", "callback", "default", "add_command", "group"} and owner is not None:
        _register(machine, owner, last, value)


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
