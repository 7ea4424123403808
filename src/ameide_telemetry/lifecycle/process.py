"""The hooks of the process: at exit, after a fork, at the end of a worker.

Servers end in many ways. uvicorn kills itself by signal, so `atexit` does not run there: the end of the ASGI
lifespan and the exit of a gunicorn worker call `flush_now`. Everything else gets the hook at exit.
"""

from __future__ import annotations

import atexit
import math
import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.export.results import FlushResult
from ameide_telemetry.export.together import flush_all, shutdown_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ameide_telemetry.export.worker import Pipeline
    from ameide_telemetry.ledger import Ledger

__all__ = ["Watch", "at_end", "ending", "flush_now", "patience", "resume", "turn", "watch"]

_EXIT: Final = guard.site("lifecycle.exit")
_FORK: Final = guard.site("lifecycle.fork")
_FINISH: Final = guard.site("lifecycle.finish")
# An end may have several hooks: the lifespan's, the server's, the interpreter's. What comes later than this
# after the one before belongs to another end.
_SAME_END_SECONDS: Final = 2.0


class Watch:
    """What is to be sent when the process, or this part of its life, ends.

    Args:
        pipelines: at most one per signal.
        ledger: set to zero in a forked child; None leaves that to its owner.
        exit_timeout: seconds for everything at exit.
        finish: writes out lines until the monotonic time that it is given.
        go_on: called where the process may go on after that.
    """

    def __init__(
        self,
        pipelines: Iterable[Pipeline | None],
        *,
        ledger: Ledger | None,
        exit_timeout: float,
        finish: Callable[[float], object] | None = None,
        go_on: Callable[[], object] | None = None,
    ) -> None:
        self.pipelines = tuple(each for each in pipelines if each is not None)
        self.ledger = ledger
        self.exit_timeout = exit_timeout
        self._finish = finish
        self._go_on = go_on

    def undo(self) -> None:
        """Have nothing sent any more; the hooks stay registered and find nothing to do."""
        if _process.current is self:
            _process.current = None

    def flush(self, deadline: float) -> FlushResult:
        """Send lines and records until one deadline, and go on."""
        result = self._send(flush_all, deadline)
        if self._go_on is not None:
            with _FINISH:
                self._go_on()
        return result

    def shutdown(self, deadline: float) -> FlushResult:
        """Send lines and records until one deadline, and give up the rest."""
        return self._send(shutdown_all, deadline)

    def _send(
        self, send: Callable[[tuple[Pipeline, ...], float], FlushResult], deadline: float
    ) -> FlushResult:
        # Lines are not waited for yet: a stalled stdout must not use up the time of the pipelines.
        self._finish_lines(time.monotonic())
        result = send(self.pipelines, max(0.0, deadline - time.monotonic()))
        self._finish_lines(deadline)
        return result

    def _finish_lines(self, deadline: float) -> None:
        if self._finish is not None:
            with _FINISH:
                self._finish(deadline)


class _Hook:
    """A part of an end of the process, from when until when."""

    __slots__ = ("begun", "ended")

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.ended = math.inf


class _Budget:
    """The time for one end of the process, however many hooks take part in it, also at the same time.

    Only waiting counts: what a server does between two hooks is its own. No lock: each step is one of a list
    or of an attribute, in whichever thread.
    """

    def __init__(self) -> None:
        self._hooks: list[_Hook] = []

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[float]:
        """Give the deadline of a hook that has `seconds` together with those just before and beside it."""
        begun = time.monotonic()
        if all(begun - each.ended > _SAME_END_SECONDS for each in self._hooks):
            self._hooks = []
        left = max(0.0, seconds - self._waited(begun))
        hook = _Hook(begun)
        self._hooks.append(hook)
        try:
            yield begun + left
        finally:
            hook.ended = time.monotonic()

    def _waited(self, now: float) -> float:
        """Return the seconds in which any hook was at work; time that several share counts once."""
        waited, counted = 0.0, -math.inf
        for hook in sorted(self._hooks, key=lambda each: each.begun):
            ended = min(hook.ended, now)
            waited += max(0.0, ended - max(hook.begun, counted))
            counted = max(counted, ended)
        return waited


class _Process:
    """The hooks of this process.

    Attributes:
        current: what is watched now.
        ending: whether the hook at exit is at work.
        ended: called when everything was sent at exit.
    """

    def __init__(self) -> None:
        self.current: Watch | None = None
        self.ending = False
        self.ended: list[Callable[[], object]] = []
        self._budget = _Budget()
        self._lock = threading.Lock()
        self._registered = False
        self._finalized = False

    def register(self) -> None:
        """Register the hooks, once; exit handlers cannot be told apart later."""
        with self._lock:
            if self._registered:
                return
            self._registered = True
        atexit.register(self.at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_in_child)
        with _FORK:
            self._at_multiprocessing_exit()

    def at_exit(self) -> None:
        """Send what waits and stop, within the budget; logging goes on."""
        watched = self.current
        self.ending = True
        if watched is not None:
            with _EXIT, self._budget.deadline(watched.exit_timeout) as deadline:
                watched.shutdown(deadline)
        for ended in tuple(self.ended):
            ended()

    def flush(self, timeout: float | None) -> FlushResult:
        """Send what waits, within the budget, and go on."""
        watched = self.current
        if watched is None:
            return FlushResult()
        seconds = watched.exit_timeout if timeout is None else timeout
        with self._budget.deadline(seconds) as deadline:
            return watched.flush(deadline)

    def after_in_child(self) -> None:
        """Start the counts of a forked child at zero."""
        self._lock = threading.Lock()
        self._budget = _Budget()
        self.ending = False
        guard.reset()
        watched = self.current
        if watched is not None and watched.ledger is not None:
            watched.ledger.reset()
        with _FORK:
            self._at_multiprocessing_exit()

    def _at_multiprocessing_exit(self) -> None:
        """Be heard at the end of a child of `multiprocessing`, which leaves by `os._exit`, without `atexit`.

        Such a child clears the finalizers it has when it begins its work, and then calls what was registered
        for after a fork. That is so for spawned ones too, where the module that starts telemetry has been
        imported before.
        """
        util: Any = sys.modules.get("multiprocessing.util")
        process: Any = sys.modules.get("multiprocessing.process")
        if util is None or process is None:
            return
        if not self._finalized:
            self._finalized = True
            util.register_after_fork(self, _Process._add_finalizer)
        if process.parent_process() is not None:
            self._add_finalizer()

    def _add_finalizer(self) -> None:
        util: Any = sys.modules["multiprocessing.util"]
        util.Finalize(None, self.at_exit, exitpriority=-100)


_process: Final = _Process()
# By process id.
_turns: Final[dict[int, threading.RLock]] = {}


def watch(
    pipelines: Iterable[Pipeline | None],
    *,
    exit_timeout: float,
    ledger: Ledger | None = None,
    finish: Callable[[float], object] | None = None,
    go_on: Callable[[], object] | None = None,
) -> Watch:
    """Have the pipelines flushed when the process ends, and counted from zero in a forked child.

    Args:
        pipelines: at most one per signal; None for a signal without exporter.
        exit_timeout: seconds at exit, for all signals together.
        ledger: their counts.
        finish: writes out lines that still wait, and text that was printed without an end, until the
            monotonic time that it is given. Called before the pipelines are asked, with a time that is over,
            and again after.
        go_on: called after a flush, for the process may go on.

    Returns:
        A watch with `undo`. A later one takes the place of an earlier.
    """
    watched = Watch(pipelines, ledger=ledger, exit_timeout=exit_timeout, finish=finish, go_on=go_on)
    _process.register()
    _process.current = watched
    return watched


def flush_now(timeout: float | None = None) -> FlushResult:
    """Send what waits, and go on: for the end of an ASGI lifespan or of a worker.

    Calls that follow each other closely, the hook at exit included, belong to one end of the process and
    share its time.

    Args:
        timeout: seconds; None takes the budget for the exit.
    """
    return _process.flush(timeout)


def resume() -> None:
    """Start the workers of this process now: for a server's hook after its fork.

    Without it a forked child starts each when the first record comes, and collects metrics from the first
    measurement on.
    """
    watched = _process.current
    if watched is not None:
        for pipeline in watched.pipelines:
            pipeline.start()


def turn() -> threading.RLock:
    """Return the lock that telemetry is started and shut down under, in this very process.

    A forked child never finds the one that a thread of its parent holds.
    """
    # One step, whichever thread comes first.
    return _turns.setdefault(os.getpid(), threading.RLock())


def patience() -> float:
    """Return the seconds that the end of the process may take; none where nothing is watched."""
    watched = _process.current
    return watched.exit_timeout if watched is not None else 0.0


def ending() -> bool:
    """Return whether the hook at exit is at work, or was."""
    return _process.ending


def at_end(ended: Callable[[], object]) -> Callable[[], None]:
    """Call `ended` when everything was sent at exit; return what undoes it."""
    _process.register()
    _process.ended.append(ended)

    def undo() -> None:
        if ended in _process.ended:
            _process.ended.remove(ended)

    return undo
