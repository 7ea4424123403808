"""Waking a thread, also where the thread that wakes was interrupted in the middle of it."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from ameide_telemetry.export.wake import Bell, Latch
from support.pipelines import deadline

if TYPE_CHECKING:
    from types import FrameType


def test_a_bell_is_heard_once_however_often_it_was_rung() -> None:
    """Rings before the wait count as one; without a ring the wait ends by itself."""
    bell = Bell()
    assert not bell.wait(0)
    bell.ring()
    bell.ring()
    assert bell.wait(30)
    assert not bell.wait(0.01)
    bell.ring()
    assert bell.wait(30)


def test_no_ring_is_lost() -> None:
    """What was done before a ring is seen after the wait, however the two threads interleave."""
    bell, done, seen = Bell(), [0], [0]
    end = deadline(30)

    def hear() -> None:
        while seen[0] < 20_000 and bell.wait(30):
            seen[0] = done[0]

    thread = threading.Thread(target=hear)
    thread.start()
    for number in range(1, 20_001):
        done[0] = number
        bell.ring()
    thread.join(30)
    assert seen[0] == 20_000
    assert end > 0


def test_a_thread_that_dies_over_a_ring_does_not_take_the_bell_with_it() -> None:
    """Whoever takes its place hears the ring, and those that come after it."""
    bell = Bell()
    bell.ring()
    bell._rings.get()  # and then the thread was gone
    bell.pass_on()
    assert bell.wait(30)
    bell.ring()
    assert bell.wait(30)


def test_a_latch_lets_everybody_through() -> None:
    """Any number of threads wait for it, before and after it was set, once and for all."""
    latch, through = Latch(), []
    threads = [threading.Thread(target=lambda: through.append(latch.wait(30))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert not latch.wait(0.01)
    assert not latch.is_set()
    latch.set()
    for thread in threads:
        thread.join(30)
    assert through == [True] * 5
    assert latch.wait(0)
    assert latch.is_set()


def test_a_signal_handler_may_ring_while_its_thread_rings() -> None:
    """Thousands of signals interrupt the ringing; no thread is left waiting for itself."""
    bell, handled = Bell(), [0]

    def handler(number: int, frame: FrameType | None) -> None:
        handled[0] += 1
        bell.ring()

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        end = deadline(30)
        while handled[0] < 500 and deadline(0) < end:
            bell.ring()
            bell.wait(0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert handled[0] >= 500
