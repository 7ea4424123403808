"""Which code of a file runs in a service: not what only people start, nor the company's own bootstrap."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.scopes import Scope
    from ameide_telemetry.lint.source import Parsed

__all__ = ["Runs", "is_bootstrap", "is_command"]

# Folders below a service whose files people run by hand, unless an entrypoint imports them.
_BY_HAND: Final = frozenset(
    {"scripts", "script", "bin", "tools", "tool", "hack", "bench", "benchmark", "benchmarks", "notebooks"}
    | {
        "migrations",
        "alembic",
        "tests",
        "test",
        "testing",
        "examples",
        "example",
        "docs",
        "fixtures",
        "evals",
    }
)
_OURS: Final = ("ameide_telemetry.",)
# Decorators of click, typer and Flask's command line.
_COMMANDS: Final = frozenset({"command", "group", "callback"})
_SERVING: Final = frozenset(
    {
        "run",
        "serve",
        "serve_forever",
        "run_app",
        "start",
        "worker_main",
        "wait_for_termination",
        "main",
        "Config",
    }
    | {"start_server", "work", "consume", "run_forever", "start_consuming"}
)


class Runs:
    """Tells which statements of a file run in a service.

    Args:
        file: the file.
        scene: the tree around it.
    """

    __slots__ = ("_all", "_guards", "_layout")

    def __init__(self, file: Parsed, scene: Scene) -> None:
        self._layout = names_of(file).layout
        self._all = file.path in scene.served or not self._by_hand(file.path, scene)
        main = any(
            each.target.path == file.path and each.target.kind in {"file", "module"}
            for each in scene.entrypoints
        )
        self._guards: set[int] = set() if main else self._layout.guards
        self._all = self._all and not is_bootstrap(file, scene)

    def __call__(self, scope: Scope, block: int | None = None) -> bool:
        """Return whether what stands in a scope, in a block of statements, runs in a service."""
        if not self._all:
            return False
        here = scope.block if block is None else block
        if self._guards and self._layout.within(here, self._guards):
            return False
        return scope.kind == "module" or not (is_command(scope) and not self._serves(scope))

    def _serves(self, scope: Scope) -> bool:
        """Return whether a function, which is a command, is the one that starts the service."""
        calls = (call.node.func for call in self._layout.calls if call.scope.name == scope.name)
        last = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in calls}
        return not _SERVING.isdisjoint(last)

    def _by_hand(self, path: Path, scene: Scene) -> bool:
        if self._layout.guards or any(each.name == "alembic.context" for each in self._layout.imports):
            return True
        around = [each for each in scene.folders if path.is_relative_to(each)]
        if not around:
            return False
        return is_by_hand(path, max(around, key=lambda folder: len(folder.parts)))


def is_by_hand(path: Path, folder: Path) -> bool:
    """Return whether a file is in a folder of a service whose files people run by hand."""
    return not _BY_HAND.isdisjoint(path.relative_to(folder).parts[:-1])


def is_bootstrap(file: Parsed, scene: Scene) -> bool:
    """Return whether a file is the company's own bootstrap, which is where telemetry is put together."""
    for name in scene.bootstrap:
        module = tuple(name.split(".")[:-1])
        if name.startswith(_OURS) or not module:
            continue
        parts = (*file.path.parts[:-1], file.path.stem)
        last = parts[:-1] if parts[-1] == "__init__" else parts
        # A package with a function of the same name is the bootstrap's as a whole.
        if last[-len(module) :] == module or (len(module) > 1 and last[-len(module) - 1 : -1] == module):
            return True
    return False


def is_command(scope: Scope | None) -> bool:
    """Return whether a function, or one around it, is a command that people give."""
    while scope is not None:
        if any(map(_makes_command, getattr(scope.node, "decorator_list", ()))):
            return True
        scope = scope.parent
    return False


def _makes_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in _COMMANDS
