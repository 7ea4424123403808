"""The thread behind a pipeline: one per signal, started by the first record, never on the exit path.

The SDK's own batch processor is not used: its `force_flush` ignores the timeout and reports success
regardless, and its `shutdown` waits up to 30 s per signal, one after another (SDK 1.45,
open-telemetry/opentelemetry-python#4568, #4555).
"""

from __future__ import annotations

import math
import os
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.export.courier import Courier, Delivery
from ameide_telemetry.export.flushes import Flush, Flushes
from ameide_telemetry.export.forks import once_per_process, watch_forks
from ameide_telemetry.export.outage import Outage
from ameide_telemetry.export.portions import portions_of
from ameide_telemetry.export.quiet import quiet
from ameide_telemetry.export.results import SignalResult
from ameide_telemetry.export.thread import WorkerThread
from ameide_telemetry.export.wake import Bell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.export.destination import Destination
    from ameide_telemetry.export.results import PipelineStatus
    from ameide_telemetry.ledger import Counts, Signal, SignalLedger

__all__ = ["Batch", "Pipeline"]

_WORK: Final = guard.site("export.work", thread=True)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records on their way.

    Attributes:
        records: what the sender gets: a list of spans or log records, or one collection of metrics.
        count: how many records that is in the ledger's terms.
        end: position after the last of them, in the order of acceptance.
        epoch: the life of the pipeline that it belongs to; a fork or an abort begins a new one.
    """

    records: Any
    count: int
    end: int
    epoch: int


class Pipeline(ABC):
    """Sends one signal's records from a thread of its own, which starts when it is needed.

    Safe to share between threads. In a forked child it begins anew: fresh locks, nothing queued, counts
    at zero, a new connection, and a thread when the first record comes. A signal handler may put, flush and
    shut down: the one lock is reentrant, and it is never held where records are put or a flush is asked for.

    Args:
        signal: whose records these are.
        ledger: the signal's balance.
        destination: where they go.
        delay: longest wait before what is there gets sent, in seconds.
    """

    def __init__(
        self, signal: Signal, *, ledger: SignalLedger, destination: Destination, delay: float
    ) -> None:
        self.signal: Signal = signal
        self.destination = destination
        self._ledger = ledger
        self._delay = delay
        self._epoch = 0
        self._closing = False
        self._close_by = math.inf
        self._was_failing = False
        self._abandoned = False
        # Kept, not used and not closed: to finalise an inherited gRPC channel can hang or crash the child.
        self._inherited: list[Courier] = []
        self._begin()
        self._pid = os.getpid()
        watch_forks(self)

    def _begin(self) -> None:
        # Guards what is on its way, between the worker and a shutdown that gives it up.
        self._lock = threading.RLock()
        work = partial(self._run, self._epoch)
        self._thread = WorkerThread(f"ameide-telemetry-{self.signal}", work, again=self.start)
        self._work, self._urgent = Bell(), Bell()
        self._flushes = Flushes()
        self._inflight = 0
        self._sent = 0
        self._overdue = False
        self._outage = Outage(f"{self.signal} to {self.destination}", self._ledger)
        self._courier = Courier(self.destination, portions_of(self.signal), self)

    # ------------------------------------------------------------------ what a kind of pipeline adds

    @abstractmethod
    def _position(self) -> int:
        """Return the position that a flush beginning now has to reach; called on the worker thread."""

    @abstractmethod
    def _batches(self, *, everything: bool) -> Iterator[Batch]:
        """Yield what is to be sent now, with `_inflight` set; `everything` also where a batch is not full."""

    @abstractmethod
    def _discard(self) -> int:
        """Forget what waits and return how many records that was."""

    def _anything_waits(self) -> bool:
        """Return whether a flush would find something to send; asked while there is no worker."""
        return True

    def _release(self) -> None:  # noqa: B027 most kinds hold nothing
        """Give back what is held for a batch on its way that has come to its end; called under the lock."""

    # ------------------------------------------------------------------ flush

    def force_flush(self, deadline: float) -> SignalResult:
        """Send everything that waits now and say what became of it.

        Args:
            deadline: `time.monotonic()` value at which to return, whatever the collector does.

        Returns:
            ok when everything that waited was acknowledged in time, also while a shutdown is under way. After
            it, the result is not ok, with error `shutdown`: nothing can be delivered any more.
        """
        return self.end_flush(self.begin_flush(), deadline)

    def begin_flush(self) -> Flush:
        """Ask the worker to send what waits, without waiting for it; starts the worker if there is none."""
        self.check_process()
        if self._anything_waits():
            self.start()
        return self.request_flush()

    def request_flush(self) -> Flush:
        """Ask the worker, if there is one, to send what waits. Takes no lock and starts no thread.

        For a signal handler: `done.is_set()` of the result tells when it is over, `end_flush` the outcome.
        """
        self.check_process()
        flush = Flush(self._ledger.counts())
        # While a shutdown is under way the worker still sends, and who ends the process may wait for that.
        self._flushes.ask(flush)
        self._ring()
        # Asked first, looked at then: what ends the worker in between finds the flush and finishes it.
        if self._abandoned:
            flush.finish("shutdown")
        elif not self._thread.running:
            flush.finish(self._unattended_error())
        return flush

    def _unattended_error(self) -> str | None:
        """Return what a flush without a worker is told, which for the last of them may have been enough."""
        if not self._closing:
            return "thread_refused" if self._anything_waits() else None
        if self._outage.open:
            return self._cause()
        return "shutdown" if self._ledger.counts()["queued"] else None

    def end_flush(self, flush: Flush, deadline: float) -> SignalResult:
        """Wait for what `begin_flush` asked, until `deadline` at most."""
        in_time = flush.done.wait(deadline - time.monotonic())
        self._overdue = not in_time
        return self._result(flush.before, flush.error if in_time else flush.error or self._cause())

    def _cause(self) -> str:
        """Return why something took too long, if that is known."""
        return (self._outage.last_error if self._outage.open else None) or "timeout"

    def _ring(self) -> None:
        self._work.ring()
        self._urgent.ring()

    # ------------------------------------------------------------------ shutdown

    def shutdown(self, deadline: float) -> SignalResult:
        """Send what waits, stop, and drop the rest as `shutdown`.

        Returns by `deadline` (`time.monotonic()`), also when an export hangs. What comes later is counted
        as dropped, `after_shutdown`. A second call does nothing and is ok.
        """
        return self.end_shutdown(self.begin_shutdown(deadline), deadline)

    def begin_shutdown(self, deadline: float) -> Counts:
        """Ask the worker to send what waits by `deadline` and to stop, without waiting for it."""
        self.check_process()
        before = self._ledger.counts()
        self._was_failing = self._outage.open
        self._close_by = deadline
        self._closing = True
        self._ring()
        return before

    def end_shutdown(self, before: Counts, deadline: float) -> SignalResult:
        """Wait for what `begin_shutdown` asked, until `deadline` at most, then give up what is left."""
        self.check_process()
        self._thread.join(deadline - time.monotonic())
        rest = self._abandon()
        error = self._cause()
        if rest:
            self._ledger.drop("shutdown", rest)
            self._outage.gave_up(error)
        self._outage.finish()
        result = self._result(before, None)
        return result if not result.dropped else self._result(before, error)

    def _abandon(self) -> int:
        """End this life of the pipeline; return how many records it had not sent."""
        with self._lock:
            self._epoch += 1
            # Before the queue is emptied: who puts a record after that sees these, and removes it again.
            self._abandoned, self._thread.running = True, False
            rest = self._discard() + self._inflight
            self._inflight = 0
            self._release()
            self._flushes.release(self._unattended_error())
        # Interrupts an export that is under way.
        self._courier.close()
        return rest

    # ------------------------------------------------------------------ status

    def status(self) -> PipelineStatus:
        """Return a plain copy of how it is: never credentials, never text from the network."""
        self.check_process()
        alive, died = self._thread.alive, self._thread.died and not self._closing
        return {
            "state": self._state(alive=alive, died=died),
            "exporter": self.destination.exporter,
            "endpoint": self.destination.endpoint,
            "thread_alive": alive,
            "restarts": self._thread.restarts,
            "last_error": "worker_died" if died else self._last_error(),
            "counts": self._ledger.counts(),
        }

    def _last_error(self) -> str | None:
        return self._cause() if self._overdue else self._outage.last_error

    def _state(self, *, alive: bool, died: bool) -> str:
        if self._closing:
            return "stopped"
        if self._outage.open or self._overdue or died:
            return "failing"
        return "ok" if alive else "idle"

    # ------------------------------------------------------------------ thread

    def start(self) -> None:
        """Start the worker unless it runs; a worker that died is replaced. Never once a shutdown began."""
        self.check_process()
        if not self._closing:
            self._thread.start()

    def check_process(self) -> None:
        """Begin anew if the process was forked behind Python's back, as uWSGI does."""
        if self._pid != os.getpid():
            with once_per_process():
                if self._pid != os.getpid():
                    self.after_fork()

    def after_fork(self) -> None:
        """Begin anew in a forked child: the parent's records, counts and connection are the parent's."""
        self._epoch += 1
        self._inherited.append(self._courier)
        self._ledger.reset()
        self._begin()
        self._discard()
        # Last: another thread of the child goes on when it sees this.
        self._pid = os.getpid()

    def _run(self, epoch: int) -> None:
        last = False
        self._work.pass_on()
        self._urgent.pass_on()
        with quiet():
            while epoch == self._epoch and not last:
                timed_out = not self._work.wait(self._delay)
                last = self._closing
                with _WORK:
                    self._work_off(everything=timed_out or last)

    def _work_off(self, *, everything: bool) -> None:
        completed = False
        try:
            self._hear()
            self._send_all(everything=everything or bool(self._flushes))
            with self._lock:
                # Those who came when everything was sent already.
                self._flushes.reach(self._sent, self._sent, None)
            self._outage.visit()
            completed = True
        finally:
            if not completed:
                self._flushes.release("aborted")

    def _hear(self) -> bool:
        with self._lock:
            return self._flushes.hear(self._position)

    def _send_all(self, *, everything: bool) -> None:
        for batch in self._batches(everything=everything):
            if self._send(batch) and self._closing:
                # A collector that is away does not get the exit budget once per batch.
                return

    def _send(self, batch: Batch) -> bool:
        """Bring a batch to its end; return whether its records had to be given up."""
        delivery = Delivery(partial(self._account, batch), error="aborted", gave_up="aborted")
        try:
            delivery = self._courier.deliver(batch.records, delivery.account)
        finally:
            self._settle(batch, delivery.error, gave_up=delivery.gave_up, connected=delivery.reached)
        return delivery.gave_up is not None

    def _account(self, batch: Batch, count: int, reason: str | None) -> None:
        """Count records of a batch, unless a fork or a shutdown has done so already."""
        with self._lock:
            if batch.epoch != self._epoch:
                return
            self._inflight -= count
            if reason is None:
                self._ledger.deliver(count)
            else:
                self._ledger.drop(reason, count)

    def _settle(
        self, batch: Batch, error: str | None, *, gave_up: str | None = None, connected: bool = True
    ) -> None:
        """Finish a batch and the flushes that waited for it, unless a fork or a shutdown has done so.

        Args:
            batch: it; what nobody has accounted for is counted as failed.
            error: what the flushes are told.
            gave_up: why records were given up, unless it was for their own sake.
            connected: whether the destination took anything.
        """
        with self._lock:
            if batch.epoch != self._epoch:
                return
            self._account(batch, self._inflight, "export_failed")
            self._release()
            self._hear()
            start, self._sent = self._sent, batch.end
            if gave_up is not None:
                self._outage.gave_up(gave_up)
            elif connected:
                self._overdue = False
                self._outage.worked()
            self._flushes.reach(start, batch.end, error)
        # Only now, because to write a line may take its time.
        self._outage.visit()

    def _result(self, before: Counts, error: str | None) -> SignalResult:
        after = self._ledger.counts()
        return SignalResult(
            ok=error is None,
            delivered=after["delivered"] - before["delivered"],
            queued=after["queued"],
            dropped=after["dropped"] - before["dropped"],
            error=error,
        )

    # ------------------------------------------------------------------ what the courier asks and tells

    @property
    def close_by(self) -> float | None:
        """When the process wants to be gone, as `time.monotonic()`; None while it goes on."""
        return self._close_by if self._closing else None

    @property
    def failing(self) -> bool:
        """Whether sending failed already when the shutdown began."""
        return self._was_failing

    def pause(self, until: float, *, firm: bool) -> None:
        """Wait on the worker thread: until a time, the beginning of a shutdown or, unless `firm`, a flush."""
        closing, epoch = self._closing, self._epoch
        while (left := until - time.monotonic()) > 0 and epoch == self._epoch and closing == self._closing:
            self._urgent.wait(left)
            if self._hear() and not firm:
                return

    def attempt_failed(self, kind: str) -> None:
        """Note that the destination did not take records."""
        self._outage.attempt_failed(kind)
        self._outage.visit()
