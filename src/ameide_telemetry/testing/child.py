"""A command in a process group of its own: both of its streams kept by lines, and always ended.

The group is ended while its first process is still to be reaped, so that its id cannot be anybody else's.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Child", "Written"]

_CHUNK: Final = 64 * 1024
_POLL_SECONDS: Final = 0.01
_LEFTOVER_SECONDS: Final = 2.0
_READ_SECONDS: Final = 5.0
# Far above what a test needs; a server that never stops talking must not fill the memory.
MAX_LINES: Final = 100_000
_MAX_PENDING: Final = 8 * 1024 * 1024
# Python has no such call on macOS before 3.13.
_LOOKS_WITHOUT_REAPING: Final = hasattr(os, "waitid")


class Written(NamedTuple):
    """One line.

    Attributes:
        raw: without its newline.
        stream: `stdout` or `stderr`.
        number: in that stream, from 1.
    """

    raw: bytes
    stream: str
    number: int


class Child:
    """One command, running from the start on.

    Args:
        command: the program and its arguments; a program without a path is looked for beside Python first.
        environ: its whole environment.
        directory: where it runs; None: here.

    Attributes:
        pid: of the process, and of its group.
        written: its lines, in the order in which they were read.
        lost: how many lines were not kept, because there were too many.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], directory: str | None = None
    ) -> None:
        self.written: list[Written] = []
        self.lost = 0
        self._pending = {"stdout": b"", "stderr": b""}
        self._numbers = {"stdout": 0, "stderr": 0}
        self._abandoned = threading.Event()
        self._ended = False
        self._process = subprocess.Popen(  # noqa: S603 running the given command is the purpose
            [_program(command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=dict(environ),
            cwd=directory,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, name="telemetry-process", daemon=True)
        self._reader.start()

    @property
    def has_exited(self) -> bool:
        """Whether the process is over; what it has started may still run."""
        if self._process.returncode is not None or not _LOOKS_WITHOUT_REAPING:
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def signal(self, number: int) -> None:
        """Send a signal to the process, as a container runtime does."""
        if not self.has_exited:
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for the process to exit; return whether it did."""
        limit = time.monotonic() + seconds
        while not self.has_exited:
            if time.monotonic() > limit:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def end(self) -> int:
        """End whatever is left, read the streams to their ends and return the exit code.

        The code is negative where a signal has ended the process. May be called again.
        """
        if not self._ended:
            self._ended = True
            if self.has_exited:
                # What it left behind may have lines to say, and usually ends by itself at once.
                self._end_group(signal.SIGTERM)
                self._reader.join(_LEFTOVER_SECONDS)
            self._end_group(signal.SIGKILL)
            self._process.wait()
            self._reader.join(_READ_SECONDS)
            # A process that has left the group may hold a stream for ever.
            self._abandoned.set()
            self._reader.join()
        return int(self._process.returncode)

    def _end_group(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _read(self) -> None:
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        with selectors.DefaultSelector() as selector:
            for name, stream in streams.items():
                selector.register(_open(stream), selectors.EVENT_READ, name)
            while selector.get_map() and not self._abandoned.is_set():
                for key, _ in selector.select(_POLL_SECONDS * 10):
                    chunk = os.read(key.fd, _CHUNK)
                    self._take(key.data, chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
        for stream in streams.values():
            _open(stream).close()

    def _take(self, stream: str, chunk: bytes) -> None:
        """Split into lines; at the end of a stream what has no newline is a line too."""
        *whole, rest = (self._pending[stream] + chunk).split(b"\n")
        if rest and (not chunk or len(rest) > _MAX_PENDING):
            whole.append(rest)
            rest = b""
        self._pending[stream] = rest
        for raw in whole:
            self._numbers[stream] += 1
            if len(self.written) < MAX_LINES:
                self.written.append(Written(raw, stream, self._numbers[stream]))
            else:
                self.lost += 1


def _program(name: str) -> str:
    beside = Path(sys.executable).parent / name
    return str(beside) if os.sep not in name and beside.exists() else name


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the process has no such stream")
    return stream
