"""What is said while records of one signal are lost: a line a minute at most, and one when it is over."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from ameide_telemetry.export.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.ledger import SignalLedger

__all__ = ["Outage"]

# Seconds between two warnings about one signal.
_EVERY: Final = 60.0
# Without news from the worker for so long, whoever drops a record says so: more than a send should take.
_SILENT: Final = 45.0
_logger = logging.getLogger("ameide_telemetry")


class Outage:
    """Whether one signal's records are lost at the moment, and what was said about it.

    Lines are written by the worker thread. It comes by after each attempt to send, and an attempt has a time
    limit; but what no limit can end, such as looking up a host name, must not make the losses silent.
    Then a thread that drops a record writes the line. It holds no lock of ours there, and what its own
    line makes it drop is not said from inside the line.

    Attributes:
        last_error: kind of the last failure, such as `http_503` or `connection_refused`; None before any.
        open: whether the last attempt to send failed.
    """

    def __init__(self, target: str, ledger: SignalLedger) -> None:
        self.last_error: str | None = None
        self.open = False
        self._target = target
        self._ledger = ledger
        # Whether it was more than one attempt that failed, and so is worth a line.
        self._certain = False
        # What was lost when the last line was written, and before the trouble began.
        self._said: Mapping[str, int] = {}
        self._before = 0
        # Whether trouble was said, and that it was a failure, without its end.
        self._told = False
        self._told_failing = False
        self._next_line = 0.0
        self._last_visit = time.monotonic()
        self._speaking = threading.Lock()

    def attempt_failed(self, kind: str) -> None:
        """Note an attempt that failed. What the next one makes good is not said."""
        self._note(kind, certain=self.open)

    def gave_up(self, kind: str) -> None:
        """Note that records were given up after the last attempt."""
        self._note(kind, certain=True)

    def worked(self) -> None:
        """Note that records were taken."""
        self.open = self._certain = False

    def visit(self) -> None:
        """Write what is due; for the worker, which comes by whenever it has noted something."""
        self._last_visit = time.monotonic()
        self._speak()

    def visit_for_worker(self) -> None:
        """Write what is due if the worker should have long ago; for a thread that has dropped a record."""
        if time.monotonic() > self._last_visit + _SILENT:
            self._speak()

    def finish(self) -> None:
        """Write what was not said yet, whenever the last line was: nobody will come by again."""
        self._next_line = 0.0
        self.visit()

    def _note(self, kind: str, *, certain: bool) -> None:
        self.last_error = kind
        self._certain = self._certain or certain
        if not self.open:
            self.open = True
            self._before = self._before if self._told else sum(self._said.values())

    def _speak(self) -> None:
        # One at a time, and nobody waits for the other or for themselves.
        if self._speaking.acquire(blocking=False):
            try:
                # Not only workers come here, and who reports a loss must not cause another one.
                with quiet():
                    self._say_what_is_due()
            finally:
                self._speaking.release()

    def _say_what_is_due(self) -> None:
        if self._told_failing and not self.open:
            self._say_recovery()
        if time.monotonic() < self._next_line:
            return
        lost = self._ledger.dropped_by_reason()
        if lost != self._said or (self._certain and not self._told_failing):
            self._say_trouble(lost)
        elif self._told and not self.open:
            self._say_recovery()

    def _say_trouble(self, lost: Mapping[str, int]) -> None:
        news = {reason: count - self._said.get(reason, 0) for reason, count in lost.items()}
        figures = ", ".join(f"{count} {reason}" for reason, count in news.items() if count)
        if not self._told:
            self._before = sum(self._said.values())
        self._said, self._told, self._told_failing = lost, True, self.open
        self._next_line = time.monotonic() + _EVERY
        failure = f"export of {self._target} fails: {self.last_error}"
        _logger.warning(
            "telemetry %s; the service is unaffected, lost records are counted%s",
            failure if self.open else f"of {self._target} is lost",
            f": {figures}; {self._ledger.counts()['queued']} queued" if figures else "",
        )

    def _say_recovery(self) -> None:
        failed = self._told_failing
        counts = self._ledger.counts()
        self._said, self._told, self._told_failing = counts["dropped_by_reason"], False, False
        _logger.info(
            "telemetry %s: %d delivered, %d dropped during the outage, %d queued",
            f"export of {self._target} works again" if failed else f"of {self._target} is no longer lost",
            counts["delivered"],
            counts["dropped"] - self._before,
            counts["queued"],
        )
