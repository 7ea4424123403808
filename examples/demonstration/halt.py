"""When to stop: on Ctrl+C, on a plain kill, and when the time is up."""

from __future__ import annotations

import math
import signal
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Halt", "Interrupted"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_SECONDS = 0.05


class Interrupted(Exception):  # noqa: N818 no error: somebody wants us to stop
    """A signal came."""


class Halt:
    """Notes signals when they come and obeys them at the next safe point.

    An exception out of the handler itself could come between the start of a process and the moment in
    which anybody knows of it.

    Args:
        seconds: time for everything together.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._received = 0
        self.impatient: Callable[[], None] | None = None
        """Is called, from the signal handler, when a second signal says that stopping takes too long."""

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise Interrupted after a signal, TimeoutError when the time is up."""
        if self._received:
            raise Interrupted
        if time.monotonic() > self._deadline:
            raise TimeoutError(f"expected to be done within {self._seconds:.0f} s")

    def wait_for(self, condition: Callable[[], object], seconds: float) -> bool:
        """Wait until `condition()` is true; return whether it became so within `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _note(self, *_: object) -> None:
        self._received += 1
        if self._received > 1 and self.impatient is not None:
            self.impatient()
