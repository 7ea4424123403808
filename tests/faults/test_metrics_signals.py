"""Metrics and new instruments in signal handlers and finalisers, and locks that a fork in C left locked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from faults.kit.programs import ran
from support.collector import FakeCollector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    """Return a healthy collector."""
    with FakeCollector() as healthy:
        yield healthy


_STORM = """
    import gc, os, signal, time
    from ameide_telemetry import init_telemetry

    telemetry = init_telemetry()
    meter = telemetry.meter("shop")
    counter, histogram = meter.create_counter("orders"), meter.create_histogram("seconds")
    handled, measured = [0], [0]

    def work():
        number = measured[0] = measured[0] + 1
        counter.add(1, {"n": number % 7})
        counter.add(1, {"new": number % 1000})
        histogram.record(1, {"n": number % 5})
        meter.create_counter(f"made{number % 50}").add(1)
        telemetry.tracer(f"scope{number % 50}")
        telemetry.meter(f"scope{number % 50}").create_gauge("g").set(1)

    def handler(*_):
        handled[0] += 1
        work()
        signal.setitimer(signal.ITIMER_REAL, 0.001)

    class Finalised:
        def __del__(self):
            work()

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    began = time.monotonic()
    while handled[0] < 300 and time.monotonic() - began < 30:
        work()
        each = Finalised()
        each.ring = each
        del each
        if measured[0] % 20 == 0:
            gc.collect()
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    assert handled[0] >= 100
    gc.collect()
    assert telemetry.force_flush(20)
    os.write(1, b"\\nresult %d\\n" % measured[0])
"""


def test_a_storm_of_signals_hangs_nothing_and_loses_nothing(collector: FakeCollector, tmp_path: Path) -> None:
    """Each measures, makes instruments, meters and tracers, in the midst of the same in its own thread."""
    ended = ran(_STORM, tmp_path, **collector.environment(), OTEL_METRIC_EXPORT_INTERVAL="50")
    assert ended.status == 0, ended
    (line,) = [each for each in ended.stdout.splitlines() if each.startswith(b"result ")]
    last = {metric.name: metric for metric in collector.metrics()}
    measured = json.loads(line.split()[1])
    # A finaliser in the thread that sends may measure once more after the flush: the last export has it.
    assert sum(point.as_int for point in last["orders"].sum.data_points) >= 2 * measured
    points = last["seconds"].histogram.data_points
    assert sum(point.count for point in points) == sum(
        point.as_int
        for name, metric in last.items()
        if name.startswith("made")
        for point in metric.sum.data_points
    )
    assert sum(1 for name in last if name.startswith("made")) == min(50, measured)


_LEFT = """
    import os, threading
    from contextlib import contextmanager
    from opentelemetry import metrics
    from ameide_telemetry import init_telemetry
    from faults.kit.forks import run_children

    telemetry = init_telemetry()
    meter = telemetry.meter("shop")
    locks = {
        "instrument": lambda: meter._inner._instrument_registration_lock,
        "creation": lambda: taken(meter._making),
        "measurement": lambda: taken(metrics.get_meter_provider()._consumer._turn),
        "collection": lambda: metrics.get_meter_provider()._consumer._collecting,
    }

    @contextmanager
    def taken(turn):
        assert turn.take(turn.ticket())
        yield

    forked, held = threading.Event(), threading.Event()

    def hold():
        with locks[LOCK]():
            held.set()
            forked.wait()

    tasks = {
        "tracer": lambda: telemetry.tracer("new").start_span("work").end(),
        "meter": lambda: telemetry.meter("new"),
        "instrument": lambda: meter.create_counter("orders").add(1),
        "observable": lambda: meter.create_observable_gauge("waiting", [lambda _: []]),
    }

    def work(number):
        # First of all what needs the lock: a measurement would have renewed it.
        tasks.get(LOCK, tasks["observable"])()
        for task in tasks.values():
            task()

    if __name__ == "__main__":
        # What sends is imported by now, before a fork at the latest: its instrumentation asks for a tracer.
        telemetry.tracer("early").start_span("work").end()
        meter.create_counter("early").add(1)
        assert telemetry.force_flush(20)
        threading.Thread(target=hold, daemon=True).start()
        held.wait()
        statuses = run_children(KIND, work, 1)
        forked.set()
        os.write(1, b"\\nstatuses %r\\n" % statuses)
"""


@pytest.mark.parametrize("kind", ["os.fork", "libc"])
@pytest.mark.parametrize("lock", ["instrument", "creation", "measurement", "collection"])
def test_a_child_waits_for_no_lock_that_a_thread_of_its_parent_held(
    kind: str, lock: str, collector: FakeCollector, tmp_path: Path
) -> None:
    """Another thread was making an instrument, measuring or collecting when the process forked."""
    source = f"    KIND, LOCK = {kind!r}, {lock!r}\n{_LEFT}"
    ended = ran(source, tmp_path, **collector.environment())
    assert ended.status == 0, ended
    assert b"statuses [0]" in ended.stdout, ended
