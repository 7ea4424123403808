"""One thread at a time, and none that waits without end."""

from __future__ import annotations

import threading

from ameide_telemetry.metrics.turn import Turn


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
