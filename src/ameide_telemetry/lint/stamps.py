"""What tells, without reading it, that a file is as it was."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

__all__ = ["NEVER", "FileStamp", "changed", "settled", "stamp_of"]

NEVER: Final = -1
"""A time at which nothing was ever changed."""

_RACE: Final = 20_000_000
"""Nanoseconds in which two changes may have the same time: kernels count it in ticks of up to ten
milliseconds."""


class FileStamp(NamedTuple):
    """Of a file.

    Attributes:
        size: in bytes; -1 if there is no such file.
        changed: time of its last change, or of a change of its name or rights, in nanoseconds since 1970.
    """

    size: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileStamp:
        """Return the stamp of a file that the system was asked about."""
        return cls(found.st_size, _changed(found))


def stamp_of(path: str) -> FileStamp:
    """Return the stamp of a file."""
    try:
        return FileStamp.of(os.stat(path))  # noqa: PTH116 hundreds of them
    except (OSError, ValueError):
        return FileStamp(-1, 0)


def changed(path: str) -> int:
    """Return the time of the last change of a file or folder; 0 if there is none."""
    try:
        return _changed(os.stat(path))  # noqa: PTH116 hundreds of them
    except (OSError, ValueError):
        return 0


def settled(time: int, begun: int, now: int) -> int:
    """Return a time of a change; `NEVER` if a change after it may have the same.

    Args:
        time: of the change.
        begun: before the file was read.
        now: after it was.
    """
    return NEVER if begun - _RACE <= time <= now else time


def _changed(found: os.stat_result) -> int:
    return max(found.st_mtime_ns, found.st_ctime_ns)
