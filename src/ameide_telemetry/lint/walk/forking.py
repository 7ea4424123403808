"""gunicorn: what its config file has it call, in the master and in the workers, and when."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.walk.attributes import dotted
from ameide_telemetry.lint.walk.conditions import Condition
from ameide_telemetry.lint.walk.machine import Later
from ameide_telemetry.lint.walk.tables import OUR_HOOKS
from ameide_telemetry.lint.walk.truth import truth
from ameide_telemetry.lint.walk.values import (
    UNKNOWN,
    Arguments,
    Class,
    Function,
    Instance,
    Parent,
    Partial,
    Table,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ameide_telemetry.lint.walk.machine import Machine
    from ameide_telemetry.lint.walk.scopes import Module, Scope
    from ameide_telemetry.lint.walk.values import Value

__all__ = ["CONFIG", "POSTFORK", "POSTFORK_HOOK", "Hooks", "configure", "forked", "leave_hook", "standalone"]

CONFIG: Final = "gunicorn.config.Config"
"""Name of the object by which a program sets what gunicorn does."""
POSTFORK: Final = "uwsgidecorators.postfork"
"""Name of the decorator of uWSGI whose functions are called in each worker."""
POSTFORK_HOOK: Final = "uwsgi.post_fork_hook"
"""Attribute of uWSGI whose function it calls in each worker."""
_CALLABLE: Final = (Function, Partial, Class)
# In the order in which gunicorn calls them; the application is imported before the first of them with
# preload, and between the second row and the third without.
_IN_MASTER: Final = ("on_starting", "when_ready", "pre_fork")
_IN_WORKER: Final = ("post_fork",)
_WITH_APPLICATION: Final = ("post_worker_init", "pre_request", "post_request")


@dataclass(slots=True)
class Hooks:
    """Settings of gunicorn that matter to the start.

    Attributes:
        values: name of the setting -> its value.
        doubtful: names that are set under a condition only.
    """

    values: dict[str, Value] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)

    def read(self, machine: Machine, module: Module, node: ast.AST, scope: Scope) -> None:
        """Take over what a config file sets."""
        self.doubtful |= module.doubtful & module.scope.names.keys()
        self.add(machine, module.scope.names, node, scope)
        for name in OUR_HOOKS.intersection(module.stars):
            machine.record("fork", node, scope, note=name)

    def add(self, machine: Machine, names: Mapping[str, Value], node: ast.AST, scope: Scope) -> None:
        """Take over what a table of options sets; a hook of ours takes care of each child."""
        self.values |= names
        for name in set(_IN_WORKER) - self.doubtful:
            hook = dotted(names.get(name, UNKNOWN))
            if hook in OUR_HOOKS:
                machine.record("fork", node, scope, note=hook)

    def preloads(self, setting: str) -> bool | None:
        """Return whether a setting is on; None if nobody knows."""
        is_set = setting in self.values and setting not in self.doubtful
        return truth(self.values[setting]) if is_set else None

    def call(self, machine: Machine, names: Iterable[str], node: ast.AST, scope: Scope) -> None:
        """Call some of them now."""
        for name, hook in self._of(names):
            unsure = [Condition(machine.number(), 0, 0, f"`{name}` is set")] if name in self.doubtful else []
            with machine.under(*unsure):
                machine.call(machine, hook, Arguments(whole=False), node, scope)

    def leave(self, machine: Machine, names: Iterable[str]) -> None:
        """Have some of them called in each child, when the application is there."""
        machine.later += [Later("fork", hook, Arguments(whole=False), 0) for _, hook in self._of(names)]

    def _of(self, names: Iterable[str]) -> list[tuple[str, Value]]:
        found = [(name, self.values[name]) for name in names if name in self.values]
        return [(name, hook) for name, hook in found if isinstance(hook, _CALLABLE)]


def leave_hook(machine: Machine, *, preload: bool) -> None:
    """Have the hook of uWSGI called in each child, if the application has set it."""
    if not preload:
        # A worker that imports the application by itself has called its hooks before.
        machine.later = [each for each in machine.later if each.kind != "fork"]
        return
    hook = machine.replaced.get(POSTFORK_HOOK)
    if isinstance(hook, _CALLABLE):
        machine.later.append(Later("fork", hook, Arguments(whole=False), 0))


def standalone(machine: Machine, base: Value | None, node: ast.AST, scope: Scope) -> Value | None:
    """Serve what a program's own subclass of gunicorn's application loads; None for anything else.

    The program is the master: what it did so far was done before the workers fork.
    """
    base = base.bound if isinstance(base, Parent) else base
    home = base.cls if isinstance(base, Instance) else None
    if home is None or not any(name.startswith("gunicorn.") for name in home.outside()):
        return None
    hooks = Hooks()
    for table in _tables(base):
        named = {name: value for name, value in table.items.items() if isinstance(name, str)}
        hooks.add(machine, named, node, scope)
    hooks.add(machine, _configured(machine, base, node, scope), node, scope)
    preload = bool(hooks.preloads("preload_app"))
    return forked(machine, hooks, lambda: _method(machine, base, "load", node, scope), scope, preload=preload)


def configure(base: Instance, given: Arguments) -> Value:
    """`self.cfg.set("post_fork", hook)`."""
    for name in texts(given.get(0, "name")) or ():
        base.names[name] = given.get(1, "value") or UNKNOWN
    return UNKNOWN


def _tables(base: Value | None) -> list[Table]:
    """Return the tables of options that an application of gunicorn is given, or keeps."""
    given = base.arguments.all() if isinstance(base, Instance) and base.arguments else []
    kept = list(base.names.values()) if isinstance(base, Instance) else []
    return [each for each in (*given, *kept) if isinstance(each, Table)]


def _configured(machine: Machine, base: Value | None, node: ast.AST, scope: Scope) -> dict[str, Value]:
    """Return what `load_config` sets, one by one."""
    if not isinstance(base, Instance):
        return {}
    settings = base.names["cfg"] = machine.made(CONFIG, node, scope)
    _method(machine, base, "load_config", node, scope)
    return settings.names


def _method(machine: Machine, base: Value | None, name: str, node: ast.AST, scope: Scope) -> Value:
    method = base.cls.lookup(name) if isinstance(base, Instance) and base.cls else None
    if not isinstance(method, Function) or base is None:
        return UNKNOWN
    return machine.call(machine, method.bind(base), Arguments(), node, scope)


def forked(
    machine: Machine, hooks: Hooks, serve: Callable[[], Value], scope: Scope, *, preload: bool
) -> Value:
    """Do what gunicorn does at its start, in its order, and return what it serves.

    Args:
        machine: the walk.
        hooks: what it is told to call.
        serve: imports the application.
        scope: of the start.
        preload: whether the master imports the application.
    """
    node = ast.Pass()
    if preload:
        machine.record("preload", node, scope)
        served = serve()
        hooks.call(machine, _IN_MASTER, node, scope)
        machine.record("forks", node, scope)
        hooks.leave(machine, (*_IN_WORKER, *_WITH_APPLICATION))
        return served
    hooks.call(machine, _IN_MASTER, node, scope)
    machine.record("forks", node, scope)
    hooks.call(machine, _IN_WORKER, node, scope)
    served = serve()
    hooks.leave(machine, _WITH_APPLICATION)
    return served
