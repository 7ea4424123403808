"""What is done in the midst of the SDK: by a handler or finaliser in the thread inside, or by others."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics._internal import _view_instrument_match, aggregation

from ameide_telemetry import guard
from ameide_telemetry.metrics import consumer
from ameide_telemetry.traces.tracer import GuardedTracerProvider
from support.meters import Lab, observed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def in_time(work: Callable[[], object]) -> None:
    """Run it on a thread that nobody waits for if it hangs."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 raised where the test sees it
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert failures == []


class Within:
    """Does something in the midst of a function of the SDK: once, before it goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.work: Callable[[], object] | None = None
        inner = getattr(owner, name)

        def within(*arguments: Any, **named: Any) -> Any:
            work, self.work = self.work, None
            if work is not None:
                work()
            return inner(*arguments, **named)

        monkeypatch.setattr(owner, name, within)


def test_a_measurement_in_the_midst_of_a_measurement_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK makes a point under a lock that is not reentrant: what comes in there is added behind it."""
    lab = Lab()
    counter, other = lab.meter.create_counter("c"), lab.meter.create_counter("d")
    within = Within(monkeypatch, _view_instrument_match, "time_ns")

    def work() -> None:
        for number in range(20):
            within.work = lambda: [counter.add(1), other.add(2), counter.add(1, {"n": -number})]  # noqa: B023
            counter.add(1, {"n": number})

    in_time(work)
    points = lab.collected()
    assert sum(point.value for point in points["c"]) == 60
    assert sum(point.value for point in points["d"]) == 40


def test_the_latest_value_of_a_gauge_is_the_one_that_came_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measurements that waited keep their order."""
    lab = Lab()
    gauge = lab.meter.create_gauge("g")
    within = Within(monkeypatch, _view_instrument_match, "time_ns")
    within.work = lambda: [gauge.set(2), gauge.set(3)]
    in_time(lambda: gauge.set(1))
    assert lab.values("g") == [3]


def test_a_measurement_in_the_midst_of_a_collection_is_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing hangs, nothing is lost; instruments can be made there, a second collection gets nothing."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    counter.add(1)
    nested: list[Any] = []
    within = Within(monkeypatch, aggregation._Aggregation, "_collect_exemplars")

    def work() -> None:
        counter.add(1)
        lab.meter.create_counter("d").add(5)
        lab.meter.create_observable_gauge("o", observed(lambda: [Observation(7)]))
        nested.append(lab.reader.get_metrics_data())

    guard.reset()
    within.work = work
    in_time(lab.reader.collect)
    assert nested == [None]
    assert guard.counts() == {"metrics.collection_nested": 1}
    points = lab.collected()
    assert {name: each[0].value for name, each in points.items()} == {"c": 2, "d": 5, "o": 7}


def test_too_much_in_the_midst_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is bounded."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    within = Within(monkeypatch, _view_instrument_match, "time_ns")
    within.work = lambda: [counter.add(1) for _ in range(10_010)]
    guard.reset()
    in_time(lambda: counter.add(1))
    assert lab.values("c") == [10_001]
    assert guard.counts() == {"metrics.measurement_lost": 10}


@pytest.mark.parametrize("create", ["create_counter", "create_observable_gauge"])
@pytest.mark.parametrize("name", ["c", "other"])
def test_an_instrument_in_the_midst_of_an_instrument_is_made(
    create: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same one, or another: it is given at once, and what it measures arrives."""
    lab = Lab()
    meter: Any = lab.meter
    within = Within(monkeypatch, meter._inner, "_register_instrument")
    made: list[Any] = []

    def ask(asked: str) -> None:
        if create == "create_counter":
            made.append(meter.create_counter(asked))
            made[-1].add(1, {"a": 1})
        else:
            made.append(meter.create_observable_gauge(asked, observed(lambda: [Observation(1, {"a": 1})])))

    within.work = lambda: ask(name)
    in_time(lambda: ask("c"))
    assert (made[0] is made[1]) == (name == "c")
    points = lab.collected()
    assert set(points) == {"c", name}
    expected = 2 if (create, name) == ("create_counter", "c") else 1
    assert {point.value for each in points.values() for point in each} == {expected}


def test_a_scope_in_the_midst_of_the_same_scope_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two meters of one scope would report each name twice; and tracers stay what they were."""
    lab, traces = Lab(), GuardedTracerProvider(shutdown_on_exit=False)
    meters: list[Any] = []
    tracers: list[Any] = []
    within = Within(monkeypatch, lab.provider, "_apply_meter_configurator")
    within.work = lambda: meters.append(lab.provider.get_meter("shop"))
    in_time(lambda: meters.append(lab.provider.get_meter("shop")))
    assert meters[0] is meters[1] is lab.provider.get_meter("shop")
    within = Within(monkeypatch, traces, "_apply_tracer_configurator")
    within.work = lambda: tracers.append(traces.get_tracer("shop"))
    in_time(lambda: tracers.append(traces.get_tracer("shop")))
    assert tracers[0] is tracers[1] is traces.get_tracer("shop")


def _stop(entered: threading.Event, leave: threading.Event) -> None:
    entered.set()
    assert leave.wait(20)


@contextmanager
def somebody_inside(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Have another thread stop in the midst of a collection, until the block ends or the event is set."""
    entered, leave = threading.Event(), threading.Event()
    within = Within(monkeypatch, aggregation._Aggregation, "_collect_exemplars")
    within.work = partial(_stop, entered, leave)
    collecting = threading.Thread(target=lab.reader.collect, daemon=True)
    collecting.start()
    assert entered.wait(20)
    try:
        yield leave
    finally:
        leave.set()
        collecting.join(20)


def test_nobody_waits_for_who_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two would for ever: each with a lock that a handler or finaliser in the other one wants."""
    lab, traces = Lab(), GuardedTracerProvider(shutdown_on_exit=False)
    counter = lab.meter.create_counter("c")
    counter.add(1)

    def work() -> None:
        counter.add(1)
        lab.meter.create_counter("d").add(5)
        lab.meter.create_observable_gauge("o", observed(lambda: [Observation(7)]))
        lab.provider.get_meter("other").create_counter("e").add(3)
        traces.get_tracer("shop").start_span("s").end()

    with somebody_inside(lab, monkeypatch):
        in_time(work)
    points = lab.collected()
    assert {name: each[0].value for name, each in points.items()} == {"c": 2, "d": 5, "o": 7, "e": 3}


@pytest.mark.parametrize("held", ["_making", "_meter_lock", "_tracers_lock"])
def test_a_tracer_or_meter_or_instrument_is_made_while_another_one_is(
    held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread stops in the midst of making one: nobody waits, and nothing is lost."""
    lab, traces = Lab(), GuardedTracerProvider(shutdown_on_exit=False)
    meter: Any = lab.meter
    entered, leave = threading.Event(), threading.Event()
    places: dict[str, tuple[Any, str, Callable[[], object]]] = {
        "_making": (meter._inner, "_register_instrument", lambda: meter.create_counter("first").add(1)),
        "_meter_lock": (lab.provider, "_apply_meter_configurator", lambda: lab.provider.get_meter("first")),
        "_tracers_lock": (traces, "_apply_tracer_configurator", lambda: traces.get_tracer("first")),
    }
    owner, name, make = places[held]
    within = Within(monkeypatch, owner, name)
    within.work = partial(_stop, entered, leave)
    first = threading.Thread(target=make, daemon=True)
    first.start()
    assert entered.wait(20)

    def work() -> None:
        meter.create_counter("second").add(2)
        lab.provider.get_meter("other").create_counter("third").add(3)
        traces.get_tracer("second").start_span("s").end()

    try:
        in_time(work)
    finally:
        leave.set()
        first.join(20)
    values = {name: each[0].value for name, each in lab.collected().items()}
    assert values == {"second": 2, "third": 3, **({"first": 1} if held == "_making" else {})}


def test_what_cannot_be_put_down_any_more_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand wait already: the next one enters itself, as soon as it can; all are added."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    counter.add(1)
    guard.reset()
    with somebody_inside(lab, monkeypatch) as leave:
        done = threading.Event()

        def measure() -> None:
            for _ in range(1010):
                counter.add(1)
            done.set()

        threading.Thread(target=measure, daemon=True).start()
        assert not done.wait(0.2)
        leave.set()
        assert done.wait(20)
    assert lab.values("c") == [1011]
    assert guard.counts() == {}


def test_who_never_leaves_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of a signal handler may come just where the turn is given back."""
    monkeypatch.setattr(consumer, "_LONGEST_TURN_SECONDS", 0.05)
    guard.reset()
    lab = Lab()
    counter = lab.meter.create_counter("c")
    assert lab.consumer._turn.take([-1])
    counter.add(1)
    assert lab.values("c") == [1]
    counter.add(1)
    assert lab.values("c") == [2]
    assert not lab.consumer._waiting
    assert guard.counts() == {"metrics.turn_abandoned": 1}


def test_a_measurement_passes_on_some_of_what_waits() -> None:
    """Its caller wants to go on, and a collection may want the turn."""
    lab = Lab()
    counter, gauge = lab.meter.create_counter("c"), lab.meter.create_gauge("g")
    with somebody_elses(lab):
        for number in range(500):
            counter.add(1)
            gauge.set(number)
    gauge.set(777)
    assert len(lab.consumer._waiting) == 901
    assert {name: each[0].value for name, each in lab.collected().items()} == {"c": 500, "g": 777}


def test_what_cannot_be_put_down_waits_for_room_too() -> None:
    """Whoever has the turn may pass on much: each one of those makes room."""
    guard.reset()
    lab = Lab()
    counter = lab.meter.create_counter("c")
    with somebody_elses(lab):
        for _ in range(1000):
            counter.add(1)
        late = threading.Thread(target=lambda: counter.add(1), daemon=True)
        late.start()
        late.join(0.2)
        assert late.is_alive()
        lab.consumer._waiting.popleft()
        late.join(20)
        assert not late.is_alive()
    assert lab.values("c") == [1000]
    assert guard.counts() == {}


def test_one_that_fails_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is passed on one by one."""
    monkeypatch.setattr("ameide_telemetry.guard._inside_test", lambda: False)
    lab = Lab()
    counter = lab.meter.create_counter("c")
    with somebody_elses(lab):
        for number in (1, 2, 3):
            counter.add(number)
    inner = lab.consumer.bounds.apply

    def apply(measurement: Any) -> Any:
        if measurement.value == 2:
            raise ValueError("no")
        return inner(measurement)

    monkeypatch.setattr(lab.consumer.bounds, "apply", apply)
    counter.add(10)
    assert lab.values("c") == [14]
    assert guard.counts()["metrics.pass_on"] == 1


@contextmanager
def somebody_elses(lab: Lab) -> Iterator[None]:
    """Have the turn be another thread's."""
    ticket = [-1]
    assert lab.consumer._turn.take(ticket)
    try:
        yield
    finally:
        lab.consumer._turn.give_back(ticket)
