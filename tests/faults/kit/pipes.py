"""Pipes for the stdout of a process, and readers of all kinds: quick, slow, absent, and back again."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from support.environment import service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Lines", "Reader", "Talker", "lines_of", "talking"]

_PROGRAM: Final = str(Path(__file__).with_name("talkers.py"))
_LIMIT: Final = 100.0


class Reader:
    """Reads a pipe in a thread, as quickly or slowly as it is told, until its end.

    Args:
        descriptor: of the reading end; closed by `close`.
        pause: seconds between two reads.
        at_once: bytes of one read.
        until: text after which it stalls until `resume`.
    """

    def __init__(
        self, descriptor: int, *, pause: float = 0.0, at_once: int = 1 << 16, until: bytes | None = None
    ) -> None:
        self.data = bytearray()
        self.stalled = threading.Event()
        self._descriptor = descriptor
        self._pause = pause
        self._at_once = at_once
        self._until = until
        self._go_on = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def resume(self) -> None:
        """Read on."""
        self._go_on.set()

    def all(self) -> bytes:
        """Return everything, once the last writer is gone."""
        self.resume()
        self._thread.join(_LIMIT)
        assert not self._thread.is_alive(), "the pipe has no end"
        return bytes(self.data)

    def close(self) -> None:
        """Close the reading end: from now on writers find it closed."""
        os.close(self._descriptor)

    def _read(self) -> None:
        while chunk := os.read(self._descriptor, self._at_once):
            self.data += chunk
            if self._until is not None and self._until in self.data:
                self._until = None
                self.stalled.set()
                self._go_on.wait(_LIMIT)
            time.sleep(self._pause)


class Lines:
    """The lines that a pipe brought, parsed; a line that is torn fails at once.

    Attributes:
        records: every line as an object.
    """

    def __init__(self, data: bytes) -> None:
        assert not data or data.endswith(b"\n"), f"half a line at the end: {data[-80:]!r}"
        self.records: list[dict[str, Any]] = []
        self.torn: list[bytes] = []
        for line in data.split(b"\n")[:-1]:
            try:
                self.records.append(json.loads(line))
            except ValueError:
                self.torn.append(line[:80])

    def of(self, logger: str) -> list[str]:
        """Return the messages of one logger."""
        return [str(record["message"]) for record in self.records if record["logger"] == logger]


def lines_of(data: bytes) -> Lines:
    """Return the lines of `data`, of which none may be torn."""
    lines = Lines(data)
    assert not lines.torn, lines.torn[:3]
    return lines


class Talker:
    """A process of `talkers.py`.

    Attributes:
        process: the process; its stderr is a pipe.
    """

    def __init__(self, process: subprocess.Popen[bytes], results: int) -> None:
        self.process = process
        self._results = results
        self._text = bytearray()

    def result(self) -> dict[str, Any]:
        """Return the next thing that the process says."""
        until = time.monotonic() + _LIMIT
        while b"\n" not in self._text:
            ready, _, _ = select.select([self._results], [], [], max(0.0, until - time.monotonic()))
            chunk = os.read(self._results, 1 << 16) if ready else b""
            assert chunk, f"no result; status {self.process.wait(5)}: {self.errors()[-5:]}"
            self._text += chunk
        line, _, rest = bytes(self._text).partition(b"\n")
        self._text = bytearray(rest)
        return dict(json.loads(line))

    def end(self) -> int:
        """Wait for the end and return the status."""
        return self.process.wait(_LIMIT)

    def errors(self) -> list[bytes]:
        """Return the lines on stderr, once the process has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read().splitlines()

    def stop(self) -> None:
        """End the process and those that it started, whatever they do."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        if self.process.stderr is not None:
            self.process.stderr.close()
        os.close(self._results)


@contextmanager
def talking(stdout: int, name: str, *arguments: object, **environ: str) -> Iterator[Talker]:
    """Run a process of `talkers.py` whose stdout is the given descriptor, in a process group of its own.

    Args:
        stdout: the writing end of a pipe, which the caller has to close.
        name: which one.
        *arguments: its arguments.
        **environ: further variables of its environment.
    """
    results, say = os.pipe()
    process = subprocess.Popen(
        [sys.executable, _PROGRAM, name, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        pass_fds=(say,),
        env=service_environment(RESULT=str(say), **environ),
        start_new_session=True,
    )
    os.close(say)
    talker = Talker(process, results)
    try:
        yield talker
    finally:
        talker.stop()
