"""A script that leaves records behind when it ends: `leave.py RECORDS`; notes when its work was done."""

from __future__ import annotations

import logging
import sys
import time

from opentelemetry import metrics, trace

from faults.baseline.wiring import say, wire

__all__: list[str] = []


def main(records: int) -> None:
    """Make so many spans and log records and one measurement, then end."""
    handle = wire()
    tracer = trace.get_tracer("orders")
    log = logging.getLogger("orders")
    for number in range(records):
        with tracer.start_as_current_span("work"):
            log.info("order %d priced", number)
    metrics.get_meter("orders").create_counter("orders").add(records)
    # Whatever is still on its way is so because the peer is sick, or because the time is not there yet.
    say({"done": time.time(), "counts": handle.status()["counts"] if handle is not None else None})


if __name__ == "__main__":
    main(int(sys.argv[1]))
