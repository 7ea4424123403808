"""The bytes that records of all signals may wait in."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.export.budget import ByteBudget


@given(limit=st.integers(0, 100), sizes=st.lists(st.integers(0, 60), max_size=40))
def test_no_more_is_taken_than_there_is(limit: int, sizes: list[int]) -> None:
    """What does not fit is refused whole, and what is given back can be taken again."""
    budget = ByteBudget(limit)
    held: list[int] = []
    for number, size in enumerate(sizes):
        expected = sum(held) + size <= limit
        assert budget.take(size) == expected
        if expected:
            held.append(size)
        if held and number % 3 == 0:
            budget.give(held.pop())
        assert budget.used == sum(held)


def test_threads_take_and_give_exactly() -> None:
    """After many threads took and gave back, nothing is taken; never was more taken than the limit."""
    budget = ByteBudget(50)
    seen: list[int] = []

    def use() -> None:
        for _ in range(2000):
            if budget.take(7):
                seen.append(budget.used)
                budget.give(7)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert budget.used == 0
    assert max(seen) <= 50


def test_a_forked_child_has_all_the_bytes_once() -> None:
    """Every pipeline says that it is in a child; only the first one makes a difference."""
    budget = ByteBudget(10)
    assert budget.take(10)
    budget._pid = -1
    budget.after_fork()
    assert budget.take(4)
    budget.after_fork()
    assert budget.used == 4
