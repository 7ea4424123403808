"""How many bytes of memory the records of all signals may wait in."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Final

__all__ = ["DEFAULT_BYTES", "ByteBudget"]

DEFAULT_BYTES: Final = 32 * 1024 * 1024


class ByteBudget:
    """Bytes that pipelines share: a record takes them when it is queued, and gives them back when it is gone.

    What is on its way to the collector has not given back yet. Safe to share between threads.

    Args:
        limit: how many bytes can be taken at once.
    """

    __slots__ = ("_lock", "_pid", "_returned", "_used", "limit")

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self.limit = limit
        self._begin()

    def _begin(self) -> None:
        # Reentrant: a signal handler may take bytes while its own thread does.
        self._lock = threading.RLock()
        self._used = 0
        self._returned: deque[int] = deque()
        self._pid = os.getpid()

    def take(self, size: int) -> bool:
        """Take so many bytes; return False, with nothing taken, when not as many are left."""
        with self._lock:
            if self._returned:
                self._collect()
            # No call between reading and writing the number, so nothing can come in between.
            if self._used + size > self.limit:
                return False
            self._used += size
        return True

    def give(self, size: int) -> None:
        """Give bytes back. Takes no lock: a thread that sends never waits for one that emits."""
        if size:
            self._returned.append(size)

    @property
    def used(self) -> int:
        """How many bytes are taken now."""
        with self._lock:
            self._collect()
            return self._used

    def after_fork(self) -> None:
        """Begin anew, once in each forked child, whichever pipeline says so first."""
        if self._pid != os.getpid():
            self._begin()

    def _collect(self) -> None:
        while self._returned:
            size = self._returned.popleft()
            self._used -= size
