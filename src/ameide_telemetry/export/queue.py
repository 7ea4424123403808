"""A pipeline of single records: a bounded queue that never blocks the thread that puts."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Any

from ameide_telemetry import guard
from ameide_telemetry.export.worker import Batch, Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.export.destination import Destination
    from ameide_telemetry.ledger import Signal, SignalLedger

__all__ = ["QueuePipeline"]


class QueuePipeline(Pipeline):
    """Spans or log records on their way out.

    A full queue drops what comes on top (`queue_full`), so that what was accepted stays in order.

    Args:
        signal: `traces` or `logs`.
        ledger: the signal's balance.
        destination: where the records go.
        delay: longest wait before a batch that is not full is sent, in seconds.
        max_queue_size: records that wait at most.
        max_batch_size: records in one request at most; as many wake the worker.
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
    ) -> None:
        self._queue: deque[Any] = deque()
        self._accepted = 0
        self._max_queue_size = max_queue_size
        self._max_batch_size = min(max_batch_size, max_queue_size)
        super().__init__(signal, ledger=ledger, destination=destination, delay=delay)

    def put(self, record: object) -> None:
        """Take one record; it is sent later, or dropped and counted. Takes a microsecond or two."""
        if self._pid != os.getpid():
            self.after_fork()
        self._ledger.emit()
        with self._lock:
            refused = self._refusal()
            if refused is None:
                self._queue.append(record)
                self._accepted += 1
            waiting = len(self._queue)
        if refused is not None:
            self._refuse(refused)
        elif waiting % self._max_batch_size == 0:
            self.start()
            self._wake.set()
        elif self._thread is None:
            self.start()

    def _refusal(self) -> str | None:
        if self._closing:
            return "after_shutdown"
        return "queue_full" if len(self._queue) >= self._max_queue_size else None

    def _refuse(self, reason: str) -> None:
        self._ledger.drop(reason)
        if reason == "queue_full":
            guard.note(
                f"export.{self.signal}_queue_full",
                f"telemetry queue of {self.signal} is full: records are dropped and counted",
            )

    def _position(self) -> int:
        return self._accepted

    def _batches(self, *, everything: bool) -> Iterator[Batch]:
        while batch := self._take(everything=everything or bool(self._flushes)):
            yield batch

    def _take(self, *, everything: bool) -> Batch | None:
        with self._lock:
            count = min(len(self._queue), self._max_batch_size)
            if not count or (count < self._max_batch_size and not everything):
                return None
            records = [self._queue.popleft() for _ in range(count)]
            self._inflight = count
            return Batch(records, count, self._sent + count, self._epoch)

    def _discard(self) -> int:
        rest = len(self._queue)
        self._queue.clear()
        self._accepted = self._sent
        return rest
