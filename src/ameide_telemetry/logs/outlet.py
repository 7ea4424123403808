"""Hands bytes to a stream without ever waiting inside the kernel, and without changing the stream for others.

stdout is shared: with the processes that this one starts, with its siblings, with the shell. Making it
non-blocking would make theirs non-blocking too, for the flag belongs to the open file and not to a
descriptor. A pipe or terminal is therefore opened once more, non-blocking, for us alone; a socket knows
sends that do not wait. Where neither is possible, as after a change of user, writing waits for room
beforehand and hands over no more than the room that there is for certain.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Final

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment, unused-ignore]

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ATOMIC_BYTES", "Outlet", "descriptor_of", "open_outlet"]

# What the kernel takes in one piece or not at all, and for which a writable pipe has room.
ATOMIC_BYTES: Final = getattr(select, "PIPE_BUF", 512)
_CAN_POLL: Final = hasattr(select, "poll")
_CAN_SEND: Final = hasattr(socket, "MSG_DONTWAIT")
# Lower ones are standard streams, also while somebody has closed them.
_FIRST_OWN: Final = 3


class Outlet:
    """A way out of the process.

    Attributes:
        descriptor: what can be locked and waited for.
        write: takes bytes and returns how many went out; raises BlockingIOError when none can.
        shared: whether other processes may write in between, so that writers have to take turns.
    """

    __slots__ = ("_close", "_given", "_identity", "descriptor", "shared", "write")

    def __init__(
        self,
        given: int,
        write: Callable[[bytes], int],
        *,
        own: int | None = None,
        shared: bool = True,
        close: Callable[[], object] | None = None,
    ) -> None:
        self.descriptor = given if own is None else own
        self.write = write
        self.shared = shared
        self._given = given
        self._identity = _identity(given)
        self._close = close

    def is_current(self) -> bool:
        """Tell whether the stream is still what was opened: a descriptor can be given to another file."""
        return _identity(self._given) == self._identity == _identity(self.descriptor)

    def wait(self, seconds: float) -> None:
        """Return when there is room, something is wrong, or the time is over."""
        if not _CAN_POLL:  # pragma: no cover - not on Windows
            time.sleep(min(seconds, 0.01))
            return
        # A new one each time, because one object may not be waited for by two threads.
        room = select.poll()
        room.register(self.descriptor, select.POLLOUT)
        room.poll(max(0.0, seconds) * 1_000)

    def writable(self) -> bool:
        """Tell whether there is room now, or writing would fail at once."""
        return _writable(self.descriptor)

    def close(self) -> None:
        """Close what was opened for us alone, unless somebody else did and the number is another file's."""
        close, self._close = self._close, None
        if close is not None and _identity(self.descriptor) == self._identity:
            close()

    def __del__(self) -> None:
        self.close()


def open_outlet(descriptor: int) -> Outlet:
    """Return the best way to write to what a descriptor stands for.

    Raises:
        OSError: the descriptor is closed.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):
        return _sending(descriptor) or _asking(descriptor)
    if stat.S_ISFIFO(mode) or (stat.S_ISCHR(mode) and os.isatty(descriptor)):
        return _opened(descriptor) or _asking(descriptor)
    # The kernel never makes a writer of a file wait for a reader, and appends in one piece.
    return Outlet(descriptor, partial(os.write, descriptor), shared=False)


def descriptor_of(stream: object) -> int | None:
    """Return a stream's descriptor; None for one without, such as a test runner's."""
    fileno = getattr(stream, "fileno", None)
    if fileno is None:
        return None
    try:
        descriptor = fileno()
    except (OSError, ValueError):
        # io.UnsupportedOperation is both: a stream without a descriptor, such as pytest's capsys.
        return None
    return descriptor if isinstance(descriptor, int) and descriptor >= 0 else None


def _opened(descriptor: int) -> Outlet | None:
    """Open the same pipe or terminal once more: only Linux gives an open file of its own that way."""
    if sys.platform != "linux":
        return None
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        own = _above_standard(os.open(f"/proc/self/fd/{descriptor}", flags))
    except OSError:
        return None
    return Outlet(descriptor, partial(os.write, own), own=own, close=partial(os.close, own))


def _sending(descriptor: int) -> Outlet | None:
    if not _CAN_SEND:  # pragma: no cover - not on Windows
        return None
    flags = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)
    blocking = os.get_blocking(descriptor)
    try:
        own = socket.socket(fileno=_duplicate(descriptor))
    except OSError:
        return None
    if own.gettimeout() is not None:
        # `socket.setdefaulttimeout` was called, and the object has made everybody's socket non-blocking.
        own.settimeout(None)
        os.set_blocking(descriptor, blocking)

    def send(data: bytes) -> int:
        return own.send(data, flags)

    return Outlet(descriptor, send, own=own.fileno(), close=own.close)


def _asking(descriptor: int) -> Outlet:
    """Write to the shared open file itself, after a look whether there is room.

    Somebody else can take the room in between, and then the write waits as any plain write does.
    """

    def write(data: bytes) -> int:
        if not _writable(descriptor):
            raise BlockingIOError
        return os.write(descriptor, data[:ATOMIC_BYTES])

    return Outlet(descriptor, write)


def _writable(descriptor: int) -> bool:
    if not _CAN_POLL:  # pragma: no cover - not on Windows
        return True
    room = select.poll()
    room.register(descriptor, select.POLLOUT)
    return bool(room.poll(0))


def _above_standard(descriptor: int) -> int:
    if descriptor >= _FIRST_OWN:
        return descriptor
    try:
        return _duplicate(descriptor)
    finally:
        os.close(descriptor)


def _duplicate(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_OWN)


def _identity(descriptor: int) -> tuple[int, int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_rdev
