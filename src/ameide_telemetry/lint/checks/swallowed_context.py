"""TEL306: work goes to a thread or process that starts without tenant, request id and span.

`asyncio.create_task`, `asyncio.to_thread`, `anyio.to_thread` and the thread pool of Starlette copy the
context by themselves and are left alone.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import FileCheck
from ameide_telemetry.lint.checks.making import argument, fixed, problem
from ameide_telemetry.lint.checks.places import Runs
from ameide_telemetry.lint.edits import added_import, replaced, source
from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.names import Names, Use
    from ameide_telemetry.lint.scopes import Scope
    from ameide_telemetry.lint.source import Parsed

__all__ = ["CHECK"]

_MODULE: Final = "ameide_telemetry.integrations.threads"
_THREADS: Final = {"threading.Thread": ("target", 1), "threading.Timer": ("function", 1)}
_POOL: Final = "concurrent.futures.ThreadPoolExecutor()"
_PROCESSES: Final = "concurrent.futures.ProcessPoolExecutor()"
_SUBMITS: Final = frozenset({"submit", "map"})
_RUN_IN: Final = "run_in_executor"
_PROCESS: Final = {
    **dict.fromkeys(("multiprocessing.Process", "multiprocessing.context.Process"), ("target", 1)),
    "multiprocessing.get_context().Process": ("target", 1),
}
_THREAD_POOLS: Final = ("multiprocessing.pool.ThreadPool()", "multiprocessing.dummy.Pool()")
_PROCESS_POOLS: Final = (
    *("multiprocessing.Pool()", "multiprocessing.pool.Pool()", "multiprocessing.get_context().Pool()"),
)
_APPLIES: Final = frozenset(
    {"map", "map_async", "imap", "imap_unordered", "starmap", "starmap_async", "apply", "apply_async"}
)
# Of one piece of work each.
_SINGLE: Final = frozenset({"submit", "apply_async"})
_METHODS: Final = {
    **dict.fromkeys((_POOL, _PROCESSES), _SUBMITS),
    **dict.fromkeys((*_THREAD_POOLS, *_PROCESS_POOLS), _APPLIES),
}
# What these start lives as long as the process, not as long as a request.
_STARTING: Final = frozenset(
    {"__init__", "__enter__", "__aenter__", "main", "serve", "create_app", "lifespan", "on_start"}
    | {"startup_event", "on_startup"}
)
_STARTS: Final = frozenset({"start", "startup", "init", "initialize", "setup", "run", "launch", "spawn"})
# `run_in_thread` is what others call for a part of a request.
_RUNS_IN: Final = frozenset({"thread", "threads", "background", "pool"})
_MAKES: Final = frozenset({"get", "make", "create", "build", "new"})
# What lasts, as the last word of `start_...`: everything else may be a part of a request.
_LASTING: Final = frozenset(
    {"app", "application", "server", "service", "services", "worker", "workers", "thread", "threads", "loop"}
    | {"background", "scheduler", "poller", "polling", "monitor", "monitoring", "consumer", "consumers"}
    | {"listener", "listening", "watcher", "watching", "watch", "heartbeat", "heartbeats", "daemon"}
    | {"forever", "observer", "metrics", "exporter", "consuming", "http", "grpc", "main", "pool", "reloader"}
    | {"telemetry", "logging", "timer", "subscriber", "loops", "processes", "timers"}
)
_LASTING_MADE: Final = frozenset({"server", "worker", "thread", "daemon", "subprocess"})
_FOR_GOOD: Final = frozenset(
    {"loop", "forever", "worker", "poll", "poller", "consume", "consumer", "watch", "watcher", "heartbeat"}
    | {"observe", "observer", "listen", "listener", "monitor", "run", "serve", "scheduler", "background"}
)
# What a pool is given may be called `run_report`, and be a part of a request.
_ENDLESS: Final = _FOR_GOOD - {"run", "background", "worker", "observe", "observer"}
# What only ends something, or hands out what was gathered: no line and no span is about it.
_ENDS: Final = frozenset({"cancel", "kill", "terminate", "set", "release", "interrupt", "flush"})
_THREAD_HINT: Final = "carry the context: `{name}=carry_context({function})` from `" + _MODULE + "`"
_POOL_HINT: Final = (
    "make the pool a `ContextThreadPoolExecutor` of `ameide_telemetry.integrations.threads`, or submit "
    "`carry_context({function})`"
)
_CARRY_HINT: Final = "give it `carry_context({function})` of `" + _MODULE + "`"
_RUN_HINT: Final = (
    "call `await asyncio.to_thread({function}, ...)`, which carries the context, or run "
    "`carry_context({function})`"
)
_PROCESS_HINT: Final = (
    "pass headers filled by `opentelemetry.propagate.inject` as an argument, and attach what `extract` makes "
    "of them in the process"
)


def _look(file: Parsed, scene: Scene) -> Iterator[Problem]:
    names = names_of(file)
    runs = Runs(file, scene)
    for use in names.uses:
        if runs(use.call.scope, use.call.block):
            yield from _of_use(file, names, use)
    for call in names.layout.calls:
        func = call.node.func
        if isinstance(func, ast.Attribute) and func.attr == _RUN_IN and runs(call.scope, call.block):
            executor = argument(call.node, "executor", 0)
            function = argument(call.node, "func", 1)
            kinds = names.named(executor, call)
            bare = isinstance(executor, ast.Constant) and executor.value is None
            if (
                function is None
                or _carries(function, names, call.scope)
                or not (bare or {_POOL, _PROCESSES} & set(kinds))
            ):
                continue
            yield _problem(
                file, call.scope, function, "`run_in_executor`", _RUN_HINT, processes=_PROCESSES in kinds
            )


def _of_use(file: Parsed, names: Names, use: Use) -> Iterator[Problem]:
    base, _, method = use.name.rpartition(".")
    scope = use.call.scope
    if use.name in _THREADS or use.name in _PROCESS:
        name, position = _THREADS.get(use.name) or _PROCESS[use.name]
        function = argument(use.node, name, position)
        if function is None or _lives_on(scope) or _is_loop(function) or _carries(function, names, scope):
            return
        hint = _THREAD_HINT.replace("{name}", name)
        yield _problem(file, scope, function, f"`{use.name}`", hint, processes=use.name in _PROCESS)
    elif method in _METHODS.get(base, ()) and use.node.args:
        function = use.node.args[0]
        for_good = method in _SINGLE and _is_loop(function, _ENDLESS)
        if not _carries(function, names, scope) and not for_good and scope.kind != "module":
            what = f"`{base.removesuffix('()').rpartition('.')[2]}.{method}`"
            hint = _CARRY_HINT if base in _THREAD_POOLS else _POOL_HINT
            far = base == _PROCESSES or base in _PROCESS_POOLS
            yield _problem(file, scope, function, what, hint, processes=far)


def _problem(
    file: Parsed, scope: Scope, function: ast.expr, what: str, hint: str, *, processes: bool = False
) -> Problem:
    text = source(file, function)
    if processes or "\n" in text or isinstance(function, ast.Starred):
        shown = _PROCESS_HINT if processes else hint.format(function="...")
        fix = None
    else:
        shown = hint.format(function=text)
        wrapped = replaced(file, function, f"carry_context({text})")
        added = added_import(file, f"from {_MODULE} import carry_context")
        fix = fixed("carry the context", wrapped, added)
    message = f"{what} starts its work without tenant, request id and span"
    return problem("TEL306", file, function, message, shown, scope=scope, fix=fix)


def _lives_on(scope: Scope | None) -> bool:
    """Return whether a thread is started where a process starts, so that there is no request to carry."""
    if scope is None or scope.kind == "module":
        return True
    while scope is not None:
        name = scope.name.rpartition(".")[2]
        if name in _STARTING or _starts_for_good(name):
            return True
        scope = scope.parent
    return False


def _starts_for_good(name: str) -> bool:
    """Return whether a function starts something that lasts, by its name: `start`, `_run_server`."""
    first, _, rest = name.strip("_").lower().partition("_")
    last = rest.rpartition("_")[2]
    if first == "run" and last in _RUNS_IN:
        return False
    return (first in _STARTS and (not last or last in _LASTING)) or (
        first in _MAKES and last in _LASTING_MADE
    )


def _is_loop(function: ast.expr, words: frozenset[str] = _FOR_GOOD) -> bool:
    """Return whether a thread is to run for good, or does nothing of its own, by the name of what it runs."""
    if isinstance(function, ast.Lambda) and isinstance(function.body, ast.Call):
        function = function.body.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return not words.isdisjoint(name.lower().split("_")) or name in _ENDS


def _carries(function: ast.expr, names: Names, scope: Scope) -> bool:
    """Return whether a function takes a context along: `carry_context(f)`, or `run` of a copied context."""
    if isinstance(function, ast.Lambda):
        function = function.body.func if isinstance(function.body, ast.Call) else function.body
    elif isinstance(function, ast.Name) and _runs_context(function.id, names):
        return True
    if isinstance(function, ast.Call):
        called = names.named_in(function.func, scope)
        inner = function.args[0] if function.args else None
        if any(each.endswith("carry_context") for each in called):
            return True
        if isinstance(inner, ast.Attribute) and inner.attr == "run":
            return _is_context(inner, names, scope)
    named = names.named_in(function, scope)
    if any(each.endswith("carry_context()") for each in named):
        return True
    return (
        isinstance(function, ast.Attribute) and function.attr == "run" and _is_context(function, names, scope)
    )


def _runs_context(name: str, names: Names) -> bool:
    """Return whether a function of the file calls `run` of a context in its body."""
    return any(
        isinstance(call.node.func, ast.Attribute)
        and call.node.func.attr == "run"
        and call.scope.name.rpartition(".")[2] == name
        and _is_context(call.node.func, names, call.scope)
        for call in names.layout.calls
    )


def _is_context(function: ast.Attribute, names: Names, scope: Scope) -> bool:
    base = names.named_in(function.value, scope)
    value = function.value
    name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
    known = {"contextvars.copy_context()", "contextvars.Context()"}
    return bool(known.intersection(base)) or name.strip("_").endswith(("ctx", "context"))


CHECK: Final = FileCheck(
    "TEL306",
    _look,
    (b"Thread", b"Timer", b"PoolExecutor", b"run_in_executor", b"multiprocessing"),
    served_only=True,
)
