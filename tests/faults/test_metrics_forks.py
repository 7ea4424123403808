"""Metrics in forked children: from zero, in a series of their own, waiting for no lock of the parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from faults.kit.forks import FORKED
from faults.kit.programs import instances, ran
from support.collector import FakeCollector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    """Return a healthy collector."""
    with FakeCollector() as healthy:
        yield healthy


def newest(collector: FakeCollector, name: str) -> list[Any]:
    """Return the newest points of a metric by instance: what the series of a cumulative sum show at last."""
    found: dict[str, list[Any]] = {}
    for resource in collector.resources("metrics"):
        instance = next(
            each.value.string_value
            for each in resource.resource.attributes
            if each.key == "service.instance.id"
        )
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name == name:
                    found[instance] = list(metric.sum.data_points)
    return [point for points in found.values() for point in points]


_SUMS = """
    import sys, time
    from ameide_telemetry import init_telemetry
    from faults.kit.forks import run_children

    telemetry = init_telemetry()
    counter = telemetry.meter("shop").create_counter("orders")

    def work(number):
        counter.add(1)
        assert telemetry.force_flush(20)

    if __name__ == "__main__":
        counter.add(100)
        assert telemetry.force_flush(20)
        assert run_children(sys.argv[1] if sys.argv[1:] else KIND, work, 4) == [0] * 4
        assert telemetry.force_flush(20)
        telemetry.shutdown()
"""


@pytest.mark.parametrize("kind", FORKED)
def test_the_sums_of_parent_and_children_are_the_truth(
    kind: str, collector: FakeCollector, tmp_path: Path
) -> None:
    """The parent counts 100, four children one each: 104 over five instances, not 504."""
    ended = ran(f"    KIND = {kind!r}\n{_SUMS}", tmp_path, **collector.environment())
    assert ended.status == 0, ended
    points = newest(collector, "orders")
    assert sorted(point.as_int for point in points) == [1, 1, 1, 1, 100]
    assert len(instances(collector, "metrics")) == 5
    parent = next(point for point in points if point.as_int == 100)
    assert all(
        point.start_time_unix_nano > parent.start_time_unix_nano for point in points if point is not parent
    )


_LOCKS = """
    import os, sys, threading, time
    from opentelemetry.metrics import Observation
    from ameide_telemetry import init_telemetry
    from faults.kit.forks import run_children

    telemetry = init_telemetry()
    meter = telemetry.meter("shop")
    counter, histogram = meter.create_counter("orders"), meter.create_histogram("seconds")
    stop = threading.Event()

    def slow(_):
        time.sleep(0.02)
        return [Observation(1)]

    meter.create_observable_gauge("slow", [slow])

    def load(seed):
        number = seed
        while not stop.is_set():
            number += 8
            counter.add(1, {"n": number % 4000})
            histogram.record(1, {"n": number % 4000})

    def work(number):
        began = time.perf_counter()
        counter.add(1, {"child": number})
        histogram.record(1, {"child": number})
        meter.create_counter(f"made{number}").add(1)
        took = time.perf_counter() - began
        assert telemetry.force_flush(30)
        os.write(1, b"\\ntook %f\\n" % took)

    if __name__ == "__main__":
        for number in range(4000):
            counter.add(1, {"n": number})
        # What sends is imported by now: an import is under a lock of Python's own.
        assert telemetry.force_flush(20)
        threads = [threading.Thread(target=load, args=(seed,)) for seed in range(2)]
        for thread in threads:
            thread.start()
        statuses = []
        for _ in range(COUNT):
            statuses += run_children(KIND, work, 1)
        stop.set()
        for thread in threads:
            thread.join()
        os.write(1, b"\\nstatuses %r\\n" % set(statuses))
        telemetry.shutdown()
"""


# Not with a fork in C: Python itself does not survive one while other threads want its lock.
@pytest.mark.parametrize(
    ("kind", "count"),
    [("os.fork", 6), ("fork", 6), pytest.param("os.fork", 30, marks=pytest.mark.full)],
)
def test_a_child_of_a_measuring_and_collecting_parent_hangs_on_no_lock(
    kind: str, count: int, collector: FakeCollector, tmp_path: Path
) -> None:
    """Forked while two threads measure and a third one collects: each child measures, and delivers."""
    source = f"    KIND, COUNT = {kind!r}, {count}\n{_LOCKS}"
    ended = ran(source, tmp_path, **collector.environment(), OTEL_METRIC_EXPORT_INTERVAL="20")
    assert ended.status == 0, ended
    assert b"statuses {0}" in ended.stdout, ended
    took = [float(line.split()[1]) for line in ended.stdout.splitlines() if line.startswith(b"took ")]
    assert len(took) == count
    # The promise is a tenth of a second; a machine that is busy may give a process no time for longer.
    assert sorted(took)[len(took) // 2] < 0.5, took
    # A child's first points: it made each one, and nothing of the parent's.
    made = [name for name in {metric.name for metric in collector.metrics()} if name.startswith("made")]
    assert made == ["made0"]
    assert sum(1 for _ in collector.metrics("made0")) >= count
