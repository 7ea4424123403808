"""The callbacks of observable instruments, well and badly behaved."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.metrics import Observation
from opentelemetry.trace import get_current_span

from ameide_telemetry import guard
from ameide_telemetry.export.quiet import exports
from ameide_telemetry.metrics import callbacks as room
from ameide_telemetry.metrics.bounds import Bounds
from ameide_telemetry.metrics.callbacks import Callbacks, Observed
from support.meters import Lab, Raising, observed
from support.pipelines import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_NAME = "ameide-telemetry-callbacks"


@pytest.fixture(autouse=True)
def _counts() -> Iterator[None]:
    """Begin with nothing counted, and with budgets that a test can wait for."""
    guard.reset()
    yield
    guard.reset()


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets that a test can wait for."""
    monkeypatch.setattr(room, "CALLBACK_SECONDS", 0.1)
    monkeypatch.setattr(room, "COLLECTION_SECONDS", 0.3)


def one(_: Any = None) -> list[Observation]:
    return [Observation(1)]


def _raises(_: Any) -> Any:
    raise RuntimeError("no")


def _exits(_: Any) -> Any:
    raise SystemExit(3)


def _interrupts(_: Any) -> Any:
    raise KeyboardInterrupt


def _yields_and_raises(_: Any) -> Iterator[Observation]:
    yield Observation(1, {"n": 1})
    raise SystemExit


_BAD: list[tuple[Any, list[int]]] = [
    (_raises, []),
    (_exits, []),
    (_interrupts, []),
    (_yields_and_raises, [1]),
    (lambda _: None, []),
    (lambda _: 5, []),
    (lambda _: "text", []),
    (lambda _: [1, None, "x", object(), Raising(), Raising], []),
    (lambda _: Observation(1), []),
    (lambda _: [Observation(Raising()), Observation(2)], [2]),  # type: ignore[arg-type]
    (lambda _: [Observation(2, Raising())], [2]),  # type: ignore[arg-type]
    (lambda _: [Observation(2, {"a": 1}, "context")], [2]),  # type: ignore[arg-type]
    (lambda: [Observation(1)], []),
    (5, []),
    (Raising(), []),
]


@pytest.mark.parametrize(("bad", "values"), _BAD, ids=map(str, range(len(_BAD))))
@pytest.mark.parametrize("kind", ["counter", "up_down_counter", "gauge"])
def test_a_bad_callback_costs_its_own_metric_only(bad: Any, values: list[int], kind: str) -> None:
    """Whatever it raises or returns: the instruments before and after it are collected, again and again."""
    lab = Lab()
    create = getattr(lab.meter, f"create_observable_{kind}")
    create("before", [one])
    create("bad", [bad])
    create("after", [one])
    for _ in range(3):
        found = {name: [point.value for point in points] for name, points in lab.collected().items()}
        assert found.pop("bad", []) == values
        assert found == {"before": [1], "after": [1]}


def test_a_callback_that_fails_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """`status()` shows the counts."""
    lab = Lab()
    lab.meter.create_observable_gauge("queue.depth", [_raises])
    for _ in range(3):
        lab.collected()
    assert guard.counts() == {"metrics.callback": 3, "metrics.callback_failed": 3}
    assert [each.getMessage() for each in caplog.records] == ["a callback of the metric queue.depth failed"]


@pytest.mark.usefixtures("_short")
def test_a_callback_that_blocks_is_left_out_until_it_returns() -> None:
    """It is called once; the thread that it holds is replaced; when it returns it is asked again."""
    lab, release, calls = Lab(), threading.Event(), itertools.count(1)
    count = [0]

    def block(_: Any) -> list[Observation]:
        count[0] = next(calls)
        release.wait(30)
        return one()

    lab.meter.create_observable_gauge("blocks", [block])
    lab.meter.create_observable_gauge("next", [one])
    for _ in range(5):
        assert set(lab.collected()) == {"next"}
    assert count == [1]
    assert guard.counts() == {"metrics.callback_blocked": 1, "metrics.callback_left_out": 4}
    release.set()
    assert wait_until(lambda: "blocks" in lab.collected())
    assert count[0] >= 2


@pytest.mark.usefixtures("_short")
def test_many_that_block_share_one_budget() -> None:
    """Ten of them cost a collection no more than its budget, and are out of the way after a few."""
    lab, release = Lab(), threading.Event()
    for number in range(10):
        lab.meter.create_observable_gauge(f"blocks{number}", [lambda _: one() if release.wait(30) else []])
    lab.meter.create_observable_gauge("last", [one])
    lab.meter.create_counter("requests").add(1)
    began = time.monotonic()
    assert "requests" in lab.collected()
    assert time.monotonic() - began < 5
    assert wait_until(lambda: "last" in lab.collected())
    assert guard.counts()["metrics.callback_blocked"] == 10
    release.set()


def test_callbacks_that_nobody_holds_leave_no_thread() -> None:
    """The thread ends with the provider whose callbacks it called."""
    before = set(threading.enumerate())
    callbacks = Callbacks()
    callbacks.add(Observed("m", [one], monotonic=False))
    callbacks.expect()
    (thread,) = [each for each in threading.enumerate() if each not in before and each.name == _NAME]
    del callbacks
    gc.collect()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.usefixtures("_short")
def test_a_callback_without_an_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that yields for ever takes neither all the memory nor all the time."""
    monkeypatch.setattr(room, "COLLECTION_SECONDS", 20.0)
    lab = Lab(10)
    lab.meter.create_observable_gauge("fast", observed(lambda: map(Observation, itertools.count())))

    def slowly() -> Iterator[Observation]:
        while True:
            time.sleep(0.01)
            yield Observation(1)

    lab.meter.create_observable_gauge("slow", observed(slowly))
    lab.meter.create_observable_gauge("next", [one])
    assert wait_until(lambda: "next" in lab.collected())
    counts = guard.counts()
    assert counts["metrics.callback_blocked"] >= 1
    assert wait_until(lambda: all(not each.busy for each in lab.consumer.callbacks._observed))


def test_too_many_observations_are_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came before is kept."""
    monkeypatch.setattr(room, "_MOST_OBSERVATIONS", 3)
    lab = Lab()
    lab.meter.create_observable_counter("o", observed(lambda: map(Observation, itertools.count(1))))
    assert lab.values("o") == [6]
    assert guard.counts() == {"metrics.callback_endless": 1}


def test_generators_are_callbacks_too() -> None:
    """They are sent the options, and may end."""

    def counting() -> Generator[list[Observation], Any, None]:
        options = yield []
        for number in range(2):
            assert options.timeout_millis > 0
            options = yield [Observation(number)]

    lab = Lab()
    lab.meter.create_observable_gauge("g", [counting()])
    assert [lab.values("g") for _ in range(4)] == [[0], [1], [], []]
    assert guard.counts() == {}


def test_a_generator_that_fails_before_its_first_step_costs_itself() -> None:
    """At creation nothing is raised."""

    def failing() -> Generator[list[Observation], Any, None]:
        raise RuntimeError("no")
        yield []

    lab = Lab()
    lab.meter.create_observable_gauge("g", [failing()])
    lab.meter.create_observable_gauge("next", [one])
    assert set(lab.collected()) == {"next"}


def test_callbacks_run_untraced_on_a_thread_of_their_own() -> None:
    """A request that one makes is no span, but its log lines are the service's; one thread serves all."""
    lab, seen = Lab(), set()

    def look(_: Any) -> list[Observation]:
        tracing = is_instrumentation_enabled() or get_current_span().is_recording()
        seen.add((threading.current_thread().name, exports(), tracing))
        return one()

    for number in range(3):
        lab.meter.create_observable_gauge(f"g{number}", [look])
    lab.collected()
    lab.collected()
    assert seen == {(_NAME, False, False)}
    assert lab.consumer.callbacks._helpers


def test_our_own_callbacks_need_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not block: a service without callbacks of its own has no thread for them."""
    monkeypatch.setattr(one, "__module__", "ameide_telemetry.metrics.runtime")
    lab = Lab()
    lab.consumer.callbacks.expect()
    lab.meter.create_observable_gauge("g", [one])
    assert lab.values("g") == [1]
    assert not lab.consumer.callbacks._helpers


def test_the_thread_is_there_before_the_exit_needs_it() -> None:
    """It starts with the first callback of the service, or with the collections, whichever comes later."""
    for early in (True, False):
        callbacks = Callbacks()
        if early:
            callbacks.expect()
        callbacks.add(Observed("o", [one], monotonic=False))
        if not early:
            assert not callbacks._helpers
            callbacks.expect()
        assert callbacks._helpers
        callbacks.rest()
        assert not callbacks._helpers


def test_at_the_exit_no_thread_is_started() -> None:
    """What would need one is left out, and counted; the rest is collected."""
    lab = Lab()
    lab.meter.create_observable_gauge("o", [one])
    lab.meter.create_counter("c").add(1)
    lab.reader.closing = True  # type: ignore[attr-defined]
    assert set(lab.collected()) == {"c"}
    assert guard.counts() == {"metrics.callback_left_out": 1}
    assert not lab.consumer.callbacks._helpers


def test_where_no_thread_can_be_started_the_rest_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Python 3.12 when the interpreter ends."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    lab = Lab()
    lab.meter.create_observable_gauge("o", [one])
    lab.meter.create_counter("c").add(1)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert set(lab.collected()) == {"c"}
    assert guard.counts() == {"metrics.callback_left_out": 1, "metrics.thread_refused": 1}


def test_a_callback_may_make_instruments_and_measure() -> None:
    """No lock is held while it runs: the SDK's own collection waits for itself there for ever."""
    lab = Lab()

    def busy(_: Any) -> list[Observation]:
        lab.meter.create_counter("made.sync").add(1)
        lab.meter.create_observable_gauge("made.observable", [one])
        return one()

    lab.meter.create_observable_gauge("o", [busy])
    assert set(lab.collected()) == {"o", "made.sync"}
    assert set(lab.collected()) == {"o", "made.sync", "made.observable"}


@pytest.mark.usefixtures("_short")
def test_an_instrument_can_be_made_while_a_callback_blocks() -> None:
    """The service's thread does not wait for the collection."""
    lab, entered, release = Lab(), threading.Event(), threading.Event()

    def block(_: Any) -> list[Observation]:
        entered.set()
        release.wait(30)
        return one()

    lab.meter.create_observable_gauge("blocks", [block])
    collecting = threading.Thread(target=lab.collected)
    collecting.start()
    assert entered.wait(30)
    lab.meter.create_observable_gauge("made", [one])
    release.set()
    collecting.join(30)
    assert "made" in lab.collected()


@pytest.mark.usefixtures("_short")
def test_a_child_asks_again_what_blocks_in_its_parent() -> None:
    """The parent's call and thread are not in the child."""
    lab, release, waits = Lab(), threading.Event(), [True]

    def block(_: Any) -> list[Observation]:
        if waits[0]:
            release.wait(30)
        return one()

    lab.meter.create_observable_gauge("o", [block])
    assert lab.collected() == {}
    waits[0] = False
    lab.consumer.after_fork(Bounds(10))
    assert lab.values("o") == [1]
    release.set()


@pytest.mark.parametrize("given", [None, [], (), one, (one,), 5])
def test_callbacks_may_be_given_in_any_way(given: Any) -> None:
    """One alone is taken for a list of one; what is no callback measures nothing."""
    lab = Lab()
    lab.meter.create_observable_gauge("o", given)
    assert lab.values("o") == ([1] if given and given != 5 else [])


def test_further_callbacks_of_the_same_instrument_are_ignored_and_counted() -> None:
    """As the SDK does, which does not say so."""
    lab, calls = Lab(), list[str]()

    def named(name: str) -> list[Callable[[Any], list[Observation]]]:
        def call(_: Any) -> list[Observation]:
            calls.append(name)
            return one()

        return [call]

    first = lab.meter.create_observable_counter("o", named("first"))
    assert lab.meter.create_observable_counter("o", named("second")) is first
    assert lab.values("o") == [1]
    assert calls == ["first"]
    assert guard.counts() == {"metrics.callback_ignored": 1}
