"""One log record while every library may log, the exporters' own included: `recursion.py SECONDS`."""

from __future__ import annotations

import logging
import os
import sys
import time

from faults.baseline.wiring import wire

__all__: list[str] = []


def main(seconds: float) -> None:
    """Log it, wait, and end at once."""
    wire()
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("orders").info("the only one")
    time.sleep(seconds)
    os._exit(0)


if __name__ == "__main__":
    main(float(sys.argv[1]))
