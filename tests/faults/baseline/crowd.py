"""Several processes that write long lines into the same pipe at once: `crowd.py PROCESSES LINES`."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

from faults.baseline.wiring import wire

__all__: list[str] = []

_CHARACTERS: Final = 15_000


def main(processes: int, lines: int) -> None:
    """Fork, write, and wait for the others."""
    wire(exported_logs=False)
    children = _forked(processes - 1)
    log = logging.getLogger("orders.crowd")
    for number in range(lines):
        log.info("%d %d %s", os.getpid(), number, "x" * _CHARACTERS)
    for child in children:
        os.waitpid(child, 0)


def _forked(number: int) -> list[int]:
    """Return the children; in each of them, none."""
    children = []
    for _ in range(number):
        child = os.fork()
        if not child:
            return []
        children.append(child)
    return children


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
