"""Work that several processes do together, where there is enough of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["spread"]

_MOST_PROCESSES = 8
_CHUNKS_EACH = 16

_Item = TypeVar("_Item")


def spread(work: Callable[[_Item], Any], items: Sequence[_Item], few: int) -> Iterator[tuple[_Item, Any]]:
    """Yield each item with what comes of it, in order.

    Args:
        work: what is done with each.
        items: what there is.
        few: below this many a second process costs more than it saves.
    """
    processes = min(_processors(), _MOST_PROCESSES)
    if len(items) < few or processes == 1 or sys.platform != "linux":
        for item in items:
            yield item, work(item)
        return
    size = max(1, min(len(items) // (processes * _CHUNKS_EACH), 64))
    chunks = [items[at : at + size] for at in range(0, len(items), size)]
    # A copy of this process knows everything already.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, context, _begin, (work,)) as pool:
        for chunk, results in zip(chunks, pool.map(_chunk, chunks), strict=True):
            yield from zip(chunk, results, strict=True)


_work: Callable[[Any], Any]


def _begin(work: Callable[[Any], Any]) -> None:
    global _work  # noqa: PLW0603 of a process that does nothing else
    _work = work


def _chunk(items: Sequence[Any]) -> list[Any]:
    return [_work(item) for item in items]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
