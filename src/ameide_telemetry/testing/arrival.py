"""Work that is done right after a library is imported, and never where nobody imports it."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["Arrivals"]


class Arrivals(MetaPathFinder):
    """Watches imports for a few names; every other import costs one look into a dict."""

    def __init__(self) -> None:
        self._actions: dict[str, Callable[[], object]] = {}

    def expect(self, name: str, action: Callable[[], object]) -> None:
        """Run `action` after the import of a module, or now where that is imported already."""
        if name in sys.modules:
            action()
        else:
            self._actions[name] = action

    def begin(self) -> None:
        """Watch from now on."""
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        """Watch no more."""
        self._actions.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as everybody else does, and have its loader run the action afterwards."""
        action = self._actions.pop(fullname, None)
        if action is None:
            return None
        for finder in sys.meta_path:
            search = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = (
                search(fullname, path, target) if finder is not self and search else None
            )
            if spec is not None:
                return _followed(spec, action)
        return None


def _followed(spec: ModuleSpec, action: Callable[[], object]) -> ModuleSpec:
    loader: Any = spec.loader
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        execute(module)
        action()

    loader.exec_module = exec_module
    return spec
