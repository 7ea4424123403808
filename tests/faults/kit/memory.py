"""Lines kept in memory instead of written, for runs that make millions of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from faults.kit.strict import strict
from faults.kit.trial import alone
from support.lines import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MemorySink", "lines_in_memory"]


class MemorySink:
    """Stands for the sink: keeps what would be written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes, *_: object, **__: object) -> None:
        """Keep one line."""
        self.written.append(data)

    def take(self) -> list[dict[str, Any]]:
        """Return the lines since the last time, each checked, and forget them."""
        lines, self.written = self.written, []
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
        return [strict(line[:-1]) for line in lines]


@contextmanager
def lines_in_memory(directory: Path) -> Iterator[MemorySink]:
    """Install the log side with lines kept in memory."""
    with installed(directory, capture_streams=False) as lines, alone():
        sink = MemorySink()
        lines.installation.writer.sink = sink  # type: ignore[assignment]
        yield sink
