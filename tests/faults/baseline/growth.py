"""Logs big records: `growth.py RECORDS BYTES`; says how memory grew."""

from __future__ import annotations

import logging
import os
import sys

from faults.baseline.wiring import resident_kib, say, wire

__all__: list[str] = []


def main(records: int, size: int) -> None:
    """Log them all, each with a text of its own, then end at once."""
    handle = wire()
    log = logging.getLogger("orders")
    log.info("first")
    if handle is not None:
        # Ours loads its exporter with the first record, the peer when it starts: neither is growth.
        handle.force_flush(2.0)
    before = resident_kib()
    highest = before
    for number in range(records):
        log.info("%d %s", number, f"{number:08d}" * (size // 8))
        highest = max(highest, resident_kib())
    counts = handle.status()["counts"]["logs"] if handle is not None else None
    say({"growth_kib": highest - before, "counts": counts})
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
