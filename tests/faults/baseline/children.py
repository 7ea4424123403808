"""Children of multiprocessing that end at once: `children.py CHILDREN`; each makes a span and a record."""

from __future__ import annotations

import logging
import multiprocessing
import sys

from opentelemetry import metrics, trace

from faults.baseline.wiring import wire

__all__: list[str] = []


def work() -> None:
    """Do what a child does."""
    with trace.get_tracer("orders").start_as_current_span("child"):
        logging.getLogger("orders").info("child")


def main(children: int) -> None:
    """Measure in the parent, fork the children, wait for them and end."""
    wire()
    metrics.get_meter("orders").create_counter("orders").add(1)
    forked = [multiprocessing.get_context("fork").Process(target=work) for _ in range(children)]
    for child in forked:
        child.start()
    for child in forked:
        child.join(30)


if __name__ == "__main__":
    main(int(sys.argv[1]))
