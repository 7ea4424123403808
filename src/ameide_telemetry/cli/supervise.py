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
from typing import TYPE_CHECKING, Final

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
_BROKEN_PIPE: Final = 141
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
    """
    if not command:
        _say("nothing to run\n  name the command: ameide-telemetry run -- CMD ...")
        return _USAGE
    with Store(store_for_writing(store)) as opened, Receiver(opened, port=port) as receiver:
        _say(f"telemetry goes to {receiver.endpoint}, and from there to {opened.path}")
        output = _Output(opened, raw=raw)
        environ = telemetry_environment(receiver.endpoint, environment())
        code = _run(Child(command, on_lines=output.take, environ=environ), output)
        receiver.close()
        _sum_up(opened, receiver, output, given=store)
    return code


class _Output:
    """What becomes of the command's lines: shown, then stored.

    Attributes:
        broken: whether nobody reads our standard output any more.
        unreadable: how many lines were no JSON objects.
        lost: how many lines the store did not take.
    """

    def __init__(self, store: Store, *, raw: bool) -> None:
        self.broken = False
        self.unreadable = 0
        self.lost = 0
        self._store = store
        self._raw = raw
        self._style = style_of(sys.stdout)

    def take(self, raw_lines: Sequence[bytes], source: Source) -> None:
        """Show and store lines; called in the thread that reads the command's output."""
        lines = [parse(raw, source=source) for raw in raw_lines]
        self.unreadable += sum(not line.is_record for line in lines)
        try:
            self._show(raw_lines, lines, source)
        except BrokenPipeError:
            self.broken = True
        try:
            self._store.add_lines(lines)
        except StoreError:
            self.lost += len(lines)

    def _show(self, raw_lines: Sequence[bytes], lines: Sequence[Line], source: Source) -> None:
        if self.broken:
            return
        if self._raw:
            stream = sys.stderr if source == "stderr" else sys.stdout
            stream.buffer.write(b"".join(raw + b"\n" for raw in raw_lines))
            stream.flush()
        else:
            print("\n".join(self._rows(lines)), flush=True)

    def _rows(self, lines: Sequence[Line]) -> Iterator[str]:
        for line in lines:
            yield render(line, self._style)
            yield from stack_rows(line, self._style)


def _run(child: Child, output: _Output) -> int:
    """Run the child to its end, or to ours, and nothing of it any longer."""
    with _forwarding(child) as signals, child:
        for number in tuple(signals):
            child.signal(number)
        _await(child, output, signals)
        code = child.stop(grace=0.0 if signals else _GRACE_SECONDS)
    return _BROKEN_PIPE if output.broken else code


def _await(child: Child, output: _Output, signals: Sequence[int]) -> None:
    """Wait until the child exits, or had its time to do so after a signal, or nobody reads any more."""
    deadline: float | None = None
    while child.wait(_POLL_SECONDS) is None and not output.broken:
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


def _sum_up(store: Store, receiver: Receiver, output: _Output, *, given: str | None) -> None:
    counted = ", ".join(_counted(store.added[table], word) for table, word in _WORDS.items())
    where = f" --store {shlex.quote(given)}" if given is not None else ""
    rows = [f"stored {counted}", *_remarks(store, receiver, output)]
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
