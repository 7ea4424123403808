"""Load for a while: `load.py SECONDS LINES SPANS`, lines and spans per second; what does a call cost?"""

from __future__ import annotations

import atexit
import logging
import resource
import sys
import time
from array import array
from typing import TYPE_CHECKING, Final

from opentelemetry import trace

from faults.baseline.wiring import resident_kib, say, wire

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_TICK: Final = 0.01
_WARM_UP: Final = 1.0
_LONGEST_US: Final = 100_000
_AT_EXIT: Final[list[Callable[[], None]]] = []


class Durations:
    """How long calls took, in a fixed amount of memory: what grows must not be this."""

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0.0
        self._by_microsecond = array("L", bytes(array("L").itemsize * _LONGEST_US))

    def add(self, seconds: float) -> None:
        """Count one call."""
        self.count += 1
        self.longest = max(self.longest, seconds)
        self._by_microsecond[min(int(seconds * 1e6), _LONGEST_US - 1)] += 1

    def percentile(self, share: float) -> float:
        """Return the milliseconds that this share of the calls stayed within."""
        wanted = self.count * share
        for microsecond, count in enumerate(self._by_microsecond):
            wanted -= count
            if wanted <= 0:
                return (microsecond + 1) / 1e3
        return self.longest * 1e3


class Times(Durations):
    """The same, and apart from that without the calls that merely lost the processor to somebody.

    On a machine that is busy with something else these tell what is the call's own doing: a call that
    waited, for a lock or for the network, is among them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.undisturbed = Durations()


class Load:
    """The calls of a service, timed."""

    def __init__(self) -> None:
        self.log = logging.getLogger("orders.load")
        self.tracer = trace.get_tracer("orders.load")
        self.lines = Times()
        self.spans = Times()
        self.errors = 0

    def tick(self, lines: int, spans: int) -> None:
        """Do what falls into one tick."""
        for number in range(spans):
            self._timed(self.spans, self._span, number)
        for number in range(lines):
            self._timed(self.lines, self._line, number)

    def _span(self, number: int) -> None:
        with self.tracer.start_as_current_span("price", attributes={"sku": "chair", "number": number}):
            pass

    def _line(self, number: int) -> None:
        self.log.info("order %d priced", number, extra={"sku": "chair", "price": 12.5})

    def _timed(self, times: Times, work: Callable[[int], None], number: int) -> None:
        waits, losses = _switches()
        began = time.perf_counter()
        try:
            work(number)
        except Exception:  # noqa: BLE001 whatever reaches the service is what is counted
            self.errors += 1
        seconds = time.perf_counter() - began
        times.add(seconds)
        waits_after, losses_after = _switches()
        if waits_after != waits or losses_after == losses:
            times.undisturbed.add(seconds)


def main(seconds: float, lines: int, spans: int) -> None:
    """Keep up the load, then say what it cost and what became of the records."""
    # What is registered first runs last.
    atexit.register(_say_the_end)
    handle = wire(exported_logs=False)
    load = Load()
    _run(load, _WARM_UP, lines, spans)
    # What the first second loads, such as the exporter's modules, is there for good and grows no more.
    before = resident_kib()
    highest = _run(load, seconds, lines, spans)
    found: dict[str, object] = {
        "lines": load.lines.count,
        "spans": load.spans.count,
        "errors": load.errors,
        "line_p99_ms": load.lines.percentile(0.99),
        "line_max_ms": load.lines.longest * 1e3,
        "span_p99_ms": load.spans.percentile(0.99),
        "undisturbed_p99_ms": load.lines.undisturbed.percentile(0.99),
        "undisturbed_calls": load.lines.undisturbed.count,
        "growth_kib": highest - before,
    }
    if handle is not None:
        during = handle.status()
        found |= {"during": during["counts"], "state": _states(during)}
        handle.shutdown(2.0)
        # After everything else that happens at the end, the lines that waited until then included.
        _AT_EXIT.append(lambda: say(found | {"counts": handle.status()["counts"]}))
    else:
        say(found)


def _say_the_end() -> None:
    for each in _AT_EXIT:
        each()


def _run(load: Load, seconds: float, lines: int, spans: int) -> int:
    """Hold the rate; return the most memory that was in use, in KiB."""
    began = time.monotonic()
    highest = 0
    ticks = round(seconds / _TICK)
    for number in range(1, ticks + 1):
        share = number * _TICK
        load.tick(
            round(lines * share) - round(lines * (share - _TICK)),
            round(spans * share) - round(spans * (share - _TICK)),
        )
        highest = max(highest, resident_kib())
        time.sleep(max(0.0, began + share - time.monotonic()))
    return highest


def _switches() -> tuple[int, int]:
    """Return how often this thread waited for something, and how often the system took its processor."""
    usage = resource.getrusage(resource.RUSAGE_THREAD)
    return usage.ru_nvcsw, usage.ru_nivcsw


def _states(status: dict[str, dict[str, dict[str, object]]]) -> dict[str, object]:
    return {name: pipeline["state"] for name, pipeline in status["pipelines"].items()}


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
