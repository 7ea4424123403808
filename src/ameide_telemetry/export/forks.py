"""Every pipeline of the process learns of a fork; the interpreter has one hook for all of them."""

from __future__ import annotations

import os
import weakref
from typing import Final, Protocol

__all__ = ["Forked", "watch_forks"]


class Forked(Protocol):
    """What has to begin anew in a forked child."""

    def after_fork(self) -> None:
        """Begin anew; called in the child, while it has no other thread."""
        ...


class _Hook:
    def __init__(self) -> None:
        self._watched: weakref.WeakSet[Forked] = weakref.WeakSet()
        self._registered = False

    def watch(self, what: Forked) -> None:
        self._watched.add(what)
        if not self._registered and hasattr(os, "register_at_fork"):
            self._registered = True
            os.register_at_fork(after_in_child=self._after_in_child)

    def _after_in_child(self) -> None:
        for each in tuple(self._watched):
            each.after_fork()


_hook: Final = _Hook()


def watch_forks(what: Forked) -> None:
    """Call `after_fork` of an object in every forked child, for as long as the object lives."""
    _hook.watch(what)
