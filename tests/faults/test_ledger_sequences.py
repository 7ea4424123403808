"""Whatever happens in whatever order, the books are right: every record is somewhere, and only once."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ameide_telemetry.export import retries
from ameide_telemetry.export.budget import ByteBudget
from ameide_telemetry.export.destination import UNENCODABLE, Answer
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.export.together import flush_all, shutdown_all
from ameide_telemetry.ledger import SignalLedger
from support.pipelines import scripted, wait_until

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ameide_telemetry.ledger import Signal

SIGNALS: Final[tuple[Signal, ...]] = ("traces", "logs")
ANSWERS: Final = {
    "refused": Answer("connection_refused", retry=True),
    "503": Answer("http_503", retry=True),
    "429": Answer("http_429", retry=True, retry_after=0.02),
    "400": Answer("http_400"),
    "odd": Answer("http_503", retry=True, retry_after=float("nan"), rejected=7),
}
MODES: Final = ("ok", "picky", "small", "hangs", "raises", "exits", *ANSWERS)
LIMIT: Final = 2000
Record = tuple[int, str]


class Collector:
    """Takes records as its mode says; knows which ones it acknowledged and which of those it refused."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.taken: list[Record] = []
        self.refused: list[Record] = []
        self._changed = threading.Condition()

    def switch(self, mode: str) -> None:
        with self._changed:
            self.mode = mode
            self._changed.notify_all()

    def send(self, records: Sequence[Record], deadline: float) -> Answer:
        if any(kind == "bad" for _, kind in records):
            return Answer(UNENCODABLE)
        answer = ANSWERS.get(self.mode)
        return getattr(self, f"_{self.mode}")(records, deadline) if answer is None else answer

    def unsendable(self, records: Sequence[Record]) -> Collection[int]:
        return [position for position, (_, kind) in enumerate(records) if kind == "bad"]

    def close(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _ok(self, records: Sequence[Record], _: float) -> Answer:
        self.taken.extend(records)
        return Answer()

    def _picky(self, records: Sequence[Record], _: float) -> Answer:
        """Refuse every third record, in a partial success."""
        refused = [record for record in records if record[0] % 3 == 0]
        self.refused.extend(refused)
        self.taken.extend(record for record in records if record[0] % 3)
        return Answer(rejected=len(refused))

    def _small(self, records: Sequence[Record], late: float) -> Answer:
        """Refuse more than two records at once, and some alone."""
        if len(records) > 2 or records[0][0] % 5 == 0:
            return Answer("http_413", too_large=True)
        return self._ok(records, late)

    def _hangs(self, _: Sequence[Record], late: float) -> Answer:
        with self._changed:
            self._changed.wait(max(0.0, late - time.monotonic()))
        return Answer("timeout", retry=True)

    def _raises(self, *_: object) -> NoReturn:
        raise ZeroDivisionError

    def _exits(self, *_: object) -> NoReturn:
        raise SystemExit


class Books(RuleBasedStateMachine):
    """Two pipelines that share bytes, with one collector."""

    @initialize(size=st.integers(1, 12), batch=st.integers(1, 12))
    def begin(self, size: int, batch: int) -> None:
        self.collector = Collector()
        self.budget = ByteBudget(LIMIT)
        self.puts: dict[str, int] = dict.fromkeys(SIGNALS, 0)
        self.closed = False
        self.pipelines = {
            signal: QueuePipeline(
                signal,
                ledger=SignalLedger(),
                destination=scripted(self.collector, timeout=0.05, budget=0.1),
                delay=60,
                max_queue_size=size,
                max_batch_size=batch,
                budget=self.budget,
            )
            for signal in SIGNALS
        }

    @rule(
        signal=st.sampled_from(SIGNALS),
        kind=st.sampled_from(["good", "good", "bad"]),
        count=st.integers(1, 8),
        size=st.sampled_from([0, 10, 300, 1500, 5000]),
    )
    def put(self, signal: Signal, kind: str, count: int, size: int) -> None:
        for _ in range(count):
            self.pipelines[signal].put((self.puts[signal], kind), size)
            self.puts[signal] += 1

    @rule(mode=st.sampled_from(MODES))
    def change(self, mode: str) -> None:
        self.collector.switch(mode)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.2]))
    def flush(self, seconds: float) -> None:
        result = flush_all(self.pipelines.values(), seconds)
        assert bool(result) <= (not self.closed)

    @rule(seconds=st.sampled_from([0.0, 0.05]))
    def shut_down(self, seconds: float) -> None:
        shutdown_all(self.pipelines.values(), seconds)
        self.closed = True
        for signal in SIGNALS:
            assert self.counts(signal)["queued"] == 0

    @precondition(lambda self: not self.closed)
    @rule()
    def come_to_rest(self) -> None:
        """With a healthy collector, a flush leaves nothing, and the books agree with the collector's."""
        self.collector.switch("ok")
        flush_all(self.pipelines.values(), 20)
        assert self.budget.used == 0
        self.compare()

    @invariant()
    def balance(self) -> None:
        """Nothing is negative, nothing is missing, and no more is held than allowed."""
        for signal in SIGNALS:
            counts = self.counts(signal)
            assert counts["emitted"] == self.puts[signal]
            assert counts["emitted"] == counts["delivered"] + counts["dropped"] + counts["queued"]
            assert counts["dropped"] == sum(counts["dropped_by_reason"].values())
            assert min(counts["delivered"], counts["dropped"], counts["queued"]) >= 0
        assert 0 <= self.budget.used <= LIMIT

    def compare(self) -> None:
        """What was delivered is what the collector has, each record once."""
        counts = [self.counts(signal) for signal in SIGNALS]
        assert sum(each["queued"] for each in counts) == 0
        assert sum(each["delivered"] for each in counts) == len(self.collector.taken)
        most = sum(each["dropped_by_reason"].get("rejected", 0) for each in counts)
        assert len(self.collector.refused) <= most

    def teardown(self) -> None:
        if not hasattr(self, "pipelines"):
            return
        self.collector.switch("ok")
        if not self.closed:
            self.come_to_rest()
        assert shutdown_all(self.pipelines.values(), 20) or self.closed
        assert wait_until(lambda: not any(each.status()["thread_alive"] for each in self.pipelines.values()))
        self.balance()
        assert self.budget.used == 0
        assert sum(self.counts(signal)["queued"] for signal in SIGNALS) == 0

    def counts(self, signal: Signal) -> dict[str, Any]:
        return dict(self.pipelines[signal].status()["counts"])


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every pause between two attempts short."""
    for name in ("RUNNING", "CLOSING"):
        pauses = getattr(retries, name).pauses
        monkeypatch.setattr(retries, name, retries.Patience(0.01, 0.02, pauses))


@pytest.mark.usefixtures("_hasty")
def test_the_books_are_right_after_every_step() -> None:
    """Random puts, flushes, moods of the collector and shutdowns: emitted = delivered + dropped + queued."""
    run_state_machine_as_test(
        Books,
        settings=settings(max_examples=60, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )


@pytest.mark.full
@pytest.mark.usefixtures("_hasty")
def test_the_books_are_right_after_many_steps() -> None:
    """The same with more and longer sequences."""
    run_state_machine_as_test(
        Books,
        settings=settings(max_examples=500, stateful_step_count=40, suppress_health_check=list(HealthCheck)),
    )
