"""Code of other people's objects, run where nothing of it comes out."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ameide_telemetry import guard
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import text_of


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    "error",
    [ValueError(), SystemExit(3), GeneratorExit(), asyncio.CancelledError(), MemoryError(), RecursionError()],
)
def test_whatever_is_raised_stays_inside_and_is_counted(error: BaseException) -> None:
    """Also what would end the process or the task."""
    guard.reset()
    assert contained(_raise, error) is None
    assert guard.counts() == {"values.foreign": 1}


def test_an_interrupt_of_the_main_thread_passes() -> None:
    """It cannot be told from a Ctrl-C, and that must not get lost; nothing of it stays behind."""
    with pytest.raises(KeyboardInterrupt):
        contained(_raise, KeyboardInterrupt())
    assert contained(int, "7") == 7


def test_an_interrupt_on_another_thread_is_none() -> None:
    """Python delivers signals to the main thread only."""
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(contained(_raise, KeyboardInterrupt())))
    thread.start()
    thread.join(10)
    assert seen == [None]


def test_an_object_that_is_looked_at_while_it_is_looked_at_is_not_looked_at_for_ever() -> None:
    """Twice at most, however often its code asks."""
    calls: list[int] = []

    class Loop:
        def __str__(self) -> str:
            calls.append(1)
            return text_of(self) + text_of(self)

    assert "unprintable" in text_of(Loop())
    assert len(calls) <= 3
