"""Signals of Celery: which process hears which, and which receivers are gone before they are sent."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.values import Constant, Function, Partial

if TYPE_CHECKING:
    from ameide_telemetry.lint.model import Target
    from ameide_telemetry.lint.walk.values import Arguments, Value

__all__ = ["FORK_SIGNALS", "WORKER_SIGNALS", "deaf", "forgotten"]

FORK_SIGNALS: Final = frozenset({"worker_process_init"})
"""Signals that each pool process hears."""
_EVERYWHERE: Final = frozenset(
    {
        "after_setup_logger",
        "after_setup_task_logger",
        "import_modules",
        "on_after_configure",
        "on_after_finalize",
        "setup_logging",
    }
)
_BEAT: Final = frozenset({"beat_init"})
_OWN: Final = frozenset({"celeryd_after_setup", "celeryd_init", "worker_init"})
# Sent when the processes of the pool exist already.
_ALONE: Final = frozenset({"worker_ready"})
_EVENTLET: Final = frozenset({"eventlet_pool_started"})
WORKER_SIGNALS: Final = _EVERYWHERE | _BEAT | _OWN | _ALONE | _EVENTLET
"""Signals that a worker, or beat, hears before it works."""
_THREADED: Final = frozenset({"threads", "gevent", "eventlet"})
_SERVING: Final = frozenset({"main", "run", "start", "start_worker", "worker_main"})


def deaf(target: Target) -> frozenset[str]:
    """Return the signals of Celery that a process never hears: beat no worker's, threads no fork's."""
    program, _, pool = target.server.partition(" --pool ")
    if program == "celery beat":
        return FORK_SIGNALS | _OWN | _ALONE | _EVENTLET
    if program != "celery worker":
        return frozenset()
    unheard = _BEAT | (FORK_SIGNALS if pool in _THREADED else frozenset())
    unheard |= frozenset() if pool in {*_THREADED, "solo"} else _ALONE
    return unheard if pool == "eventlet" else unheard | _EVENTLET


def forgotten(value: Value, given: Arguments | None, node: ast.AST) -> bool:
    """Return whether a receiver is gone when its signal is sent: signals keep weak references only.

    Args:
        value: the receiver.
        given: what else `connect` was given.
        node: the call of it, or the decorator that it is.
    """
    for name, kept in (("weak", False), ("retry", True)):
        said = given.names.get(name) if given else None
        if said is not None and not (isinstance(said, Constant) and bool(said.value) is not kept):
            return False
    receiver = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if isinstance(receiver, ast.Lambda) or (isinstance(value, Partial) and isinstance(receiver, ast.Call)):
        return True
    if isinstance(receiver, ast.Attribute) and isinstance(receiver.value, ast.Call):
        return True
    if not isinstance(value, Function) or value.bound is not None or value.scope.kind != "function":
        return False
    home = _around(value)
    return home is not None and not _keeps(home, value)


def _around(value: Function) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the function in which another is defined."""
    source = value.module.source
    for each in ast.walk(source.tree) if source else ():
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and value.node in each.body:
            return each
    return None


def _keeps(home: ast.FunctionDef | ast.AsyncFunctionDef, value: Function) -> bool:
    """Return whether a function hands one that it defines to anybody else, or goes on while it serves."""
    name = getattr(value.node, "name", "")
    for each in ast.walk(home):
        if isinstance(each, ast.Call):
            last = each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", "")
            if last in _SERVING:
                return True
    uses = [each for each in ast.walk(home) if isinstance(each, ast.Name) and each.id == name]
    connected = [
        each
        for call in ast.walk(home)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "connect"
        for each in ast.walk(call)
    ]
    return any(isinstance(each.ctx, ast.Load) and each not in connected for each in uses)
