"""Process events: exit, fork, the end of a worker. One hook of each kind per process, no signal handler.

Servers end in many ways. uvicorn kills itself by signal, so `atexit` does not run there: the end of the ASGI
lifespan and the exit of a gunicorn worker call `flush_now`. Everything else gets the hook at exit.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.export.results import FlushResult
from ameide_telemetry.export.together import flush_all, shutdown_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ameide_telemetry.export.worker import Pipeline
    from ameide_telemetry.ledger import Ledger

__all__ = ["Watch", "flush_now", "resume", "watch"]

_EXIT: Final = guard.site("lifecycle.exit")
_FORK: Final = guard.site("lifecycle.fork")


class Watch:
    """What is to be sent when the process, or this part of its life, ends.

    Args:
        pipelines: at most one per signal.
        ledger: set to zero in a forked child; None leaves that to its owner.
        exit_timeout: seconds for everything at exit.
        finish: called at exit before anything is sent.
    """

    def __init__(
        self,
        pipelines: Iterable[Pipeline | None],
        *,
        ledger: Ledger | None,
        exit_timeout: float,
        finish: Callable[[], object] | None = None,
    ) -> None:
        self.pipelines = tuple(each for each in pipelines if each is not None)
        self.ledger = ledger
        self.exit_timeout = exit_timeout
        self.finish = finish

    def undo(self) -> None:
        """Have nothing sent any more; the hooks stay registered and find nothing to do."""
        if _process.current is self:
            _process.current = None


class _Process:
    """The hooks of this process."""

    def __init__(self) -> None:
        self.current: Watch | None = None
        self._lock = threading.Lock()
        self._registered = False

    def register(self) -> None:
        """Register the hooks, once; exit handlers cannot be told apart later."""
        with self._lock:
            if self._registered:
                return
            self._registered = True
        atexit.register(self.at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_in_child)
        self._at_multiprocessing_exit()

    def at_exit(self) -> None:
        """Send what waits and stop, within the budget; logging goes on."""
        watched = self.current
        if watched is not None:
            with _EXIT:
                if watched.finish is not None:
                    watched.finish()
                shutdown_all(watched.pipelines, watched.exit_timeout)

    def after_in_child(self) -> None:
        """Start the counts of a forked child at zero."""
        self._lock = threading.Lock()
        guard.reset()
        watched = self.current
        if watched is not None and watched.ledger is not None:
            watched.ledger.reset()
        with _FORK:
            util = sys.modules.get("multiprocessing.util")
            if util is not None:
                # A multiprocessing child clears the finalizers that it inherits, and then runs these.
                util.register_after_fork(self, _Process._add_finalizer)

    def _at_multiprocessing_exit(self) -> None:
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            self._add_finalizer()

    def _add_finalizer(self) -> None:
        # Such children end by `os._exit`, without `atexit`.
        util: Any = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self.at_exit, exitpriority=-100)


_process: Final = _Process()


def watch(
    pipelines: Iterable[Pipeline | None],
    *,
    exit_timeout: float,
    ledger: Ledger | None = None,
    finish: Callable[[], object] | None = None,
) -> Watch:
    """Have the pipelines flushed when the process ends, and counted from zero in a forked child.

    Args:
        pipelines: at most one per signal; None for a signal without exporter.
        exit_timeout: seconds at exit, for all signals together.
        ledger: their counts.
        finish: called at exit before anything is sent, such as for text that was printed without an end.

    Returns:
        A watch with `undo`. A later one takes the place of an earlier.
    """
    watched = Watch(pipelines, ledger=ledger, exit_timeout=exit_timeout, finish=finish)
    _process.register()
    _process.current = watched
    return watched


def flush_now(timeout: float | None = None) -> FlushResult:
    """Send what waits, and go on: for the end of an ASGI lifespan or of a worker.

    Args:
        timeout: seconds; None takes the budget for the exit.
    """
    watched = _process.current
    if watched is None:
        return FlushResult()
    return flush_all(watched.pipelines, watched.exit_timeout if timeout is None else timeout)


def resume() -> None:
    """Start the workers of this process now: for a server's hook after its fork.

    Without it a forked child starts each when the first record comes, and collects metrics from the first
    measurement on.
    """
    watched = _process.current
    if watched is not None:
        for pipeline in watched.pipelines:
            pipeline.start()
