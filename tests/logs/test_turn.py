"""Processes take turns on one stream."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.logs.outlet import open_outlet
from ameide_telemetry.logs.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return both ends of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@contextmanager
def _other(write: int, work: Callable[[Turn], object]) -> Iterator[None]:
    """Do something with a turn of another process, which then stays until the end of the block."""
    ready, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        turn = Turn(open_outlet(write))
        work(turn)
        os.write(say, b"x")
        signal.pause()
        os._exit(0)
    os.read(ready, 1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(say)


def _take_and_leave(turn: Turn) -> None:
    assert turn.take()
    turn.leave()


def test_only_one_process_has_the_turn(pipe: tuple[int, int]) -> None:
    """The other gets it when the first leaves, or is killed."""
    turn = Turn(open_outlet(pipe[1]))
    turn.looked()
    with _other(pipe[1], Turn.take):
        assert not turn.take()
        with pytest.raises(BlockingIOError):
            turn.write(b"x\n")
    assert turn.take()
    turn.leave()
    with _other(pipe[1], _take_and_leave):
        assert turn.take()
        assert turn.take()


def test_who_is_next_comes_before_who_has_just_written(pipe: tuple[int, int]) -> None:
    """A process that writes line after line cannot keep the others waiting."""
    turn = Turn(open_outlet(pipe[1]))
    turn.looked()
    assert turn.take()
    with _other(pipe[1], Turn.take):
        turn.leave()
        with pytest.raises(BlockingIOError):
            turn.write(b"x\n")
        assert not turn.take()


def test_who_steps_back_is_not_next_any_more(pipe: tuple[int, int]) -> None:
    """A process that stops trying does not keep all others from their turn."""
    turn = Turn(open_outlet(pipe[1]))
    with _other(pipe[1], Turn.take):
        assert not turn.take()
    turn.step_back()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if Turn(open_outlet(pipe[1])).take() else 3)
    assert os.waitpid(pid, 0)[1] == 0
    turn.step_back()


def test_half_a_line_keeps_the_turn(pipe: tuple[int, int]) -> None:
    """Until the rest is out nobody else writes, but others may queue."""
    turn = Turn(open_outlet(pipe[1]))
    turn.looked()
    size = 1 << 20
    assert 0 < turn.write(b"x" * size) < size
    with _other(pipe[1], Turn.take):
        assert turn.take()
        os.read(pipe[0], size)
        turn.leave()
        assert not turn.take()


def test_a_closed_duplicate_loses_the_turn_and_it_is_taken_again(pipe: tuple[int, int]) -> None:
    """The kernel gives a lock up with any descriptor of the file; the next attempt notices."""
    turn = Turn(open_outlet(pipe[1]))
    assert turn.take()
    os.close(os.dup(pipe[1]))
    with _other(pipe[1], Turn.take):
        assert not turn.take()


def test_a_stopped_holder_silences_nobody_for_ever(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there is room and nobody writes for seconds, the others go on; not while the pipe is full."""
    turn = Turn(open_outlet(pipe[1]))
    real, later = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: real() + later[0])
    with _other(pipe[1], Turn.take):
        assert not turn.take()
        later[0] = 4.0
        assert not turn.take()
        later[0] = 6.0
        assert turn.take()
        turn.outlet.write(b"x" * (1 << 20))
        assert not turn.take()
        later[0] = 20.0
        assert not turn.take()


def test_a_stream_without_record_locks_is_written_all_the_same(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every kind of file system or sandbox knows them."""

    def unknown(*_arguments: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", unknown)
    turn = Turn(open_outlet(pipe[1]))
    assert turn.take()
    turn.looked()
    assert turn.write(b"x\n") == 2
    turn.leave()
    assert os.read(pipe[0], 10) == b"x\n"


def test_a_line_is_not_written_before_the_stream_was_looked_at(pipe: tuple[int, int]) -> None:
    """Every fraction of a second somebody has to look whether it is still the same."""
    turn = Turn(open_outlet(pipe[1]))
    with pytest.raises(BlockingIOError):
        turn.write(b"x\n")
