"""Where lines leave the process: whole lines, in the pipe when the call returns, and each one counted.

Lines are written to the descriptor itself, not through `sys.stdout`, so that a line is never buffered,
never split at a text buffer's edge, and no call waits for another thread's `print`.
"""

from __future__ import annotations

import os
from os import getpid
from typing import TYPE_CHECKING

from ameide_telemetry.logs.channel import Channel
from ameide_telemetry.logs.outlet import descriptor_of
from ameide_telemetry.logs.terms import Terms
from ameide_telemetry.logs.text import TextChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.ledger import SignalLedger
    from ameide_telemetry.logs.text import TextTarget

__all__ = ["Sink"]


class Sink:
    """Writes whole lines to one stream and counts every one as delivered, dropped or waiting.

    Args:
        stream: the stream that was `sys.stdout` when telemetry started; None when there is none.
        ledger: the balance that the lines are counted in.
        blocks: whether a call waits while nobody reads; else lines wait within bounds, or are dropped.
        notice: renders a message and its fields as a line, for what the sink itself has to say.
        earlier: the sink that this one follows; lines to the same stream keep their order.

    Attributes:
        stream: as given; held, because its end would close the descriptor.
        channel: what this process writes through.
    """

    __slots__ = ("_terms", "channel", "stream")

    def __init__(
        self,
        stream: TextTarget | None,
        ledger: SignalLedger,
        *,
        blocks: bool = False,
        notice: Callable[[str, Mapping[str, object]], bytes] | None = None,
        earlier: Sink | None = None,
    ) -> None:
        self.stream = stream
        self._terms = Terms(ledger, blocks, notice)
        self.channel: Channel | TextChannel
        descriptor = descriptor_of(stream)
        if descriptor is None:
            self.channel = TextChannel(stream)
        elif earlier is not None and earlier.channel.descriptor == descriptor:
            self.channel = earlier.channel
            self.channel.resume()
        else:
            self.channel = Channel(descriptor)

    def write(self, data: bytes) -> None:
        """Write one line, newline included. Never raises; what cannot be written is counted as dropped."""
        channel = self.channel
        if channel.pid != getpid():
            channel = self._inherit(channel)
        channel.write(data, self._terms)

    def flush(self) -> None:
        """Write out what waits as far as that is possible at once."""
        if self.channel.pid == getpid():
            self.channel.flush()

    def drain(self, deadline: float) -> None:
        """Write out what waits until `deadline` and count the rest as dropped, for the end of the process.

        Args:
            deadline: as `time.monotonic()` counts.
        """
        if self.channel.pid == getpid():
            self.channel.drain(deadline)

    def hurry(self, deadline: float) -> None:
        """Have no line's call wait for a reader beyond `deadline`, whatever was asked for."""
        if self.channel.pid == getpid():
            self.channel.hurry(deadline)

    def resume(self) -> None:
        """Let lines wait again after `drain` and `hurry`, for a process that goes on."""
        if self.channel.pid == getpid():
            self.channel.resume()

    def isatty(self) -> bool:
        """Tell whether a person is likely to read this stream in a terminal."""
        descriptor = self.channel.descriptor
        return descriptor is not None and os.isatty(descriptor)

    def after_fork(self) -> None:
        """Begin anew in a forked child; a child of a fork that Python knows nothing of does so by itself."""
        if self.channel.pid != getpid():
            self._inherit(self.channel)

    def _inherit(self, channel: Channel | TextChannel) -> Channel | TextChannel:
        heir = channel.heir()
        if heir is not self.channel:
            self._terms.ledger.reset()
            self.channel = heir
        return heir
