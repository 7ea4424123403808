"""What the worker of a queue calls before its first job, besides what it imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.tables import key
from ameide_telemetry.lint.walk.values import (
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Group,
    Instance,
    Member,
    Partial,
    Table,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator

    from ameide_telemetry.lint.model import Target
    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Scope
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["begin_jobs", "begin_program", "given_to_broker", "left_to_worker"]

_CALLABLE: Final = (Function, Partial, Class)
# Hooks of dramatiq's middleware, in the order in which a worker process calls them.
_BOOT: Final = ("after_process_boot", "before_worker_boot", "after_worker_boot", "after_worker_thread_boot")
# Methods of rq's worker that it calls before the function of a job.
_RQ: Final = ("bootstrap", "main_work_horse", "execute_job", "perform_job", "work")
_TASKIQ: Final = {"WORKER_STARTUP": "taskiq worker", "CLIENT_STARTUP": "taskiq scheduler"}
_RUNNERS: Final = {
    ("arq", "run_worker"): "arq",
    ("faust", "main"): "faust",
    ("huey", "run"): "huey",
    ("taskiq", "run_worker"): "taskiq worker",
}
_IN_MEMORY: Final = "InMemoryBroker"
_FAUST: Final = frozenset(
    {"on_before_configured", "on_configured", "on_after_configured", "on_worker_init"},
)


def left_to_worker(machine: Machine, called: Value, given: Arguments, value: Value) -> bool:
    """Keep what only a worker calls; return whether it is such.

    Args:
        machine: the walk.
        called: what it is given to, such as `broker.add_middleware`.
        given: all that it is given.
        value: what is given to be called.
    """
    name = called.name if isinstance(called, Member) else dotted(called).rpartition(".")[2]
    if name == "add_middleware" and isinstance(value, Instance) and value.cls:
        return _boots(machine, value)
    if name in {"on_event", "add_event_handler", "add_event_handlers"}:
        events = [dotted(each).rpartition(".")[2] for each in given.all() if isinstance(each, External)]
        programs = [_TASKIQ[each] for each in events if each in _TASKIQ]
        if programs and _IN_MEMORY in dotted(called):
            # Made for tests, it is both.
            programs = list(_TASKIQ.values())
        if programs and isinstance(value, _CALLABLE):
            machine.boots += [(each, value) for each in programs]
        return bool(programs)
    if name == "on_startup" and isinstance(called, Member) and "huey" in dotted(called).lower():
        machine.boots.append(("huey", value))
        return True
    words = dotted(called).split(".")
    if name == "connect" and words[0] == "faust" and _FAUST & set(words) and isinstance(value, _CALLABLE):
        machine.boots.append(("faust", value))
        return True
    return False


def given_to_broker(machine: Machine, called: Value, given: Arguments) -> None:
    """`RabbitmqBroker(middleware=[Boot()])`."""
    listed = given.names.get("middleware")
    if dotted(called).startswith("dramatiq.") and isinstance(listed, Group):
        for each in listed.items:
            if isinstance(each, Instance) and each.cls:
                _boots(machine, each)


def _boots(machine: Machine, value: Instance) -> bool:
    if value.cls is None or not any(name.startswith("dramatiq.") for name in value.cls.outside()):
        return False
    for name in _BOOT:
        method = value.cls.lookup(name)
        if isinstance(method, Function):
            machine.boots.append(("dramatiq", method.bind(value)))
    return True


def begin_jobs(machine: Machine, target: Target, served: Value, node: ast.AST, scope: Scope) -> None:
    """Call what the worker calls before its first job."""
    if target.kind == "arq":
        _run(machine, _of_settings(served), node, scope)
    _run(machine, _left(machine, target.server), node, scope)
    if target.kind == "rq" and isinstance(served, Class):
        worker = machine.call(machine, served, Arguments(whole=False), node, scope)
        for name in _RQ:
            method = served.lookup(name)
            if isinstance(method, Function):
                machine.run(method.bind(worker), Arguments(whole=False), node, scope)


def begin_program(machine: Machine, called: Value, given: Arguments, node: ast.AST, scope: Scope) -> None:
    """Do the same where a program of its own runs the worker."""
    server = _RUNNERS.get(key(dotted(called)), "")
    if server == "arq" and given.places:
        _run(machine, _of_settings(given.places[0]), node, scope)
    if server:
        _run(machine, _left(machine, server), node, scope)


def _run(machine: Machine, hooks: Iterable[Value], node: ast.AST, scope: Scope) -> None:
    for hook in hooks:
        machine.run(hook, Arguments(whole=False), node, scope)


def _left(machine: Machine, server: str) -> list[Value]:
    return [hook for name, hook in machine.boots if name == server]


def _of_settings(served: Value) -> Iterator[Value]:
    """Yield the hook of arq's settings; only what the class itself says counts."""
    names = dict(served.names) if isinstance(served, Class | Instance) else {}
    if isinstance(served, Table):
        names = {str(name): each for name, each in served.items.items()}
    hook = names.get("on_startup")
    if isinstance(hook, Instance) and hook.of == "builtins.staticmethod" and hook.arguments:
        hook = hook.arguments.get(0)
    if hook is not None and not isinstance(hook, Constant):
        yield hook
