"""Process and interpreter metrics: few, from the standard library, OpenTelemetry's names.

`process.*` and `cpython.gc.*` of the semantic conventions; attributes have at most three values each.
"""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opentelemetry.metrics import CallbackOptions, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.metrics import Meter

__all__ = ["RuntimeMetrics"]

_STATM: Final = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    name: str
    unit: str
    description: str
    observe: Callable[[], Iterable[Observation]]


class RuntimeMetrics:
    """The instruments, made once per meter; instruments of the SDK cannot be removed.

    Args:
        meter: makes the instruments.

    Attributes:
        enabled: whether they report.
    """

    def __init__(self, meter: Meter) -> None:
        self.enabled = True
        for row in _ROWS:
            create = getattr(meter, f"create_observable_{row.kind}")
            create(row.name, [self._callback(row)], row.unit, row.description)

    def _callback(self, row: _Row) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            return row.observe() if self.enabled else ()

        return observe


def _cpu_time() -> Iterator[Observation]:
    times = os.times()
    yield Observation(times.user, {"cpu.mode": "user"})
    yield Observation(times.system, {"cpu.mode": "system"})


def _memory() -> Iterator[Observation]:
    try:
        pages = int(_STATM.read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        return
    yield Observation(pages * os.sysconf("SC_PAGE_SIZE"))


def _threads() -> Iterator[Observation]:
    yield Observation(threading.active_count())


def _collections(key: str) -> Callable[[], Iterator[Observation]]:
    def observe() -> Iterator[Observation]:
        for generation, stats in enumerate(gc.get_stats()):
            yield Observation(stats[key], {"cpython.gc.generation": generation})

    return observe


_ROWS: Final = (
    _Row("counter", "process.cpu.time", "s", "CPU time of the process, by mode.", _cpu_time),
    _Row("up_down_counter", "process.memory.usage", "By", "Resident memory of the process.", _memory),
    _Row("up_down_counter", "process.thread.count", "{thread}", "Python threads of the process.", _threads),
    _Row(
        "counter",
        "cpython.gc.collections",
        "{collection}",
        "Garbage collections, by generation.",
        _collections("collections"),
    ),
    _Row(
        "counter",
        "cpython.gc.uncollectable_objects",
        "{object}",
        "Objects that the garbage collector could not free, by generation.",
        _collections("uncollectable"),
    ),
)
