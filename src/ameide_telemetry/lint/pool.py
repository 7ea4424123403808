"""Work that several processes do together, where there is enough of it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["spread"]

_MOST_PROCESSES = 8
_CHUNKS_EACH = 16
_LARGEST_CHUNK = 64

_Item = TypeVar("_Item")


def spread(
    work: Callable[[_Item], Any],
    items: Sequence[_Item],
    few: int,
    *,
    alone: int = 0,
    tell: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[_Item, Any]]:
    """Yield each item with what comes of it, in order.

    Args:
        work: what is done with each; what comes of it can be pickled.
        items: what there is.
        few: below this many a second process costs more than it saves.
        alone: so many of the first items take long, each for itself.
        tell: is told now and then how many are done, and how many there are.
    """
    processes = min(_processors(), _MOST_PROCESSES)
    if len(items) < few or processes == 1 or sys.platform != "linux":
        for count, item in enumerate(items):
            if tell:
                tell(count, len(items))
            yield item, work(item)
        return
    from ameide_telemetry.lint.crew import Crew  # noqa: PLC0415 a run that knows nearly everything needs none

    size = max(1, min((len(items) - alone) // (processes * _CHUNKS_EACH), _LARGEST_CHUNK))
    chunks = [items[at : at + 1] for at in range(alone)]
    chunks += [items[at : at + size] for at in range(alone, len(items), size)]

    def done(number: int) -> list[Any]:
        return [work(item) for item in chunks[number]]

    found: dict[int, list[Any]] = {}
    following = ready = 0
    with Crew(done, len(chunks), processes) as crew:
        for number, results in crew.results():
            ready += len(results)
            if tell:
                tell(ready, len(items))
            if number is None:
                continue
            found[number] = results
            while following in found:
                yield from zip(chunks[following], found.pop(following), strict=True)
                following += 1
    # What a process left undone, because it was ended or failed, is done here: what is wrong is seen then.
    for number in range(following, len(chunks)):
        yield from zip(chunks[number], found.get(number) or done(number), strict=True)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
