"""Copies of this process, which know all that it knows, and end with it."""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["Crew"]

_NUMBER: Final = struct.Struct("=I")
_HEAD: Final = struct.Struct("=IQ")
_BLOCK: Final = 1 << 20
_TICK: Final = 0.5
# So many numbers fit into a pipe that nobody reads yet.
_MOST_CHUNKS: Final = 4_096 // _NUMBER.size


class Crew:
    """Processes that do numbered pieces of work, each the next one that nobody has taken.

    Args:
        work: does a piece of work; what it returns can be pickled.
        count: how many pieces there are, fewer than a thousand.
        processes: how many processes there are.
    """

    def __init__(self, work: Callable[[int], Any], count: int, processes: int) -> None:
        self._work = work
        self._count = count
        self._processes = processes
        self._members: dict[int, int] = {}

    def __enter__(self) -> Self:
        waiting, numbers = os.pipe()
        for number in range(min(self._count, _MOST_CHUNKS)):
            os.write(numbers, _NUMBER.pack(number))
        os.close(numbers)
        try:
            with _undisturbed():
                for _ in range(self._processes):
                    self._begin(waiting)
        except BaseException:
            self._end(at_once=True)
            raise
        finally:
            os.close(waiting)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After Ctrl+C nobody waits for what is half done.
        self._end(at_once=kind is not None)

    def results(self) -> Iterator[tuple[int | None, Any]]:
        """Yield the number of each piece with what came of it, as they are done; None now and then."""
        with selectors.DefaultSelector() as selector:
            read = {pipe: bytearray() for pipe in self._members}
            for pipe in read:
                selector.register(pipe, selectors.EVENT_READ)
            while read:
                ready = selector.select(_TICK)
                if not ready:
                    yield None, ()
                for key, _ in ready:
                    data = os.read(key.fd, _BLOCK)
                    if not data:
                        selector.unregister(key.fd)
                        del read[key.fd]
                        continue
                    read[key.fd] += data
                    yield from _taken(read[key.fd])

    def _end(self, *, at_once: bool) -> None:
        for pipe, member in self._members.items():
            if at_once:
                os.kill(member, signal.SIGKILL)
            os.close(pipe)
        for member in self._members.values():
            with suppress(ChildProcessError):
                os.waitpid(member, 0)

    def _begin(self, waiting: int) -> None:
        result, answer = os.pipe()
        member = os.fork()
        if member:
            os.close(answer)
            self._members[result] = member
            return
        try:
            # Ctrl+C is heard by the first process, which ends the others.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for pipe in (*self._members, result):
                os.close(pipe)
            self._serve(waiting, answer)
        finally:
            # Nothing of the first process may be flushed, or said, twice.
            os._exit(0)

    def _serve(self, waiting: int, answer: int) -> None:
        while number := os.read(waiting, _NUMBER.size):
            [piece] = _NUMBER.unpack(number)
            body = pickle.dumps(self._work(piece), pickle.HIGHEST_PROTOCOL)
            data = memoryview(_HEAD.pack(piece, len(body)) + body)
            while data:
                data = data[os.write(answer, data) :]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl+C wait: until it is known who has begun, and until who has begun does not hear it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    # A mask would not do: the signal goes to any other thread then, and the first hears of it all the same.
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            signal.raise_signal(signal.SIGINT)


def _taken(data: bytearray) -> Iterator[tuple[int, Any]]:
    """Take what is complete from what was read."""
    while len(data) >= _HEAD.size:
        number, size = _HEAD.unpack_from(data)
        if len(data) < _HEAD.size + size:
            return
        body = bytes(data[_HEAD.size : _HEAD.size + size])
        del data[: _HEAD.size + size]
        yield number, pickle.loads(body)  # noqa: S301 written by a copy of this process
