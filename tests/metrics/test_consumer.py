"""Where all instruments report: forks, readers that come and go, collections."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from ameide_telemetry import guard
from ameide_telemetry.metrics.bounds import Bounds
from ameide_telemetry.metrics.consumer import BoundedConsumer
from support.meters import Lab, observed


def test_inactive_costs_nothing_and_keeps_nothing() -> None:
    """After `undo` measurements go nowhere."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    lab.consumer.active = False
    counter.add(1)
    assert lab.points("c") == []


def test_the_sums_of_a_parent_are_not_the_childs() -> None:
    """After a fork every instrument starts at zero, observable ones are still asked."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    ticks = itertools.count(1)
    lab.meter.create_observable_counter("o", observed(lambda: [Observation(next(ticks))]))
    counter.add(100)
    lab.consumer._pid = -1
    counter.add(1)
    counter.add(1)
    assert lab.children == 1
    assert [point.value for point in lab.points("c")] == [2]
    assert [point.value for point in lab.points("o")] == [2]


def test_an_sdk_without_the_private_names_keeps_its_state() -> None:
    """Then the child goes on with the parent's sums, and that is counted."""
    guard.reset()
    lab = Lab()
    counter = lab.meter.create_counter("c")
    counter.add(100)
    consumer = BoundedConsumer(object(), lambda: None)
    consumer.after_fork(Bounds(10))
    assert guard.counts() == {"metrics.state_inherited": 1}


def test_removing_a_reader_forgets_it() -> None:
    """Readers come and go through the consumer."""
    lab = Lab()
    lab.meter.create_counter("c").add(1)
    lab.provider.remove_metric_reader(lab.reader)
    second = InMemoryMetricReader()
    lab.provider.add_metric_reader(second)
    assert second.get_metrics_data() is None


def test_a_child_behind_the_back_of_python_starts_from_zero_at_a_collection_too() -> None:
    """Another reader may collect there before anything was measured."""
    lab = Lab()
    lab.meter.create_counter("c").add(100)
    lab.consumer._pid = -1
    assert lab.points("c") == []
    assert lab.children == 1


def test_a_child_waits_for_no_lock_of_its_parent() -> None:
    """Locks that another thread of the parent held are replaced: instruments can be made and measured."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    meter: Any = lab.meter
    held = [lab.consumer._collecting, meter._inner._instrument_registration_lock]
    turns = [lab.consumer._turn, meter._making]
    holder = threading.Thread(
        target=lambda: [*(lock.acquire() for lock in held), *(turn.take(turn.ticket()) for turn in turns)]
    )
    holder.start()
    holder.join()
    lab.provider.after_fork()
    lab.consumer.after_fork(Bounds(10))

    def work() -> None:
        counter.add(1, {"route": "/new"})
        lab.provider.get_meter("other").create_counter("d").add(2)
        lab.meter.create_observable_gauge("o", observed(lambda: [Observation(3)]))

    child = threading.Thread(target=work, daemon=True)
    child.start()
    child.join(10)
    assert not child.is_alive()
    assert {name: points[0].value for name, points in lab.collected().items()} == {"c": 1, "d": 2, "o": 3}


def test_sums_are_exact_under_eight_threads_and_concurrent_collections() -> None:
    """With more attribute sets than the cap nothing is lost, and nothing counted twice."""
    lab = Lab(100)
    counter, histogram = lab.meter.create_counter("c"), lab.meter.create_histogram("h")
    stop = threading.Event()

    def measure(seed: int) -> None:
        for number in range(2000):
            counter.add(2, {"host": (number * 7 + seed) % 400})
            histogram.record(number % 10, {"host": (number * 7 + seed) % 400})

    def collect() -> None:
        while not stop.is_set():
            assert len(lab.points("c")) <= 100

    collector = threading.Thread(target=collect)
    threads = [threading.Thread(target=measure, args=(seed,)) for seed in range(8)]
    for thread in (collector, *threads):
        thread.start()
    for thread in threads:
        thread.join(60)
    stop.set()
    collector.join(60)
    points = lab.collected()
    assert len(points["c"]) == 100
    assert sum(point.value for point in points["c"]) == 8 * 2000 * 2
    assert sum(point.count for point in points["h"]) == 8 * 2000
    assert sum(point.sum for point in points["h"]) == 8 * 200 * 45
