"""Where every instrument of the provider reports: bounds, forks, callbacks, then the SDK's own consumer.

A signal handler or a finaliser may measure while its own thread is inside the SDK. There it would wait for
ever for a lock that this very thread holds, and with reentrant locks a sum would lose what came in between
(SDK 1.45). So one thread at a time enters the SDK, and nobody waits for it: what is measured meanwhile, in
whichever thread, is put down, and passed on in its order by the next one who enters.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import nullcontext
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.export.forks import once_per_process
from ameide_telemetry.metrics.bounds import Bounds
from ameide_telemetry.metrics.callbacks import Callbacks
from ameide_telemetry.metrics.points import encodable
from ameide_telemetry.metrics.said import Said
from ameide_telemetry.metrics.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["BoundedConsumer"]

_OBSERVE: Final = guard.site("metrics.observe")
_PASS_ON: Final = guard.site("metrics.pass_on")
_IN_CHILD: Final = guard.site("metrics.first_use_in_child")
_REBUILD: Final = guard.site("metrics.rebuild")
_DEFAULT_MILLIS: Final = 10_000.0
# In the SDK's collection only its own code runs: our own budget has been kept before. A time limit there
# would not end a callback, but throw away a whole collection (SDK 1.45).
_NO_LIMIT_MILLIS: Final = 1e9
# A thread that finds so many waiting waits too. One that has interrupted itself cannot.
_MOST_WAITING: Final = 1000
_MOST_WAITING_INTERRUPTED: Final = 10_000
# A measurement passes on so many others at most: its caller wants to go on, and a collection may wait.
_MOST_BY_ONE: Final = 100
# Many times what a turn takes on a busy machine.
_LONGEST_TURN_SECONDS: Final = 5.0
_SHORT_WAIT_SECONDS: Final = 0.01
_MOST_WAITS: Final = int(_LONGEST_TURN_SECONDS / _SHORT_WAIT_SECONDS)


class _BoundedInstrument:
    """An asynchronous instrument whose observations keep the bounds."""

    __slots__ = ("_consumer", "_instrument")

    def __init__(self, instrument: Any, consumer: BoundedConsumer) -> None:
        self._instrument = instrument
        self._consumer = consumer

    def callback(self, options: Any) -> Iterator[Any]:
        for measurement in self._instrument.callback(options):
            bounded = None
            with _OBSERVE:
                bounded = self._consumer.bounds.apply(measurement)
            if bounded is not None:
                yield bounded


class BoundedConsumer:
    """Stands before the SDK's measurement consumer; every instrument of the provider reports here.

    Args:
        inner: the provider's own consumer.
        on_first_use: called when a forked process measures for the first time.

    Attributes:
        bounds: in force now.
        callbacks: of the observable instruments.
        active: whether anybody reads; False lets measurements pass into nothing, at next to no cost.
        said: what has been said of the instruments.
    """

    def __init__(self, inner: Any, on_first_use: Callable[[], None]) -> None:
        self.bounds = Bounds(1)
        self.callbacks = Callbacks()
        self.active = False
        self.said = Said()
        self._readers = 0
        self._inner = _without_lock(inner)
        self._on_first_use = on_first_use
        self._instruments: list[_BoundedInstrument] = []
        self._collecting = threading.RLock()
        # Whose turn it is in the SDK, and what was measured meanwhile.
        self._turn = Turn()
        self._waiting: deque[Any] = deque()
        self._collector: int | None = None
        self._pid = os.getpid()
        self._forked = False

    def consume_measurement(self, measurement: Any) -> None:
        """Pass a measurement on, within the bounds. The instruments see to it that nothing is raised."""
        if not self.active:
            return
        if self._forked or self._pid != os.getpid():
            self._use_in_child()
        turn = self._turn
        ticket = turn.ticket()
        try:
            if turn.take(ticket) or not self._put_down(measurement, ticket):
                if self._waiting:
                    self._waiting.append(measurement)
                    self._catch_up(_MOST_BY_ONE)
                else:
                    self._inner.consume_measurement(self.bounds.apply(measurement))
        finally:
            turn.give_back(ticket)

    def register_asynchronous_instrument(self, instrument: Any) -> None:
        """Register an instrument whose callback is asked at collection."""
        bounded = _BoundedInstrument(instrument, self)
        self._instruments.append(bounded)
        self._inner.register_asynchronous_instrument(bounded)

    def collect(self, reader: Any, timeout_millis: float = _DEFAULT_MILLIS) -> Any:
        """Return what was measured, for one reader.

        The callbacks are asked before, within `timeout_millis` at most: whatever they do, no lock of the SDK
        is held meanwhile, so that they may create instruments and others may too. A collection in the midst
        of another one, in the same thread, gets nothing.
        """
        self.check_process()
        thread = get_ident()
        if self._turn.mine or thread == self._collector:
            guard.note("metrics.collection_nested")
            return None
        with self._collecting:
            try:
                self._collector = thread
                self.callbacks.ask(timeout_millis / 1000, may_start=not getattr(reader, "closing", False))
                return encodable(self._collected(reader))
            finally:
                self._collector = None

    def add_metric_reader(self, reader: Any) -> None:
        """Begin to keep measurements for a reader, ours or one that the service adds."""
        self._inner.add_metric_reader(reader)
        self._readers += 1
        self.active = True

    def remove_metric_reader(self, reader: Any) -> None:
        """Forget what was kept for a reader."""
        self._inner.remove_metric_reader(reader)
        self._readers -= 1
        self.active = self._readers > 0

    def after_fork(self, bounds: Bounds) -> None:
        """Start from zero in a forked child, with fresh locks.

        The parent's sums would be reported a second time by the child, and a lock that another thread of the
        parent held would hang the first measurement. The SDK does neither for us (1.45,
        opentelemetry-python#3307), so its consumer is replaced by a new one of the same kind.
        """
        self._pid = os.getpid()
        self._forked = True
        self._collecting = threading.RLock()
        self._turn, self._collector = Turn(), None
        self._waiting = deque()
        self.bounds = bounds
        self.callbacks.after_fork()
        with _REBUILD:
            readers = getattr(self._inner, "_reader_storages", None)
            config = getattr(self._inner, "_sdk_config", None)
            if readers is None or config is None:
                guard.note("metrics.state_inherited", "a forked process continues the sums of its parent")
                return
            fresh = type(self._inner)(sdk_config=config, metric_readers=tuple(readers))
            for instrument in self._instruments:
                fresh.register_asynchronous_instrument(instrument)
            self._inner = _without_lock(fresh)

    def _collected(self, reader: Any) -> Any:
        turn = self._turn
        ticket = turn.ticket()
        try:
            if not turn.wait(ticket, _LONGEST_TURN_SECONDS):
                # Whoever has it is gone: an exception of a signal handler may come where it is given back.
                guard.note("metrics.turn_abandoned")
                turn = self._turn = Turn()
                turn.take(ticket)
            self._catch_up(len(self._waiting))
            collected = self._inner.collect(reader, _NO_LIMIT_MILLIS)
            self._catch_up(len(self._waiting))
            return collected
        finally:
            turn.give_back(ticket)

    def _put_down(self, measurement: Any, ticket: list[int]) -> bool:
        """Leave a measurement to who enters next; where too many wait already, wait for room or for the turn.

        Returns:
            whether nothing is left to be done; else the turn has been taken.
        """
        waits = 0
        while len(self._waiting) >= _MOST_WAITING:
            interrupted = not waits and self._turn.mine
            if interrupted and len(self._waiting) < _MOST_WAITING_INTERRUPTED:
                break
            if interrupted or waits == _MOST_WAITS:
                guard.note("metrics.measurement_lost")
                return True
            if self._turn.wait(ticket, _SHORT_WAIT_SECONDS):
                return False
            waits += 1
        self._waiting.append(measurement)
        return True

    def _catch_up(self, most: int) -> None:
        """Pass on what waits, within a limit: of what is put down meanwhile there may be no end."""
        for _ in range(min(most, len(self._waiting))):
            with _PASS_ON:
                self._inner.consume_measurement(self.bounds.apply(self._waiting.popleft()))

    def check_process(self) -> None:
        """Begin anew if this process turns out to be a child of which no hook of Python's has learned."""
        if self._pid != os.getpid():
            self._use_in_child()

    def _use_in_child(self) -> None:
        # Behind Python's back (uWSGI) no fork hook has run: the callee looks at the process id.
        with once_per_process():
            if self._forked or self._pid != os.getpid():
                with _IN_CHILD:
                    self._on_first_use()
                self._pid = os.getpid()
                self._forked = False


def _without_lock(inner: Any) -> Any:
    """Return the SDK's consumer without the lock under which it collects, and registers instruments.

    One thread at a time collects here, and the list of the instruments may grow in the midst of it.
    """
    if hasattr(inner, "_lock"):
        inner._lock = nullcontext()  # noqa: SLF001 see above
    return inner
