"""The one place that swallows exceptions."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_in_production() -> Iterator[None]:
    guard.reset()
    guard.reraise_in_tests(False)
    yield
    guard.reraise_in_tests("auto")
    guard.reset()


def test_an_error_is_swallowed_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The block's error ends there, and only its type is said, the first time."""
    site = guard.site("test.swallow")
    for _ in range(3):
        with site:
            raise ValueError("secret text")
    assert guard.counts() == {"test.swallow": 3}
    (line,) = [record.message for record in caplog.records]
    assert line == (
        "telemetry error at test.swallow: ValueError; "
        "the service is unaffected; what it may cost: docs/reference/diagnostics.md"
    )


def test_exits_and_interrupts_pass() -> None:
    """What belongs to the process is not telemetry's to swallow."""
    with pytest.raises(KeyboardInterrupt), guard.site("test.interrupt"):
        raise KeyboardInterrupt
    assert guard.counts() == {}


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, ValueError])
@pytest.mark.parametrize("by_call", [False, True])
def test_a_thread_of_ours_survives_whatever_foreign_code_raises(
    kind: type[BaseException], *, by_call: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """On our own thread an exit is somebody's mistake: swallowed, counted, and said the first time."""
    site = guard.site(f"test.thread_{kind.__name__}_{by_call}", foreign=True, thread=True)

    def fail() -> None:
        raise kind

    for _ in range(2):
        if by_call:
            assert site.call(fail) is None
        else:
            with site:
                fail()
    assert guard.counts() == {site.name: 2}
    assert len(caplog.records) == (0 if kind is ValueError else 1)


def test_a_call_lets_an_exit_pass() -> None:
    """The short form swallows no more than the block does."""

    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        guard.site("test.leave").call(leave)


def test_a_signal_handler_may_come_in_while_its_thread_is_inside() -> None:
    """The handler runs on the thread that it interrupted: a lock that is not reentrant would end it."""

    def handler(*_: object) -> None:
        guard.note("test.from_handler")
        with guard.site("test.in_handler"):
            raise ValueError

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with guard._owned_lock():
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert guard.counts() == {"test.from_handler": 1, "test.in_handler": 1}


def test_a_fork_in_c_while_another_thread_counts() -> None:
    """No hook of Python's runs in such a child, which gets the lock as another thread holds it."""
    site = guard.site("test.before_fork")
    with site:
        raise ValueError
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with guard._owned_lock():
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    # PyDLL keeps the interpreter lock: the child goes on as the thread that holds it.
    child = ctypes.PyDLL(None).fork()
    if child == 0:
        signal.alarm(20)
        with site:
            raise ValueError
        os._exit(site.caught)
    _, status = os.waitpid(child, 0)
    release.set()
    holder.join()
    assert os.waitstatus_to_exitcode(status) == 1
    assert guard.counts() == {"test.before_fork": 1}


def test_no_frame_left_to_count_in() -> None:
    """At the end of the recursion limit a swallowed error stays swallowed, counted or not."""
    site = guard.site("test.deep", foreign=True)
    deepest = 0

    def dive(depth: int) -> None:
        nonlocal deepest
        deepest = max(deepest, depth)
        with site:
            dive(depth + 1)

    dive(0)
    assert deepest > 100


def test_our_own_errors_are_raised_again_under_pytest() -> None:
    """A bug of ours must not hide from tests."""
    guard.reraise_in_tests("auto")
    with pytest.raises(ValueError, match="bug"), guard.site("test.reraise"):
        raise ValueError("bug")


def test_foreign_errors_are_never_raised_again() -> None:
    """A caller's object that fails is expected, under pytest too, and is not said."""
    guard.reraise_in_tests("auto")
    with guard.site("test.foreign", foreign=True):
        raise ValueError("the caller's own")
    assert guard.counts() == {"test.foreign": 1}


def test_a_site_is_made_once_and_listed() -> None:
    """Whoever wants to make each of them fail can walk over the list."""
    assert guard.site("test.listed") is guard.site("test.listed")
    assert "test.listed" in [site.name for site in guard.sites()]


def test_a_note_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Repairs are counted each time and said the first time."""
    guard.note("test.note", "something was repaired")
    guard.note("test.note", "something was repaired")
    guard.note("test.silent")
    assert guard.counts() == {"test.note": 2, "test.silent": 1}
    assert [record.message for record in caplog.records] == ["something was repaired"]


def test_a_failing_handler_does_not_come_back(caplog: pytest.LogCaptureFixture) -> None:
    """A logging handler that raises while a diagnostic is said cannot start a loop."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with guard.site("test.inner"):
                raise RuntimeError("handler")
            raise RuntimeError("again")

    broken = Broken()
    logger = logging.getLogger("ameide_telemetry")
    logger.addHandler(broken)
    try:
        with guard.site("test.outer"):
            raise ValueError("first")
    finally:
        logger.removeHandler(broken)
    assert guard.counts() == {"test.inner": 1, "test.outer": 1}
