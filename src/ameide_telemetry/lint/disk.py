"""What is in a file, whatever kind of file it is."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["contents"]

# Whoever opens a named pipe waits for a writer otherwise.
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)


def contents(path: Path | str, limit: int = -1) -> bytes:
    """Return the bytes of a regular file.

    Args:
        path: of the file.
        limit: how many bytes at most; all of them by default.

    Raises:
        OSError: it cannot be read, or is a pipe, a socket or a device.
        ValueError: the path has a null byte.
    """
    with open(path, "rb", opener=_opened) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(limit)


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | _AT_ONCE)
