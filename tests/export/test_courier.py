"""What is done about each answer: other attempts, smaller parts, and an account of every record."""

from __future__ import annotations

import dataclasses
import errno
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.export import retries
from ameide_telemetry.export.destination import Answer
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.ledger import SignalLedger
from support.pipelines import ScriptedSender, deadline, scripted, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = Answer("connection_refused", retry=True)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every pause between two attempts short."""
    for name in ("RUNNING", "CLOSING"):
        pauses = getattr(retries, name).pauses
        monkeypatch.setattr(retries, name, retries.Patience(0.01, 0.05, pauses))


def pipeline(sender: ScriptedSender, *, timeout: float = 10, budget: float = 30) -> QueuePipeline:
    return QueuePipeline(
        "traces",
        ledger=SignalLedger(),
        destination=scripted(sender, timeout=timeout, budget=budget),
        delay=60,
        max_queue_size=1000,
        max_batch_size=100,
    )


def put(sent: QueuePipeline, *records: object) -> QueuePipeline:
    for record in records:
        sent.put(record)
    return sent


def after(*answers: Answer | str | None) -> Callable[[Any], Answer | str | None]:
    """Give these answers one after another, the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def reasons(sent: QueuePipeline) -> dict[str, int]:
    return sent.status()["counts"]["dropped_by_reason"]


@pytest.mark.usefixtures("hasty")
def test_another_attempt_is_made_where_it_may_succeed() -> None:
    """The flush waits through the retries, and everything arrives, once."""
    sender = ScriptedSender(after(REFUSED, Answer("http_503", retry=True), None))
    sent = put(pipeline(sender), "a", "b")
    result = sent.force_flush(deadline(10))
    assert (result.ok, result.delivered, result.dropped) == (True, 2, 0)
    assert [records for records, _ in sender.attempts] == [["a", "b"]] * 3
    sent.shutdown(deadline(5))


def test_no_other_attempt_is_made_where_it_cannot_succeed() -> None:
    """What the collector does not like it does not get twice."""
    sender = ScriptedSender("http_400")
    sent = put(pipeline(sender), "a")
    assert sent.force_flush(deadline(10)).error == "http_400"
    assert len(sender.attempts) == 1
    assert reasons(sent) == {"export_failed": 1}
    sent.shutdown(deadline(5))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_process_without_descriptors_tries_again(number: int) -> None:
    """The first attempt imports and opens what it needs: where that fails for a while, nothing is lost."""
    sender, failures = ScriptedSender(), [OSError(number, "too many open files")] * 3

    def connect() -> ScriptedSender:
        if failures:
            raise failures.pop()
        return sender

    sent = put(pipeline(sender), "a", "b")
    sent.destination = dataclasses.replace(sent.destination, connect=connect)
    sent._courier._destination = sent.destination
    assert sent.force_flush(deadline(10)).delivered == 2
    assert sent.status()["last_error"] == "no_descriptors"
    sent.shutdown(deadline(5))


def test_a_batch_has_a_budget() -> None:
    """When it is used up, the batch is given up, and no attempt was allowed to last longer than that."""
    sender = ScriptedSender(REFUSED)
    sent = put(pipeline(sender, timeout=10, budget=0.3), "a")
    result = sent.force_flush(deadline(20))
    assert (result.ok, result.error, result.dropped) == (False, "connection_refused", 1)
    assert all(seconds <= 0.3 for _, seconds in sender.attempts)
    sent.shutdown(deadline(5))


def test_an_attempt_has_a_timeout() -> None:
    """No attempt gets more than the destination's timeout."""
    sender = ScriptedSender()
    sent = put(pipeline(sender, timeout=2), "a")
    assert sent.shutdown(deadline(60)).ok
    ((_, seconds),) = sender.attempts
    assert 1 < seconds <= 2


def test_while_it_is_tried_again_the_status_names_the_cause() -> None:
    """`failing`, with the true cause; a flush that gives up meanwhile names it too, not a timeout."""
    sent = put(pipeline(ScriptedSender(REFUSED)), "a")
    result = sent.force_flush(deadline(0.2))
    assert (result.ok, result.error, result.queued) == (False, "connection_refused", 1)
    status = sent.status()
    assert (status["state"], status["last_error"]) == ("failing", "connection_refused")
    sent.shutdown(deadline(5))


def test_a_flush_ends_a_pause() -> None:
    """A flush does not wait for the time of the next attempt: it is made at once."""
    sender = ScriptedSender(after(REFUSED, REFUSED, REFUSED, None))
    sent = put(pipeline(sender), "a")
    for _ in range(3):
        sent.force_flush(deadline(0.1))
    assert sent.force_flush(deadline(10)).ok
    assert len(sender.attempts) >= 4
    sent.shutdown(deadline(5))


def test_a_flush_does_not_end_a_rest_that_the_peer_asked_for() -> None:
    """Retry-After is honoured, whoever is impatient."""
    sender = ScriptedSender(after(Answer("http_429", retry=True, retry_after=1.0), None))
    sent = put(pipeline(sender), "a")
    began = time.monotonic()
    while not sent.force_flush(deadline(0.1)):
        assert time.monotonic() - began < 30
    assert time.monotonic() - began >= 1
    assert len(sender.attempts) == 2
    sent.shutdown(deadline(5))


def test_a_rest_holds_for_the_next_batch_too() -> None:
    """A batch whose budget is too short for it is given up; the next one waits, then has all its time."""
    sender = ScriptedSender(after(Answer("http_429", retry=True, retry_after=1.0), None))
    sent = put(pipeline(sender, budget=0.5), "a")
    assert sent.force_flush(deadline(10)).error == "http_429"
    began = time.monotonic()
    assert put(sent, "b").force_flush(deadline(10)).delivered == 1
    assert time.monotonic() - began > 0.5
    assert sender.attempts[-1][1] > 0.4
    assert reasons(sent) == {"export_failed": 1}
    sent.shutdown(deadline(5))


@pytest.mark.parametrize(
    ("answer", "tries"), [(REFUSED, 1), (Answer("http_429", retry=True, retry_after=25), 0)]
)
def test_a_shutdown_ends_a_pause_at_once(answer: Answer, tries: int) -> None:
    """What was failing before is tried once more, what asked for peace is not; neither takes the budget."""
    sender = ScriptedSender(answer)
    sent = put(pipeline(sender), "a", "b")
    sent.force_flush(deadline(0.2))
    before = len(sender.attempts)
    began = time.monotonic()
    result = sent.shutdown(deadline(20))
    assert time.monotonic() - began < 15
    assert len(sender.attempts) - before == tries
    assert (result.ok, result.error, result.dropped) == (False, answer.error, 2)


def test_a_shutdown_tries_again_where_the_failure_is_new() -> None:
    """A collector that is away for the moment in which a process ends costs nothing."""
    sender = ScriptedSender(after(REFUSED, None))
    sent = put(pipeline(sender), "a")
    assert sent.shutdown(deadline(30)).delivered == 1
    assert len(sender.attempts) == 2


def test_a_shutdown_does_not_use_its_budget_for_a_collector_that_is_not_there() -> None:
    """Three attempts with short pauses, then the process may go."""
    sender = ScriptedSender(REFUSED)
    sent = put(pipeline(sender), "a")
    began = time.monotonic()
    result = sent.shutdown(deadline(60))
    assert time.monotonic() - began < 20
    assert (result.error, result.dropped, len(sender.attempts)) == ("connection_refused", 1, 3)


def test_a_shutdown_does_not_sleep_past_its_deadline() -> None:
    """A pause that would end later is not begun, and no attempt is allowed to last longer."""
    sender = ScriptedSender(Answer("http_429", retry=True, retry_after=2))
    sent = put(pipeline(sender), "a")
    sent.shutdown(deadline(1))
    assert len(sender.attempts) == 1
    assert sender.attempts[0][1] <= 1


def test_a_rest_that_fits_into_the_shutdown_is_kept() -> None:
    """The peer asked for less time than there is: it gets it, and the records."""
    sender = ScriptedSender(after(Answer("http_503", retry=True, retry_after=0.3), None))
    sent = put(pipeline(sender), "a")
    assert wait_until(lambda: sent.status()["thread_alive"])
    began = time.monotonic()
    assert sent.shutdown(deadline(30)).delivered == 1
    assert time.monotonic() - began >= 0.3


def test_a_batch_that_is_too_large_is_halved() -> None:
    """Until its parts are accepted; the order stays, and a record that is too large alone is `rejected`."""

    def answer(records: list[Any]) -> Answer | None:
        large = len(records) > 3 or "huge" in records
        return Answer("http_413", too_large=True) if large else None

    sender = ScriptedSender(answer)
    records = [0, 1, 2, 3, "huge", 5, 6, 7, 8, 9]
    sent = put(pipeline(sender), *records)
    result = sent.force_flush(deadline(10))
    assert (result.ok, result.error, result.delivered, result.dropped) == (False, "http_413", 9, 1)
    assert [each for part in sender.sent for each in part] == [each for each in records if each != "huge"]
    assert reasons(sent) == {"rejected": 1}
    assert sent.status()["state"] == "ok"
    sent.shutdown(deadline(5))


def test_records_that_cannot_be_encoded_do_not_take_others_with_them() -> None:
    """A bad record is dropped as such; its neighbours are sent, and the destination is not called failing."""
    sender = ScriptedSender(lambda records: "unencodable" if "bad" in records else None)
    sent = put(pipeline(sender), "good", "bad", "better")
    result = sent.force_flush(deadline(5))
    assert (result.ok, result.error, result.delivered, result.dropped) == (False, "unencodable", 2, 1)
    assert sender.sent == [["good", "better"]]
    assert put(sent, "bad").force_flush(deadline(5)).error == "unencodable"
    assert reasons(sent) == {"unencodable": 2}
    assert sent.status()["state"] == "ok"
    sent.shutdown(deadline(5))


def test_a_bad_record_that_the_sender_cannot_find_is_found_by_halving() -> None:
    """Whatever it is that no encoder takes, its neighbours arrive."""
    sender = ScriptedSender(lambda records: "unencodable" if 7 in records else None)
    sent = put(pipeline(sender), *range(20))
    assert sent.force_flush(deadline(5)).delivered == 19
    assert reasons(sent) == {"unencodable": 1}
    sent.shutdown(deadline(5))


def test_a_sender_that_raises_over_a_bad_record_loses_that_one() -> None:
    """An exception on the way is held against the record that is to blame, if there is one."""

    def answer(records: list[Any]) -> None:
        if "bad" in records:
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    sent = put(pipeline(ScriptedSender(answer)), "good", "bad")
    assert sent.force_flush(deadline(5)).delivered == 1
    assert reasons(sent) == {"unencodable": 1}
    sent.shutdown(deadline(5))


@pytest.mark.parametrize(("rejected", "expected"), [(2, 2), (500, 3), (-1, 0)])
def test_partial_success_is_counted(rejected: int, expected: int) -> None:
    """What the collector refused of a batch that it took is dropped; the number that it names is bounded."""
    sent = put(pipeline(ScriptedSender(Answer(rejected=rejected))), "a", "b", "c")
    result = sent.force_flush(deadline(5))
    assert (result.delivered, result.dropped) == (3 - expected, expected)
    assert (result.ok, result.error) == (expected == 0, "rejected" if expected else None)
    assert reasons(sent) == ({"rejected": expected} if expected else {})
    sent.shutdown(deadline(5))


def test_when_one_part_is_given_up_so_is_the_rest_of_the_batch() -> None:
    """A collector that goes away in the midst of a halved batch does not get the budget once per part."""

    def answer(records: list[Any]) -> Answer | str:
        return Answer("http_413", too_large=True) if len(records) > 2 else "connection_reset"

    sender = ScriptedSender(answer)
    sent = put(pipeline(sender), *range(8))
    assert sent.force_flush(deadline(10)).dropped == 8
    assert [len(records) for records, _ in sender.attempts] == [8, 4, 2]
    assert reasons(sent) == {"export_failed": 8}
    sent.shutdown(deadline(5))


def test_what_is_abandoned_is_accounted_for_once() -> None:
    """A sender that comes back after the shutdown gave it up delivers nothing in the books."""
    release = threading.Event()
    sent = put(pipeline(ScriptedSender(lambda _: None if release.wait(30) else "late")), *range(5))
    result = sent.shutdown(deadline(0.1))
    assert (result.ok, result.error, result.dropped) == (False, "timeout", 5)
    release.set()
    assert wait_until(lambda: not sent.status()["thread_alive"])
    time.sleep(0.1)
    counts = sent.status()["counts"]
    assert (counts["delivered"], counts["dropped"], counts["queued"]) == (0, 5, 0)
