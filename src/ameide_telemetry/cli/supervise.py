"""What `run` does: a child, a receiver and a store, from the first line to the last.

The command's lines are read as a log collector would read them, shown for a human, and stored together
with the spans and metrics that the command sends to the receiver.
"""

from __future__ import annotations

import shlex
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, AnyStr, Final

from ameide_telemetry.cli.surroundings import environment, store_for_writing, style_of
from ameide_telemetry.local.child import Child, telemetry_environment
from ameide_telemetry.local.errors import StoreError
from ameide_telemetry.local.lines import parse, render, stack_rows
from ameide_telemetry.local.receiver import Receiver
from ameide_telemetry.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.local.records import Line, Source

__all__ = ["supervise"]

_FORWARDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.2
_USAGE: Final = 2
_WORDS: Final = {"spans": "span", "lines": "line", "points": "metric point"}


def supervise(command: Sequence[str], *, store: str | None, port: int, raw: bool) -> int:
    """Run `command` with a receiver beside it and return its exit code.

    Args:
        command: program and arguments.
        store: file to keep everything in; None for the user's own.
        port: the receiver's port on 127.0.0.1; 0 for any.
        raw: pass the command's output on byte by byte, instead of showing it for a human.

    Raises:
        LocalError: the store, the port or the command is not to be had.
        OSError: our output could not be written, and the command was ended for that; `BrokenPipeError`
            where nobody reads it any more.
    """
    if not command:
        _say("nothing to run\n  name the command: ameide-telemetry run -- CMD ...")
        return _USAGE
    with Store(store_for_writing(store)) as opened, Receiver(opened, port=port) as receiver:
        _say(f"telemetry goes to {receiver.endpoint}, and from there to {opened.path}")
        output = _Output(opened, raw=raw)
        child = Child(
            command,
            on_lines=output.take,
            on_bytes=output.pass_on if raw else None,
            environ=telemetry_environment(receiver.endpoint, environment()),
        )
        code = _run(child, output)
        receiver.close()
        _sum_up(opened, receiver, output, given=store, cut=child.cut)
    if output.failure is not None:
        raise output.failure
    return code


class _Output:
    """What becomes of the command's output: shown, then stored.

    Attributes:
        failure: why nothing more can be shown; None as long as it can.
        unreadable: how many lines were no JSON objects.
        lost: how many lines the store did not take.
    """

    def __init__(self, store: Store, *, raw: bool) -> None:
        self.failure: OSError | None = None
        self.unreadable = 0
        self.lost = 0
        self._store = store
        self._raw = raw
        self._style = style_of(sys.stdout)

    def take(self, raw_lines: Sequence[bytes], source: Source) -> None:
        """Show and store lines; called in the thread that reads the command's output."""
        lines = [parse(raw, source=source) for raw in raw_lines]
        self.unreadable += sum(not line.is_record for line in lines)
        if not self._raw:
            rows = "".join(f"{row}\n" for line in lines for row in self._rows(line))
            self._write(sys.stdout, rows)
        try:
            self._store.add_lines(lines)
        except StoreError:
            self.lost += len(lines)

    def pass_on(self, chunk: bytes, source: Source) -> None:
        """Write a piece of the command's output to our stream of the same name, as it is."""
        self._write((sys.stderr if source == "stderr" else sys.stdout).buffer, chunk)

    def _write(self, stream: IO[AnyStr], piece: AnyStr) -> None:
        if self.failure is not None:
            return
        try:
            stream.write(piece)
            stream.flush()
        except OSError as error:
            self.failure = error

    def _rows(self, line: Line) -> Iterator[str]:
        yield render(line, self._style)
        yield from stack_rows(line, self._style)


def _run(child: Child, output: _Output) -> int:
    """Run the child to its end, or to ours, and nothing of it any longer."""
    with _forwarding(child) as signals, child:
        for number in tuple(signals):
            child.signal(number)
        _await(child, output, signals)
        return child.stop(grace=0.0 if signals else _GRACE_SECONDS)


def _await(child: Child, output: _Output, signals: Sequence[int]) -> None:
    """Wait until the child exits, or had its time to do so after a signal, or nobody takes our output."""
    deadline: float | None = None
    while child.wait(_POLL_SECONDS) is None and output.failure is None:
        if signals and deadline is None:
            deadline = time.monotonic() + _GRACE_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            return


@contextmanager
def _forwarding(child: Child) -> Iterator[list[int]]:
    """Pass signals on to the child's group; yields the list in which they are noted."""
    received: list[int] = []

    def forward(number: int, _: object) -> None:
        received.append(number)
        child.signal(number)

    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may handle signals; there they are its caller's
        return
    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sum_up(store: Store, receiver: Receiver, output: _Output, *, given: str | None, cut: bool) -> None:
    counted = ", ".join(_counted(store.added[table], word) for table, word in _WORDS.items())
    where = f" --store {shlex.quote(given)}" if given is not None else ""
    rows = [f"stored {counted}", *_remarks(store, receiver, output)]
    if cut:
        rows.append("a process that outlived the command still holds its output open; that was not read on")
    if store.added["spans"]:
        rows.append(f"look at it: ameide-telemetry trace --last{where}")
    _say("\n  ".join(rows))


def _remarks(store: Store, receiver: Receiver, output: _Output) -> Iterator[str]:
    if output.unreadable:
        yield f"{_counted(output.unreadable, 'line')} not JSON: a log collector cannot parse that"
    if output.lost:
        yield f"{_counted(output.lost, 'line')} not stored: the store did not take them"
    for status, count in sorted(receiver.refused.items()):
        yield f"{_counted(count, 'request')} to the receiver refused with HTTP {status}"
    for table, count in store.evicted().items():
        yield f"the store is full: {count} old rows of {table} made room so far"
    if not store.added["spans"]:
        yield "no span arrived: does the command call init_telemetry() and instrument_app()?"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _say(text: str) -> None:
    print(f"ameide-telemetry: {text}", file=sys.stderr, flush=True)
