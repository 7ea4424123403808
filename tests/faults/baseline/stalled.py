"""Logs into a pipe that nobody reads: `stalled.py SECONDS`; finds out how long the longest call took.

A call that never comes back is found by a thread that watches from beside.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import Final

from faults.baseline.wiring import say, wire

__all__: list[str] = []

_PAUSE: Final = 0.001


class Watched:
    """The call that is running, and the longest one."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.longest = 0.0
        self.calls = 0

    def call(self, log: logging.Logger) -> None:
        """Log one line."""
        self.began = time.perf_counter()
        log.info("x" * 200)
        self.longest = max(self.longest, time.perf_counter() - self.began)
        self.calls += 1


def main(seconds: float) -> None:
    """Log until the time is over, and end whatever the pipe does."""
    handle = wire(exported_logs=False)
    watched = Watched()
    threading.Thread(target=_give_up, args=(watched, seconds + 1), daemon=True).start()
    log = logging.getLogger("orders")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watched.call(log)
        time.sleep(_PAUSE)
    counts = handle.status()["counts"]["lines"] if handle is not None else None
    say({"longest_ms": watched.longest * 1e3, "calls": watched.calls, "blocked": False, "lines": counts})
    os._exit(0)


def _give_up(watched: Watched, seconds: float) -> None:
    time.sleep(seconds)
    blocked = time.perf_counter() - watched.began
    say({"longest_ms": blocked * 1e3, "calls": watched.calls, "blocked": True})
    os._exit(0)


if __name__ == "__main__":
    main(float(sys.argv[1]))
