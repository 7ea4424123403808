"""The worker thread of a pipeline: started when it is needed, replaced when it died."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from ameide_telemetry import guard
from ameide_telemetry.export.wake import Latch

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WorkerThread"]

_PAUSE: Final = guard.site("export.pause", foreign=True, thread=True)
# What ends a thread over and over must not keep a processor busy.
_PAUSE_SECONDS: Final = 1.0


class WorkerThread:
    """At most one thread at a time, for one life of a pipeline.

    Args:
        name: of the thread.
        work: what it does; when that returns, the thread ends.
        again: called a second after the thread died: the last thing that it does is to have it replaced.

    Attributes:
        running: whether there is a worker; a plain attribute, because it is asked for every record.
        restarts: how many threads have died and were replaced.
    """

    __slots__ = ("_again", "_ended", "_name", "_starting", "_thread", "_work", "restarts", "running")

    def __init__(self, name: str, work: Callable[[], None], *, again: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        self._again = again
        self._thread: threading.Thread | None = None
        self._ended = Latch()
        self._starting = threading.Lock()
        self.running = False
        self.restarts = 0

    @property
    def alive(self) -> bool:
        """Whether there is a thread, and it lives."""
        thread = self._thread
        return self.running and thread is not None and thread.is_alive()

    @property
    def died(self) -> bool:
        """Whether there was a thread that lives no more."""
        return self._thread is not None and not self.alive

    def start(self) -> None:
        """Start the thread unless it lives. Never blocks on another thread that does the same."""
        # Whoever comes second, also a signal handler in the midst of this, leaves it to the first.
        if not self.alive and self._starting.acquire(blocking=False):
            try:
                if not self.alive:
                    self._launch()
            finally:
                self._starting.release()

    def join(self, seconds: float) -> None:
        """Wait for the end of the work, so many seconds at most."""
        if self.alive:
            self._ended.wait(seconds)

    def _launch(self) -> None:
        replaced = self._thread is not None
        self._ended = Latch()
        self._thread = threading.Thread(target=self._run, args=(self._ended,), name=self._name, daemon=True)
        self.running = True
        try:
            self._thread.start()
        except RuntimeError:
            # Python 3.12 and later refuse new threads at interpreter exit (python/cpython#104690).
            self._thread, self.running = None, False
            guard.note("export.thread_refused")
            return
        if replaced:
            self.restarts += 1
            guard.note("export.worker_restarted")

    def _run(self, ended: Latch) -> None:
        died = True
        try:
            self._work()
            died = False
        finally:
            if ended is self._ended:
                self.running = False
            ended.set()
            if died:
                # Whoever ends threads may do it twice.
                with _PAUSE:
                    time.sleep(_PAUSE_SECONDS)
                self._again()
