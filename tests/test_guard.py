"""The one place that swallows exceptions."""

from __future__ import annotations

import logging
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
    assert [record.message for record in caplog.records] == [
        "telemetry error at test.swallow: ValueError; the service is unaffected"
    ]


def test_exits_and_interrupts_pass() -> None:
    """What belongs to the process is not telemetry's to swallow."""
    with pytest.raises(KeyboardInterrupt), guard.site("test.interrupt"):
        raise KeyboardInterrupt
    assert guard.counts() == {}


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
