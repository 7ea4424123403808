"""A pipeline of single records: a queue with bounds in count and bytes, which never blocks who puts."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.export.budget import ByteBudget
from ameide_telemetry.export.worker import Batch, Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.export.destination import Destination
    from ameide_telemetry.ledger import Signal, SignalLedger

__all__ = ["QueuePipeline"]

# Bytes of memory after which a batch ends: what is made of it on the way out is as large again.
_BATCH_BYTES: Final = 2 * 1024 * 1024


class QueuePipeline(Pipeline):
    """Spans or log records on their way out.

    A full queue drops what comes on top, so that what was accepted stays in order: `queue_full` by the
    count of records, `queue_bytes_full` by their bytes. Where threads put at the same moment, the count may
    be exceeded by as many records as there are threads; the bytes never are.

    Args:
        signal: `traces` or `logs`.
        ledger: the signal's balance.
        destination: where the records go.
        delay: longest wait before a batch that is not full is sent, in seconds.
        max_queue_size: records that wait at most.
        max_batch_size: records in one request at most; as many wake the worker.
        budget: bytes that all pipelines of the process share; None for one of its own.
    """

    def __init__(
        self,
        signal: Signal,
        *,
        ledger: SignalLedger,
        destination: Destination,
        delay: float,
        max_queue_size: int,
        max_batch_size: int,
        budget: ByteBudget | None = None,
    ) -> None:
        self._budget = ByteBudget() if budget is None else budget
        self._max_queue_size = max_queue_size
        self._max_batch_size = min(max_batch_size, max_queue_size)
        self._empty()
        super().__init__(signal, ledger=ledger, destination=destination, delay=delay)

    def _empty(self) -> None:
        self._queue: deque[tuple[Any, int]] = deque()
        self._taken = 0
        self._sending_bytes = 0
        # Bytes put since the last batch that was full of bytes, and whether there is such a batch.
        self._gathered = 0
        self._heavy = False

    def put(self, record: object, size: int = 0) -> None:
        """Take one record; it is sent later, or dropped and counted. Takes a microsecond or two.

        Takes no lock that the worker needs, and starts at most the worker: it may be called in a signal
        handler or a finalizer that interrupted another put.

        Args:
            record: a span or log record that is not changed any more.
            size: bytes of memory that it takes, estimated.
        """
        if self._pid != os.getpid():
            self.check_process()
        self._ledger.emit_one()
        queue = self._queue
        if self._closing:
            self._ledger.drop("after_shutdown")
        elif len(queue) >= self._max_queue_size:
            self._refuse("queue_full")
        elif size and not self._budget.take(size):
            self._refuse("queue_bytes_full")
        else:
            queue.append((record, size))
            self._gathered += size
            if self._gathered >= _BATCH_BYTES:
                self._gathered, self._heavy = 0, True
                self._work.ring()
            elif len(queue) >= self._max_batch_size:
                self._work.ring()
            if not self._thread.running:
                self._unattended()

    def _refuse(self, reason: str) -> None:
        self._ledger.drop(reason)
        self._outage.visit_for_worker()
        if not self._thread.running:
            self.start()

    def _unattended(self) -> None:
        """Start the worker for the record that was just put, or give up a record that came too late."""
        if not self._abandoned:
            self.start()
            return
        self._ledger.drop("after_shutdown", self._discard())

    def after_fork(self) -> None:
        """Begin anew in a forked child, with an empty queue and all the bytes."""
        self._empty()
        self._budget.after_fork()
        super().after_fork()

    def _position(self) -> int:
        return self._taken + len(self._queue)

    def _anything_waits(self) -> bool:
        return bool(self._queue)

    def _batches(self, *, everything: bool) -> Iterator[Batch]:
        while batch := self._take(everything=everything or bool(self._flushes)):
            yield batch

    def _take(self, *, everything: bool) -> Batch | None:
        heavy, self._heavy = self._heavy, False
        if not everything and not heavy and len(self._queue) < self._max_batch_size:
            return None
        with self._lock:
            if self._abandoned:
                return None
            records, size = self._taken_from_queue()
            self._inflight, self._sending_bytes = len(records), size
            self._taken += len(records)
            return Batch(records, len(records), self._taken, self._epoch) if records else None

    def _taken_from_queue(self) -> tuple[list[Any], int]:
        records: list[Any] = []
        size = 0
        while self._queue and len(records) < self._max_batch_size:
            if records and size + self._queue[0][1] > _BATCH_BYTES:
                self._heavy = True
                break
            record, bytes_of_it = self._queue.popleft()
            records.append(record)
            size += bytes_of_it
        return records, size

    def _release(self) -> None:
        self._budget.give(self._sending_bytes)
        self._sending_bytes = 0

    def _discard(self) -> int:
        count = 0
        # Another thread may do the same at this moment.
        with suppress(IndexError):
            while True:
                self._budget.give(self._queue.popleft()[1])
                count += 1
        return count
