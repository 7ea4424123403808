"""Good records around a bad one, in each signal: `poison.py RECORDS`."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from typing import Final

from opentelemetry import metrics, trace

from faults.baseline.wiring import wire

__all__: list[str] = []

_LONE_SURROGATE: Final = "\ud800"
_BEYOND_INT64: Final = 2**63
_CYCLES: Final = 5


def main(records: int) -> None:
    """Make the records, then measure for some export intervals more."""
    wire()
    tracer = trace.get_tracer("orders")
    log = logging.getLogger("orders")
    meter = metrics.get_meter("orders")
    bad, good = meter.create_counter("bad"), meter.create_counter("good")
    with contextlib.suppress(Exception):
        bad.add(_BEYOND_INT64)
    for number in range(records):
        is_bad = number == records // 2
        log.info("a name: %s", _LONE_SURROGATE) if is_bad else log.info("good")
        tracer.start_span(_LONE_SURROGATE if is_bad else "good").end()
    for _ in range(_CYCLES):
        good.add(1)
        time.sleep(0.3)


if __name__ == "__main__":
    main(int(sys.argv[1]))
