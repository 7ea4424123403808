"""Every pipeline of the process learns of a fork; the interpreter has one set of hooks for all of them.

A fork waits while a worker imports. Python renews the lock of the whole import system in a child, but not
those of single modules (CPython 3.11): a child made in the middle of an import would wait for that module
for ever. And what the children need is imported before the first fork: twenty that are made at the same time
and each import it anew may be at their end before they have.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["Forked", "before_forks", "once_per_process", "watch_forks", "without_forks"]

_PREPARE: Final = guard.site("export.before_fork", foreign=True)

# Several times what the largest import takes on a busy machine. A fork is not held up for longer.
_IMPORT_SECONDS: Final = 5.0


class Forked(Protocol):
    """What has to begin anew in a forked child."""

    def after_fork(self) -> None:
        """Begin anew; called in the child, while it has no other thread."""
        ...


class _Hook:
    def __init__(self) -> None:
        self._watched: weakref.WeakSet[Forked] = weakref.WeakSet()
        self._registered = False
        # In order, and each once.
        self._preparations: dict[Callable[[], object], None] = {}
        self._imports = threading.RLock()
        self._fork = threading.local()

    def watch(self, what: Forked) -> None:
        self._watched.add(what)
        if not self._registered and hasattr(os, "register_at_fork"):
            self._registered = True
            os.register_at_fork(
                before=self._before,
                after_in_parent=self._after_in_parent,
                after_in_child=self._after_in_child,
            )

    def prepare(self, work: Callable[[], object]) -> None:
        self._preparations[work] = None

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let forks by other threads wait until the block ends."""
        with self._imports:
            yield

    def _before(self) -> None:
        self._fork.waited = self._imports.acquire(timeout=_IMPORT_SECONDS)
        # Without anybody who sends, nobody needs it.
        for work in tuple(self._preparations) if self._watched else ():
            _PREPARE.call(work)

    def _after_in_parent(self) -> None:
        if self._fork.waited:
            self._imports.release()

    def _after_in_child(self) -> None:
        self._imports = threading.RLock()
        for each in tuple(self._watched):
            each.after_fork()


_hook: Final = _Hook()
# By process id: a child never finds a lock that a thread of its parent holds.
_locks: Final[dict[int, threading.RLock]] = {}


def once_per_process() -> threading.RLock:
    """Return the lock under which this very process finds out that it is a child, and begins anew."""
    pid = os.getpid()
    # One step, whichever thread comes first.
    return _locks.setdefault(pid, threading.RLock())


def without_forks() -> AbstractContextManager[None]:
    """Return a block in which no other thread forks, for imports on a worker; a fork waits 5 s at most."""
    return _hook.held_up()


def before_forks(work: Callable[[], object]) -> None:
    """Call `work` before each fork; where it has nothing to do any more it has to be quick."""
    _hook.prepare(work)


def watch_forks(what: Forked) -> None:
    """Call `after_fork` of an object in every forked child, for as long as the object lives."""
    _hook.watch(what)
