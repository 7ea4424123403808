"""Which code of a file runs in a service: not what only people start, nor the company's own bootstrap."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.names import names_of

if TYPE_CHECKING:
    from collections.abc import Collection
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
        "dev",
    }
)
# Folders and files of tests that are called after what they test.
_TESTS: Final = re.compile(r"(?:\w+[_-])?tests(?:[_-]\w+)?|conftest\.py|test_\w+\.py|\w+_tests?\.py")
_OURS: Final = ("ameide_telemetry.",)
# Decorators of click, typer and Flask's command line.
_COMMANDS: Final = frozenset({"command", "group", "callback"})
_GROUPS: Final = frozenset({"group", "callback"})
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
# What has such a name and comes back, or is a part of what goes on.
_PASSING: Final = frozenset({"subprocess.run", "threading.Thread().start", "threading.Timer().start"})


class Runs:
    """Tells which statements of a file run in a service.

    Args:
        file: the file.
        scene: the tree around it.
    """

    __slots__ = ("_all", "_guards", "_layout", "_names")

    def __init__(self, file: Parsed, scene: Scene) -> None:
        self._names = names_of(file)
        self._layout = self._names.layout
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
        """Return whether a function, which is a command, starts the service, or one of its group does."""
        group = is_command(scope, _GROUPS)
        return any(
            _last(call.node.func) in _SERVING and _PASSING.isdisjoint(self._names.named(call.node.func, call))
            for call in self._layout.calls
            if call.scope.name == scope.name or (group and is_command(call.scope))
        )

    def _by_hand(self, path: Path, scene: Scene) -> bool:
        if self._layout.guards or any(each.name == "alembic.context" for each in self._layout.imports):
            return True
        around = [each for each in scene.folders if path.is_relative_to(each)]
        if not around:
            return False
        return is_by_hand(path, max(around, key=lambda folder: len(folder.parts)))


def is_by_hand(path: Path, folder: Path) -> bool:
    """Return whether a file is in a folder of a service whose files people run by hand."""
    parts = path.relative_to(folder).parts
    return not _BY_HAND.isdisjoint(parts[:-1]) or any(map(_TESTS.fullmatch, parts))


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


def is_command(scope: Scope | None, decorators: Collection[str] = _COMMANDS) -> bool:
    """Return whether a function, or one around it, is a command that people give.

    Args:
        scope: of the function.
        decorators: methods of a command line that make one.
    """
    while scope is not None:
        made = getattr(scope.node, "decorator_list", ())
        if any(isinstance(each, ast.Attribute) and each.attr in decorators for each in map(_called, made)):
            return True
        scope = scope.parent
    return False


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
