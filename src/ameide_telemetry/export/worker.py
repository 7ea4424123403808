"""The thread behind a pipeline: one per signal, started by the first record, never on the exit path.

The SDK's own batch processor is not used: its `force_flush` ignores the timeout and reports success
regardless, and its `shutdown` waits up to 30 s per signal, one after another (SDK 1.45,
open-telemetry/opentelemetry-python#4568, #4555).
"""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from ameide_telemetry import guard
from ameide_telemetry.export.forks import watch_forks
from ameide_telemetry.export.outage import Outage
from ameide_telemetry.export.quiet import mute, quiet
from ameide_telemetry.export.results import SignalResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ameide_telemetry.export.destination import Destination, Sender
    from ameide_telemetry.ledger import Counts, Signal, SignalLedger

__all__ = ["Batch", "Flush", "Pipeline", "PipelineStatus"]

_SEND: Final = guard.site("export.send", foreign=True)
_CLOSE: Final = guard.site("export.close", foreign=True)
_WORK: Final = guard.site("export.work")


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


@dataclass(slots=True, eq=False)
class Flush:
    """A call that waits until everything up to a position was sent.

    Attributes:
        end: the position.
        before: the ledger's counts when the call began.
        done: set when the position was reached, or never will be.
        error: kind of the first failure on the way.
    """

    end: int
    before: Counts
    done: threading.Event
    error: str | None = None


class PipelineStatus(TypedDict):
    """What `status()` shows of one pipeline."""

    state: str
    exporter: str
    endpoint: str
    thread_alive: bool
    last_error: str | None
    counts: Counts


class Pipeline(ABC):
    """Sends one signal's records from a thread of its own, which starts when it is needed.

    Safe to share between threads. In a forked child it begins anew: fresh locks, nothing queued, counts
    at zero, a new connection, and a thread when the first record comes.

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
        self._sender: Sender | None = None
        self._overdue = False
        self._begin()
        watch_forks(self)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        # Kept, not used and not closed: to finalise an inherited gRPC channel can hang or crash the child.
        self._inherited, self._sender = self._sender, None
        self._flushes: list[Flush] = []
        self._inflight = 0
        self._sent = 0
        self._outage = Outage(f"{self.signal} to {self.destination}", self._ledger)

    # ------------------------------------------------------------------ what a kind of pipeline adds

    @abstractmethod
    def _position(self) -> int:
        """Return the position that a flush beginning now has to reach; called under the lock."""

    @abstractmethod
    def _batches(self, *, everything: bool) -> Iterator[Batch]:
        """Yield what is to be sent now, with `_inflight` set; `everything` also where a batch is not full."""

    @abstractmethod
    def _discard(self) -> int:
        """Forget what waits and return how many records that was; called under the lock."""

    # ------------------------------------------------------------------ flush

    def force_flush(self, deadline: float) -> SignalResult:
        """Send everything that waits now and say what became of it.

        Args:
            deadline: `time.monotonic()` value at which to return, whatever the collector does.

        Returns:
            ok when everything that waited was acknowledged in time. After `shutdown` it is not ok, with
            error `shutdown`: nothing can be delivered any more.
        """
        return self.end_flush(self.begin_flush(), deadline)

    def begin_flush(self) -> Flush:
        """Ask the worker to send what waits, without waiting for it."""
        self.check_process()
        before = self._ledger.counts()
        with self._lock:
            flush = Flush(self._position(), before, threading.Event())
            if self._closing:
                flush.error = "shutdown"
                flush.done.set()
            elif flush.end <= self._sent:
                flush.done.set()
            else:
                self._flushes.append(flush)
        if not flush.done.is_set():
            self.start()
            self._wake.set()
            if self._thread is None:
                flush.error = "thread_refused"
                flush.done.set()
        return flush

    def end_flush(self, flush: Flush, deadline: float) -> SignalResult:
        """Wait for what `begin_flush` asked, until `deadline` at most."""
        in_time = flush.done.wait(max(0.0, deadline - time.monotonic()))
        self._overdue = not in_time
        with self._lock:
            if flush in self._flushes:
                self._flushes.remove(flush)
        return self._result(flush.before, flush.error if in_time else flush.error or "timeout")

    # ------------------------------------------------------------------ shutdown

    def shutdown(self, deadline: float) -> SignalResult:
        """Send what waits, stop, and drop the rest as `shutdown`.

        Returns by `deadline` (`time.monotonic()`), also when an export hangs. What comes later is counted
        as dropped, `after_shutdown`. A second call does nothing and is ok.
        """
        before = self.begin_shutdown()
        return self.end_shutdown(before, deadline)

    def begin_shutdown(self) -> Counts:
        """Ask the worker to send what waits and to stop, without waiting for it."""
        self.check_process()
        before = self._ledger.counts()
        with self._lock:
            self._closing = True
        self._wake.set()
        return before

    def end_shutdown(self, before: Counts, deadline: float) -> SignalResult:
        """Wait for what `begin_shutdown` asked, until `deadline` at most, then give up what is left."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            self._ended.wait(max(0.0, deadline - time.monotonic()))
        rest = self._abandon()
        error = self._outage.last_error if self._outage.open else "timeout"
        if rest:
            self._ledger.drop("shutdown", rest)
            self._outage.failed(error or "timeout", rest)
        result = self._result(before, None)
        return result if not result.dropped else self._result(before, error or "timeout")

    def _abandon(self) -> int:
        """End this life of the pipeline; return how many records it had not sent."""
        with self._lock:
            self._epoch += 1
            rest = self._discard() + self._inflight
            self._inflight = 0
            sender, self._sender = self._sender, None
            for flush in self._flushes:
                flush.error = flush.error or "shutdown"
                flush.done.set()
            self._flushes.clear()
        if sender is not None:
            # Interrupts the retry sleep of an export that is under way.
            with _CLOSE:
                sender.close()
        return rest

    # ------------------------------------------------------------------ status

    def status(self) -> PipelineStatus:
        """Return a plain copy of how it is: never credentials, never text from the network."""
        thread = self._thread
        alive = thread is not None and thread.is_alive()
        # Within its own timeout an exporter retries and says nothing; a flush that had to give up does.
        failing = self._outage.open or self._overdue
        state = "stopped" if self._closing else "failing" if failing else "ok" if alive else "idle"
        return {
            "state": state,
            "exporter": self.destination.exporter,
            "endpoint": self.destination.endpoint,
            "thread_alive": alive,
            "last_error": "timeout" if self._overdue else self._outage.last_error,
            "counts": self._ledger.counts(),
        }

    # ------------------------------------------------------------------ thread

    def start(self) -> None:
        """Start the worker unless it runs; a worker that died is replaced."""
        with self._lock:
            if self._closing or (self._thread is not None and self._thread.is_alive()):
                return
            thread = threading.Thread(
                target=self._run, args=(self._epoch,), name=f"ameide-telemetry-{self.signal}", daemon=True
            )
            self._thread = thread
            self._ended.clear()
            try:
                thread.start()
            except RuntimeError:
                # Python 3.12 and later refuse new threads at interpreter exit (python/cpython#104690).
                self._thread = None
                guard.note("export.thread_refused")

    def check_process(self) -> None:
        """Begin anew if the process was forked behind Python's back, as uWSGI does."""
        if self._pid != os.getpid():
            self.after_fork()

    def after_fork(self) -> None:
        """Begin anew in a forked child: the parent's records, counts and connection are the parent's."""
        self._epoch += 1
        self._begin()
        self._discard()
        self._ledger.reset()

    def _run(self, epoch: int) -> None:
        with quiet(), _WORK:
            try:
                while epoch == self._epoch:
                    timed_out = not self._wake.wait(self._delay)
                    self._wake.clear()
                    last = self._closing
                    self._send_all(everything=timed_out or last or bool(self._flushes))
                    if last:
                        return
            finally:
                if epoch == self._epoch:
                    self._ended.set()

    def _send_all(self, *, everything: bool) -> None:
        for batch in self._batches(everything=everything):
            delivered = self._send(batch)
            if self._closing and not delivered:
                # A collector that is away does not get the exit budget once per batch.
                return

    def _send(self, batch: Batch) -> bool:
        error: str | None = "aborted"
        refused = 0
        try:
            error = self._attempt(batch.epoch, batch.records)
            if error is not None:
                bad = self._unsendable(batch.records)
                refused = len(bad)
                if bad:
                    good = [record for position, record in enumerate(batch.records) if position not in bad]
                    error = self._attempt(batch.epoch, good) if good else None
        finally:
            self._settle(batch, error, refused)
        return error is None

    def _attempt(self, epoch: int, records: Any) -> str | None:
        error: str | None = None
        with _SEND:
            try:
                error = self._connected(epoch).send(records)
            except BaseException as problem:
                error = type(problem).__name__
                raise
        return error

    def _unsendable(self, records: Any) -> Collection[int]:
        sender = self._sender
        if sender is not None:
            with _SEND:
                return sender.unsendable(records)
        return ()

    def _connected(self, epoch: int) -> Sender:
        sender = self._sender
        if sender is None:
            mute()
            sender = self.destination.connect()
            with self._lock:
                if epoch == self._epoch:
                    self._sender = sender
        return sender

    def _settle(self, batch: Batch, error: str | None, refused: int = 0, *, connected: bool = True) -> None:
        """Account for a batch, unless a fork or an abort has done so already."""
        flush_error = error or ("unencodable" if refused else None)
        with self._lock:
            if batch.epoch != self._epoch:
                return
            start, self._sent = self._sent, batch.end
            self._inflight = 0
            self._ledger.drop("unencodable", refused)
            if error is None:
                self._ledger.deliver(batch.count - refused)
            else:
                self._ledger.drop("export_failed", batch.count - refused)
            reached = [flush for flush in self._flushes if batch.end >= flush.end]
            for flush in self._flushes:
                if flush_error is not None and start < flush.end:
                    flush.error = flush.error or flush_error
        if error is not None:
            self._outage.failed(error, batch.count)
        elif connected:
            self._overdue = False
            self._outage.worked()
        for flush in reached:
            flush.done.set()

    def _result(self, before: Counts, error: str | None) -> SignalResult:
        after = self._ledger.counts()
        return SignalResult(
            ok=error is None,
            delivered=after["delivered"] - before["delivered"],
            queued=after["queued"],
            dropped=after["dropped"] - before["dropped"],
            error=error,
        )
