"""Brings batches to the destination: attempts, pauses between them, and smaller parts where that helps."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from ameide_telemetry import guard
from ameide_telemetry.export.destination import UNENCODABLE, Answer
from ameide_telemetry.export.forks import without_forks
from ameide_telemetry.export.quiet import mute
from ameide_telemetry.export.retries import Retries, rest_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ameide_telemetry.export.destination import Destination, Sender
    from ameide_telemetry.export.portions import Portions

__all__ = ["Courier", "Delivery", "Employer"]

_SEND: Final = guard.site("export.send", foreign=True, thread=True)
# Not of a thread: a signal handler that ends the process may interrupt it, and must be heard.
_CLOSE: Final = guard.site("export.close", foreign=True)
_ENDED: Final = Answer("shutdown")
_OUT_OF_TIME: Final = Answer("timeout")
# Of the process and of the machine. They may be free again soon.
_NO_DESCRIPTORS: Final = Answer("no_descriptors", retry=True)
_WITHOUT_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})


class Employer(Protocol):
    """What a courier asks and tells its pipeline, always on the worker thread.

    Attributes:
        close_by: `time.monotonic()` value by which the process wants to be gone; None while it goes on.
        failing: whether sending failed before the end of the process began.
    """

    @property
    def close_by(self) -> float | None:
        """See above."""
        ...

    @property
    def failing(self) -> bool:
        """See above."""
        ...

    def pause(self, until: float, *, firm: bool) -> None:
        """Wait. The beginning of the end is a reason not to go on waiting, a flush is one unless `firm`."""
        ...

    def attempt_failed(self, kind: str) -> None:
        """Note that the destination did not take records, which may be tried again."""
        ...


@dataclass(slots=True)
class Delivery:
    """What became of a batch.

    Attributes:
        account: called with a count and None for what was delivered, else the reason of the drop.
        error: kind of the first failure; None when every record was acknowledged.
        reached: whether the destination took any request.
        gave_up: kind of the failure after which records were given up, unless it was for the records' sake.
    """

    account: Callable[[int, str | None], None]
    error: str | None = None
    reached: bool = False
    gave_up: str | None = None


class Courier:
    """The way to a destination, for one life of a pipeline. Used on the worker thread, except for `close`.

    Args:
        destination: where to.
        portions: how batches are made smaller.
        employer: the pipeline.
    """

    def __init__(self, destination: Destination, portions: Portions, employer: Employer) -> None:
        self._destination = destination
        self._portions = portions
        self._employer = employer
        self._sender: Sender | None = None
        self._closed = False
        self._rest_until = 0.0
        self._refusal: str | None = None

    def close(self) -> None:
        """Interrupt an attempt and make no other; may be called from any thread."""
        self._closed = True
        sender, self._sender = self._sender, None
        if sender is not None:
            with _CLOSE:
                sender.close()

    def deliver(self, records: Any, account: Callable[[int, str | None], None]) -> Delivery:
        """Send a batch, in parts if need be, and account for every record of it.

        Args:
            records: the batch.
            account: see `Delivery`.
        """
        delivery = Delivery(account)
        # The peer's wish holds for all batches, and is not a part of what one of them may take.
        if not self._rest(self._rest_until):
            delivery.gave_up = self._refusal
        until = time.monotonic() + self._destination.budget
        parts = [records]
        while parts:
            part = parts.pop()
            answer = Answer(delivery.gave_up) if delivery.gave_up else self._persist(part, until)
            smaller = self._smaller(part, answer, delivery)
            if smaller is None:
                self._settle(part, answer, delivery)
            else:
                parts.extend(reversed(smaller))
        return delivery

    # ------------------------------------------------------------------ what an answer means for the records

    def _smaller(self, part: Any, answer: Answer, delivery: Delivery) -> Sequence[Any] | None:
        """Return what to send instead of a part that cannot be sent as it is; None to leave it at that."""
        if not _for_its_own_sake(answer):
            return None
        bad = self._unsendable(part) if answer.error == UNENCODABLE else ()
        if not bad:
            return self._portions.halves(part) or None
        good = self._portions.without(part, bad)
        rest = self._portions.count(good)
        delivery.error = delivery.error or UNENCODABLE
        delivery.account(self._portions.count(part) - rest, UNENCODABLE)
        return [good] if rest else []

    def _settle(self, part: Any, answer: Answer, delivery: Delivery) -> None:
        """Account for a part that is not sent again."""
        count = self._portions.count(part)
        rejected = max(0, min(answer.rejected, count))
        delivery.error = delivery.error or answer.error or ("rejected" if rejected else None)
        if answer.error is None:
            delivery.account(rejected, "rejected")
            delivery.account(count - rejected, None)
            delivery.reached = True
        elif _for_its_own_sake(answer):
            delivery.account(count, UNENCODABLE if answer.error == UNENCODABLE else "rejected")
        else:
            delivery.gave_up = answer.error
            delivery.account(count, "export_failed")

    # ------------------------------------------------------------------ attempts

    def _persist(self, part: Any, until: float) -> Answer:
        """Attempt until there is an answer that another attempt would not change, or no time for one."""
        retries = Retries()
        while True:
            answer = self._attempt(part, until)
            if answer.error is None or _for_its_own_sake(answer) or self._closed:
                return answer
            resume = self._next(retries, answer, until)
            self._employer.attempt_failed(answer.error)
            if resume is None or not self._rest(resume, firm=self._rest_until > 0):
                return answer

    def _next(self, retries: Retries, answer: Answer, until: float) -> float | None:
        """Return the time of the next attempt; None to give up."""
        now, close_by = time.monotonic(), self._employer.close_by
        self._rest_until, self._refusal = rest_until(answer, now) or 0.0, answer.error
        if close_by is None:
            return retries.resume_at(answer, now, until)
        retries.hurry()
        return None if self._employer.failing else retries.resume_at(answer, now, min(until, close_by))

    def _rest(self, until: float, *, firm: bool = True) -> bool:
        """Wait for the time of an attempt; return whether it is to be made."""
        if until > time.monotonic():
            self._employer.pause(until, firm=firm)
            close_by = self._employer.close_by
            if close_by is not None and firm and time.monotonic() < until:
                # The end has begun: wait for the peer only if there is time for an attempt afterwards.
                if until >= close_by:
                    return False
                self._employer.pause(until, firm=True)
        return not self._closed

    def _attempt(self, part: Any, until: float) -> Answer:
        if self._closed:
            return _ENDED
        now = time.monotonic()
        deadline = min(until, now + self._destination.timeout, self._employer.close_by or until)
        if deadline <= now:
            return _OUT_OF_TIME
        answer = _OUT_OF_TIME
        with _SEND:
            try:
                answer = self._connected().send(part, deadline)
            except BaseException as problem:
                answer = self._blamed(part, problem)
                raise
        return answer

    def _blamed(self, part: Any, problem: BaseException) -> Answer:
        if isinstance(problem, OSError) and problem.errno in _WITHOUT_DESCRIPTORS:
            # Every module that the first attempt imports takes one for a moment.
            return _NO_DESCRIPTORS
        # It may be a record's fault, so the records are looked at.
        bad = self._unsendable(part)
        return Answer(type(problem).__name__ if bad == () else UNENCODABLE)

    def _unsendable(self, part: Any) -> tuple[int, ...] | None:
        """Return the positions of bad records; None when even the question cannot be asked for this part."""
        sender = self._sender
        if sender is None:
            return ()
        with _SEND:
            return tuple(sender.unsendable(part))
        return None

    def _connected(self) -> Sender:
        sender = self._sender
        if sender is None:
            mute()
            with without_forks():
                sender = self._destination.connect()
            self._sender = sender
            if self._closed:
                # Closed meanwhile, by a thread that found nothing to close.
                self.close()
        return sender


def _for_its_own_sake(answer: Answer) -> bool:
    """Return whether the records are refused for what they are, while the destination is well."""
    return answer.too_large or answer.error == UNENCODABLE
