"""One thread at a time, and none that waits without end."""

from __future__ import annotations

import itertools
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ameide_telemetry.metrics.turn import Turn

if TYPE_CHECKING:
    import pytest


def test_one_use_has_the_turn_until_it_gives_it_back() -> None:
    """The same thread is another use when it comes again, and cannot give back what is not its own."""
    turn = Turn()
    first, second = turn.ticket(), turn.ticket()
    assert turn.take(first)
    assert not turn.take(second)
    turn.give_back(second)
    assert not turn.take(second)
    turn.give_back(first)
    assert turn.take(second)


def test_it_is_mine_in_my_thread_only() -> None:
    """A collection in the midst of a measurement of the same thread is told from one in another."""
    turn, seen = Turn(), [True]
    assert not turn.mine
    assert turn.take(turn.ticket())
    assert turn.mine
    other = threading.Thread(target=lambda: seen.append(turn.mine))
    other.start()
    other.join()
    assert seen == [True, False]


def test_waiting_ends() -> None:
    """With the turn where it is given back, without it where it is not."""
    turn = Turn()
    first, second = turn.ticket(), turn.ticket()
    assert turn.wait(first, 0)
    assert not turn.wait(second, 0.01)
    threading.Timer(0.05, turn.give_back, [first]).start()
    assert turn.wait(second, 20)


def test_who_waits_is_next() -> None:
    """Among threads that come and go all the time somebody would be inside at each look."""
    turn, got, leave = Turn(), threading.Event(), threading.Event()
    first = turn.ticket()
    assert turn.take(first)

    def wait() -> None:
        mine = turn.ticket()
        assert turn.wait(mine, 20)
        got.set()
        leave.wait(20)
        turn.give_back(mine)

    waiting = threading.Thread(target=wait)
    waiting.start()
    for _ in range(2000):
        if "next" in turn._holders:
            break
        leave.wait(0.01)
    turn.give_back(first)
    assert not turn.take(turn.ticket())
    assert got.wait(20)
    leave.set()
    waiting.join(20)
    assert turn.take(turn.ticket())


def test_who_has_waited_long_enough_is_not_next_any_more() -> None:
    """Else nobody would ever come in again."""
    turn = Turn()
    first, second, third = turn.ticket(), turn.ticket(), turn.ticket()
    assert turn.take(first)
    assert not turn.wait(second, 0.01)
    turn.give_back(second)
    turn.give_back(first)
    assert turn.take(third)


def test_while_the_process_is_stopped_no_time_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the turn was stopped too, and gives it back soon after."""
    turn, looks, hours = Turn(), itertools.count(1), itertools.count(0.0, 3600.0)
    first = turn.ticket()
    assert turn.take(first)

    def sleep(_: float) -> None:
        if next(looks) == 5:
            turn.give_back(first)

    clock = SimpleNamespace(monotonic=lambda: next(hours), sleep=sleep)
    monkeypatch.setattr("ameide_telemetry.metrics.turn.time", clock)
    assert turn.wait(turn.ticket(), 1)


def test_many_threads_take_turns() -> None:
    """Never two at once, and everybody comes to it."""
    turn, inside, most, done = Turn(), [0], [0], [0]

    def work() -> None:
        for _ in range(200):
            ticket = turn.ticket()
            try:
                assert turn.wait(ticket, 20)
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                done[0] += 1
                inside[0] -= 1
            finally:
                turn.give_back(ticket)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (most, done) == ([1], [1600])
