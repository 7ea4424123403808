"""Waking a waiting thread from anywhere, a signal handler or a finalizer included.

`threading.Event` and `Condition` take a lock to set: a handler that interrupts its own thread in there
never returns. `SimpleQueue.put` is documented to be reentrant.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Final

__all__ = ["Bell", "Latch"]

# The platform's own limit may be lower than a number that somebody set (`threading.TIMEOUT_MAX`).
_LONGEST: Final = 86_400.0


class Bell:
    """Wakes one thread, as often as it is rung. A thread that did not wait finds it rung when it does."""

    __slots__ = ("_rings", "_rung")

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()
        self._rung = False

    def ring(self) -> None:
        """Wake the thread that waits; cheap while an earlier ring was not heard yet."""
        if not self._rung:
            self._rung = True
            self._rings.put(None)

    def pass_on(self) -> None:
        """Ring for a thread that takes the place of another, which may have died with a ring in its ears."""
        self._rung = False
        self.ring()

    def wait(self, seconds: float) -> bool:
        """Wait for a ring; return False when there was none in so many seconds."""
        try:
            self._rings.get(timeout=min(max(0.0, seconds), _LONGEST))
        except Empty:
            return False
        # Before the thread looks at what there is to do: who comes later than that rings again.
        self._rung = False
        return True


class Latch:
    """Something that happens once, and that any number of threads can wait for."""

    __slots__ = ("_set", "_tokens")

    def __init__(self) -> None:
        self._tokens: SimpleQueue[None] = SimpleQueue()
        self._set = False

    def set(self) -> None:
        """Say that it happened."""
        self._set = True
        self._tokens.put(None)

    def is_set(self) -> bool:
        """Return whether it happened, without waiting."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Wait until it happened, so many seconds at most; return whether it did."""
        if not self._set:
            try:
                self._tokens.get(timeout=min(max(0.0, seconds), _LONGEST))
            except Empty:
                return self._set
            # One wakes the next.
            self._tokens.put(None)
        return self._set
