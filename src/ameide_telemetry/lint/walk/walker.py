"""One walk: from the start of an entrypoint to the end of what its source says about it."""

from __future__ import annotations

import ast
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import attribute
from ameide_telemetry.lint.walk.behind import PYTHON, behind
from ameide_telemetry.lint.walk.calls import call, enter, finish
from ameide_telemetry.lint.walk.expressions import evaluate
from ameide_telemetry.lint.walk.forking import Hooks, forked, leave_hook
from ameide_telemetry.lint.walk.imports import load, run_file
from ameide_telemetry.lint.walk.machine import Happening, Machine, Spent
from ameide_telemetry.lint.walk.queues import begin_jobs
from ameide_telemetry.lint.walk.scopes import Module
from ameide_telemetry.lint.walk.serving import run_later
from ameide_telemetry.lint.walk.signals import deaf
from ameide_telemetry.lint.walk.statements import execute
from ameide_telemetry.lint.walk.tables import OUR_HOOKS
from ameide_telemetry.lint.walk.trail import trail
from ameide_telemetry.lint.walk.truth import OPTIMIZED
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Moment,
    Opaque,
    Value,
    applications,
    join,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ameide_telemetry.lint.model import Entrypoint, Target, Trail
    from ameide_telemetry.lint.source import Sources
    from ameide_telemetry.lint.walk.commands import Begun
    from ameide_telemetry.lint.walk.machine import Finder

__all__ = ["begins", "serves", "walk"]

_FRAMES: Final = 20_000
_ENOUGH: Final = 6
_MANY: Final = "the source goes further than a walk may"
_RQ: Final = "rq.worker"
_QUEUES: Final = frozenset({"celery", "dramatiq", "rq", "arq", "queue"})


def walk(
    entrypoint: Entrypoint,
    sources: Sources,
    bootstrap: Iterable[str],
    find: Finder,
    relevant: Callable[[Path], bool] | None = None,
) -> Trail:
    """Return what happens when an entrypoint is started.

    Args:
        entrypoint: what is started.
        sources: the files.
        bootstrap: dotted names whose call starts telemetry.
        find: looks modules up in the import roots.
        relevant: whether a file can bring an event, by itself or by what it imports; others are not parsed.
    """
    machine = Machine(
        sources, find, frozenset(bootstrap), relevant or _always, evaluate, execute, call, finish, enter
    )
    machine.deaf = deaf(entrypoint.target)
    machine.environment = entrypoint.environment
    # What a deployment file sets goes before the default of the source.
    machine.settings_module += filter(None, [entrypoint.environment.get("DJANGO_SETTINGS_MODULE")])
    if entrypoint.target.optimized:
        machine.replaced[OPTIMIZED] = Constant(value=False)
    start = Module("<start>", None, "")
    node = ast.parse("start").body[0]
    served: Value = UNKNOWN
    problem = ""
    try:
        with _room():
            served, problem = _start(machine, entrypoint, node, start)
    except (Spent, RecursionError):
        machine.conditions.clear()
        machine.chain.clear()
        machine.record("dynamic", node, start.scope, note=_MANY)
    return trail(machine, entrypoint, served, problem)


def serves(path: Path, function: str | None, sources: Sources, find: Finder, package: str = "") -> bool:
    """Return whether running a file, or calling a function of it, leads to a server or a worker.

    Args:
        path: the file.
        function: name of a function in it; None to run the file as `python file.py` does.
        sources: the files.
        find: looks modules up in the import roots.
        package: that the file belongs to, for its relative imports.
    """
    machine = _ran(path, function, sources, find, package, _always)
    return any(each.kind == "serve" for each in machine.happenings)


def _ran(  # noqa: PLR0917 six parts of one start
    path: Path,
    function: str | None,
    sources: Sources,
    find: Finder,
    package: str,
    relevant: Callable[[Path], bool],
) -> Machine:
    machine = Machine(sources, find, frozenset(), relevant, evaluate, execute, call, finish, enter)
    node = ast.parse("start").body[0]
    try:
        with _room():
            module = run_file(machine, path, "__main__", main=function is None, package=package)
            if function:
                value = module.scope.names.get(function, UNKNOWN)
                machine.run(value, Arguments(whole=False), node, module.scope)
    except (Spent, RecursionError):
        pass
    return machine


def begins(  # noqa: PLR0917 six parts of one start
    path: Path,
    function: str | None,
    sources: Sources,
    find: Finder,
    package: str = "",
    relevant: Callable[[Path], bool] | None = None,
) -> tuple[Begun, ...]:
    """Return the other programs that are started when a file is run, or a function of it is called.

    Args:
        path: the file.
        function: name of a function in it; None to run the file as `python file.py` does.
        sources: the files.
        find: looks modules up in the import roots.
        package: that the file belongs to, for its relative imports.
        relevant: whether a file can start one, by itself or by what it imports.
    """
    return tuple(_ran(path, function, sources, find, package, relevant or _always).begun)


def _always(_: Path) -> bool:
    return True


@contextmanager
def _room() -> Iterator[None]:
    """Imports that lead to imports need many frames of the interpreter."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _start(machine: Machine, entrypoint: Entrypoint, node: ast.AST, start: Module) -> tuple[Value, str]:
    served, problem = _begun(machine, entrypoint, node, start)
    for unseen, symbol in machine.cut.items():
        if unseen not in machine.entered:
            machine.record("dynamic", node, start.scope, note=f"{symbol}(), which is called too deep")
            break
    if not problem:
        target = entrypoint.target
        if served is UNKNOWN and machine.served:
            served = machine.served[-1]
        served = _announce(machine, target, served, start)
        number = min((each.number for each in applications(served)), default=0)
        run_later(machine, node, start.scope, number)
    return served, problem


def _begun(machine: Machine, entrypoint: Entrypoint, node: ast.AST, start: Module) -> tuple[Value, str]:
    """Do what a server does until it serves; return what it serves, and why it cannot."""
    target, folders = entrypoint.target, (*entrypoint.roots, entrypoint.folder)
    hooks, problems = Hooks(), [""]
    for name in target.imports:
        module = _besides(machine, name, folders, start)
        if target.server == "gunicorn" and module:
            hooks.read(machine, module, node, start.scope)

    def serve() -> Value:
        served, problems[0] = _serve_target(machine, target, node, start)
        return served

    if target.server == "gunicorn":
        known = hooks.preloads(target.unsure) if target.unsure else target.preload
        preload = target.preload or bool(known)
        machine.unsure = target.unsure if known is None and not preload else ""
        return forked(machine, hooks, serve, start.scope, preload=preload), problems[0]
    if target.preload:
        machine.record("preload", node, start.scope)
    served = serve()
    if not problems[0]:
        begin_jobs(machine, target, served, node, start.scope)
    if target.preload and target.server == "uwsgi":
        machine.record("forks", node, start.scope)
    if target.server == "uwsgi":
        leave_hook(machine, preload=target.preload)
    return served, problems[0]


def _besides(machine: Machine, name: str, folders: Iterable[Path], start: Module) -> Module | None:
    """Import what a server imports besides; return its module, if it is one of the tree."""
    node = ast.Pass()
    name = name.removeprefix("python:")
    if name in OUR_HOOKS:
        machine.record("fork", node, start.scope, note=name)
        return None
    if name.endswith(".py") or "/" in name:
        path = _place(machine, name, folders)
        module: Value = run_file(machine, path, name, main=False) if path else External(name)
    else:
        module = load(machine, name, node, start.scope)
        if isinstance(module, Module) and module.state == "skipped" and module.path:
            # Its settings matter, whatever else is in it.
            module = run_file(machine, module.path, name, main=False, package=module.package)
    return module if isinstance(module, Module) else None


def _place(machine: Machine, name: str, folders: Iterable[Path]) -> Path | None:
    """Return the config file that a name stands for; an absolute one stands for itself."""
    for folder in folders:
        path = folder / name
        if path.is_file():
            return path
        machine.looked_for[path] = None
    return None


def _serve_target(machine: Machine, target: Target, node: ast.AST, start: Module) -> tuple[Value, str]:
    if target.kind == "file" or (target.kind == "module" and target.path):
        return _run_main(machine, target)
    if target.module:
        module = load(machine, target.module, node, start.scope)
    elif target.path:
        module = run_file(machine, target.path, target.path.stem, main=False)
    else:
        return UNKNOWN, "nobody says which module it is"
    if not isinstance(module, Module):
        # rq itself is no part of the tree, and imports nothing of it before the first job.
        told = f"there is no module {target.module} in the folders that it imports from"
        return UNKNOWN, "" if target.module == _RQ else told
    if module.state == "unread":
        return UNKNOWN, ""
    value: Value = _only_application(module) if not target.attribute and target.kind in _QUEUES else UNKNOWN
    if target.attribute:
        if _lacks(module, target.attribute.partition(".")[0]):
            first = target.attribute.partition(".")[0]
            found = f"has {first} under a condition only" if first in module.doubtful else f"has no {first}"
            return UNKNOWN, f"{target.module or module.name} {found}"
        value = module
        for part in target.attribute.split("."):
            value = attribute(machine, value, part, node, module.scope)
    if target.factory or (target.kind == "function" and target.attribute):
        called = machine.run(value, _arguments(machine, target, module), node, start.scope)
        value = called if target.factory else UNKNOWN
    return value, ""


def _lacks(module: Module, name: str) -> bool:
    """Return whether a module that was walked to its end certainly has no such name."""
    names = module.scope.names
    if module.state != "ran" or module.stars or module.open or "__getattr__" in names:
        return False
    return name not in names or name in module.doubtful


def _run_main(machine: Machine, target: Target) -> tuple[Value, str]:
    if target.path is None:
        return UNKNOWN, "the file is not there"
    package = target.module
    if target.path.name == "__main__.py":
        package = package.removesuffix(".__main__")
    else:
        package = package.rpartition(".")[0]
    if package:
        start = Module("<start>", None, "")
        load(machine, package, ast.parse("start").body[0], start.scope)
    run_file(machine, target.path, "__main__", main=True, package=package)
    return UNKNOWN, ""


def _only_application(module: Module) -> Value:
    names = module.scope.names
    for name in ("app", "celery", *names):
        value = names.get(name)
        if value is not None and any(True for _ in applications(value)):
            return value
    return UNKNOWN


def _arguments(machine: Machine, target: Target, module: Module) -> Arguments:
    try:
        node = ast.parse(f"f({target.arguments})", mode="eval").body
    except (SyntaxError, ValueError):
        return Arguments(whole=False)
    given = Arguments()
    if isinstance(node, ast.Call):
        given.places = [evaluate(machine, each, module.scope) for each in node.args]
        given.names = {
            each.arg: evaluate(machine, each.value, module.scope) for each in node.keywords if each.arg
        }
    return given


def _announce(machine: Machine, target: Target, served: Value, start: Module) -> Value:
    """Return the applications that are served; one that no table knows is made known.

    What a server is told to serve is an application, whatever it is; which of several decides is seen later.
    """
    if target.kind not in {"asgi", "wsgi"}:
        found = behind(machine, served).found
        return _oldest(found) if found and not any(True for _ in applications(served)) else served
    choices: list[Value] = [
        each for each in options(served) if each is not UNKNOWN and not isinstance(each, Constant)
    ]
    return join(_told(machine, target, each, start) for each in choices or [served])


def _told(machine: Machine, target: Target, served: Value, start: Module) -> Value:
    """Return the applications that one object serves."""
    reach = behind(machine, served)
    inner = [_oldest(reach.found)] if reach.found else []
    known = {each.number for each in reach.found}
    if reach.unknown and any(each.kind == "app" and each.subject not in known for each in machine.happenings):
        inner.append(_unknown(machine, target, served, start))
    if inner:
        return join(inner)
    if isinstance(served, Instance) and not served.kind and not _is_taken(served):
        served.kind = target.kind
        machine.application(served)
    elif not isinstance(served, (Function, Class)):
        return _unknown(machine, target, served, start)
    return served


def _is_taken(served: Instance) -> bool:
    """Return whether a function of Python itself gave an object, which makes no application."""
    return served.of.partition(".")[0] in PYTHON


def _oldest(found: list[Instance]) -> Value:
    """Return some applications, the oldest ones first."""
    return join(sorted(found, key=lambda each: each.made.order)[:_ENOUGH])


def _unknown(machine: Machine, target: Target, served: Value, start: Module) -> Value:
    """Take what nobody knows for as old as the oldest application: it may be that one."""
    module = machine.modules.get(target.module, start)
    last = target.attribute.rpartition(".")[2] or target.module
    order, node = module.bound.get(last, (machine.number(), ast.Pass()))
    orders = [each.moment.order for each in machine.happenings if each.kind == "app"]
    orders += [each.made.order for each in options(served) if isinstance(each, Instance)]
    oldest = min(orders, default=order)
    moment = Moment(min(order, oldest), module, node, "<module>", (), ())
    reason = next((each.reason for each in options(served) if isinstance(each, Opaque) and each.reason), "")
    instance = Instance(machine.number(), "", moment, target.kind)
    machine.application(instance)
    if module.state != "unread":
        note = reason or f"what `{target.name}` stands for"
        machine.happenings.append(Happening("dynamic", moment, instance.number, note))
    return instance
