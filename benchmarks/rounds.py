"""Interleaved rounds over worker processes: the same work, side by side, so that drift hits all alike.

Each variant is a Python file that sets itself up and then answers every line on its stdin with the
microseconds per operation of one round, on descriptor 3. Medians and ratios are printed, nothing is gated on
absolute time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Variant", "measure", "table"]

HERE = Path(__file__).parent


@dataclass(slots=True)
class Variant:
    """One way to do the work."""

    name: str
    program: str
    argument: str
    environment: Mapping[str, str] = field(default_factory=dict)


class _Worker:
    """The process of one variant."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self._read, write = os.pipe()
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE),
            **variant.environment,
            "BENCH_RESULT": str(write),
        }
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / variant.program), variant.argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(write,),
            env=environment,
            text=True,
        )
        os.close(write)
        self._results = os.fdopen(self._read, "r")

    def round(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        answer = self._results.readline()
        if not answer:
            assert self._process.stderr is not None
            raise SystemExit(f"{self.variant.name} failed:\n{self._process.stderr.read()}")
        return float(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=10)
        self._results.close()


def measure(variants: Sequence[Variant], *, rounds: int) -> dict[str, float]:
    """Return the median of each variant over interleaved rounds, in its own unit; one warm-up each."""
    workers = [_Worker(variant) for variant in variants]
    figures: dict[str, list[float]] = {variant.name: [] for variant in variants}
    try:
        for worker in workers:
            worker.round()
        for number in range(rounds):
            _progress(f"round {number + 1} of {rounds}")
            # Every other round runs backwards, so that nobody always comes after the same neighbour.
            for worker in workers if number % 2 == 0 else reversed(workers):
                figures[worker.variant.name].append(worker.round())
    finally:
        for worker in workers:
            worker.stop()
        _progress("")
    return {name: statistics.median(values) for name, values in figures.items()}


def table(title: str, rows: Sequence[tuple[str, ...]], heads: tuple[str, ...]) -> str:
    """Return rows as an aligned text table under a title."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]

    def line(row: tuple[str, ...]) -> str:
        first, *rest = row
        return "  ".join(
            [
                first.ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)),
            ]
        )

    return "\n".join(
        ["", title, "", line(heads), line(tuple("-" * width for width in widths)), *map(line, rows)]
    )


def serve_rounds(work: object, count: int) -> None:
    """In a worker: answer every line on stdin with the microseconds per operation of one round."""
    import time

    result = int(os.environ["BENCH_RESULT"])
    for _ in sys.stdin:
        start = time.perf_counter()
        work(count)  # type: ignore[operator]
        os.write(result, f"{(time.perf_counter() - start) / count * 1e6}\n".encode())


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
