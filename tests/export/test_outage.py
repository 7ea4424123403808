"""What an operator reads while records are lost."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from ameide_telemetry.export import outage
from ameide_telemetry.export.outage import Outage
from ameide_telemetry.ledger import SignalLedger

FAILS = (
    "telemetry export of traces to http://test fails: {}; the service is unaffected, lost records are counted"
)
LOST = "telemetry of traces to http://test is lost; the service is unaffected, lost records are counted"


class Watched:
    """An outage with a clock that is set by hand, and what it said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        self.now = 1000.0
        monkeypatch.setattr(outage, "time", SimpleNamespace(monotonic=lambda: self.now))
        caplog.set_level(logging.INFO, "ameide_telemetry")
        self._caplog = caplog
        self.ledger = SignalLedger()
        self.outage = Outage("traces to http://test", self.ledger)

    def drop(self, count: int, reason: str = "queue_full") -> None:
        self.ledger.emit(count)
        self.ledger.drop(reason, count)

    def lines(self) -> list[str]:
        """Return what was said since the last call."""
        said = [record.getMessage() for record in self._caplog.records]
        self._caplog.clear()
        return said


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Watched:
    """Return an outage to play with."""
    return Watched(monkeypatch, caplog)


def test_a_failure_that_the_next_attempt_makes_good_is_not_said(watched: Watched) -> None:
    """The status shows it meanwhile."""
    watched.outage.attempt_failed("connection_reset")
    watched.outage.visit()
    assert (watched.outage.open, watched.outage.last_error) == (True, "connection_reset")
    watched.outage.worked()
    watched.outage.visit()
    assert not watched.outage.open
    assert watched.lines() == []


def test_a_failure_that_lasts_is_said_once_and_so_is_its_end(watched: Watched) -> None:
    """One warning with the cause, one line with the counts when it is over."""
    watched.outage.attempt_failed("http_503")
    watched.outage.visit()
    watched.outage.attempt_failed("http_503")
    watched.outage.visit()
    watched.outage.attempt_failed("http_502")
    watched.outage.visit()
    assert watched.lines() == [FAILS.format("http_503")]
    watched.drop(5, "export_failed")
    watched.ledger.emit(3)
    watched.ledger.deliver(1)
    watched.now += 10
    watched.outage.worked()
    watched.outage.visit()
    watched.outage.worked()
    watched.outage.visit()
    works = "telemetry export of traces to http://test works again: {}"
    assert watched.lines() == [works.format("1 delivered, 5 dropped during the outage, 2 queued")]


def test_what_is_given_up_is_said_at_once(watched: Watched) -> None:
    """With the counts by reason, for one failure is enough when it cost something."""
    watched.drop(512, "export_failed")
    watched.drop(3)
    watched.outage.gave_up("http_400")
    watched.outage.visit()
    assert watched.lines() == [f"{FAILS.format('http_400')}: 512 export_failed, 3 queue_full; 0 queued"]


def test_a_line_a_minute_while_records_are_lost(watched: Watched) -> None:
    """Ten minutes of failures and full queues: ten lines, which together have the exact sum."""
    said: list[str] = []
    for _ in range(600):
        watched.now += 1
        watched.drop(2)
        watched.drop(1, "export_failed")
        watched.outage.gave_up("timeout")
        watched.outage.visit()
        watched.outage.visit_for_worker()
        said += watched.lines()
    watched.outage.finish()
    said += watched.lines()
    assert len(said) == 11
    assert sum(int(line.split(": ")[2].split()[0]) for line in said) == 600
    assert sum(int(line.split("export_failed, ")[1].split()[0]) for line in said) == 1200


def test_a_collector_that_comes_and_goes_does_not_fill_the_log(watched: Watched) -> None:
    """A failure within a minute of the last line waits; only what was said has an end that is said."""
    said: list[str] = []
    for _ in range(300):
        watched.now += 1
        watched.drop(1, "export_failed")
        watched.outage.gave_up("http_503")
        watched.outage.visit()
        watched.outage.worked()
        watched.outage.visit()
        said += watched.lines()
    assert len(said) == 10
    assert sum("works again" in line for line in said) == 5


def test_losses_without_a_failure_are_said_and_so_is_their_end(watched: Watched) -> None:
    """A queue that is too small for what comes, while the collector is well."""
    watched.drop(7)
    watched.outage.visit()
    watched.drop(2)
    watched.outage.worked()
    watched.outage.visit()
    assert watched.lines() == [f"{LOST}: 7 queue_full; 0 queued"]
    watched.now += 61
    watched.outage.visit()
    assert watched.lines() == [f"{LOST}: 2 queue_full; 0 queued"]
    watched.now += 59
    watched.outage.visit()
    assert watched.lines() == []
    watched.now += 2
    watched.outage.visit()
    watched.outage.visit()
    over = "telemetry of traces to http://test is no longer lost: {}"
    assert watched.lines() == [over.format("0 delivered, 9 dropped during the outage, 0 queued")]


def test_whoever_drops_speaks_when_the_worker_is_stuck(watched: Watched) -> None:
    """Not while the worker may still come by, then once a minute."""
    watched.outage.attempt_failed("timeout")
    watched.outage.visit()
    watched.drop(1)
    watched.outage.visit_for_worker()
    assert watched.lines() == []
    watched.now += 46
    for _ in range(3):
        watched.drop(1)
        watched.outage.visit_for_worker()
    assert len(watched.lines()) == 1
    watched.now += 61
    watched.outage.visit_for_worker()
    assert watched.lines() == [f"{FAILS.format('timeout')}: 2 queue_full; 0 queued"]


def test_what_its_own_line_loses_makes_no_further_line(watched: Watched) -> None:
    """The line may itself become a record that does not fit."""

    class Losing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            watched.now += 100
            watched.drop(1)
            watched.outage.visit_for_worker()

    logger, handler = logging.getLogger("ameide_telemetry"), Losing()
    logger.addHandler(handler)
    try:
        watched.drop(1)
        watched.outage.visit()
    finally:
        logger.removeHandler(handler)
    assert len(watched.lines()) == 1
    watched.now += 100
    watched.outage.visit()
    assert watched.lines() == [f"{LOST}: 1 queue_full; 0 queued"]


def test_the_end_of_the_process_has_the_last_line(watched: Watched) -> None:
    """What was lost since the last line is said, however short ago that was; nothing is said for nothing."""
    watched.drop(1)
    watched.outage.visit()
    watched.drop(4, "shutdown")
    watched.outage.finish()
    watched.outage.finish()
    assert watched.lines()[1:2] == [f"{LOST}: 4 shutdown; 0 queued"]
