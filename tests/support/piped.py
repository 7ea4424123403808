"""A sink that writes to a pipe which the test reads, or does not."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from ameide_telemetry.ledger import SignalLedger
from ameide_telemetry.logs.channel import Channel
from ameide_telemetry.logs.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Piped", "refuse_thread", "totals"]


def totals(ledger: SignalLedger) -> tuple[int, int, dict[str, int]]:
    """Return what was emitted and delivered, and what was dropped by reason."""
    counts = ledger.counts()
    return counts["emitted"], counts["delivered"], counts["dropped_by_reason"]


def refuse_thread(*_arguments: object) -> None:
    """Take the place of `_thread.start_new_thread` where none can be started."""
    raise RuntimeError("can't start new thread")


def _notice(message: str, fields: Mapping[str, object]) -> bytes:
    return f"{message} {fields}\n".encode()


class Piped:
    """A sink that writes to a pipe, and the pipe's other end."""

    def __init__(self, *, blocks: bool = False) -> None:
        self.read, self.write = os.pipe()
        self.ledger = SignalLedger()
        self.stream = os.fdopen(self.write, "w")
        self.sink = Sink(self.stream, self.ledger, blocks=blocks, notice=_notice)

    @property
    def channel(self) -> Channel:
        """What the sink writes through."""
        assert isinstance(self.sink.channel, Channel)
        return self.sink.channel

    @property
    def queued(self) -> int:
        """How many lines wait."""
        return self.ledger.counts()["queued"]

    def received(self) -> bytes:
        """Return what is in the pipe now."""
        os.set_blocking(self.read, False)
        received = bytearray()
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.read, 1 << 20):
                received += chunk
        return bytes(received)

    def received_all(self) -> list[bytes]:
        """Return every line, when nothing waits any more."""
        received = bytearray()
        for _ in range(2_000):
            waiting = self.queued
            received += self.received()
            if not waiting:
                break
            time.sleep(0.005)
        assert received.endswith(b"\n")
        return bytes(received).split(b"\n")[:-1]

    def fill(self, line: bytes = b"x" * 999 + b"\n") -> int:
        """Write lines until some wait, and return how many."""
        number = 0
        while not self.queued:
            self.sink.write(line)
            number += 1
        return number

    def close(self) -> None:
        """Close both ends."""
        self.stream.close()
        with contextlib.suppress(OSError):
            os.close(self.read)
