"""Metrics of real processes: poison, callbacks that misbehave, attacks on cardinality, exact sums."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from faults.kit.programs import program, ran
from support.collector import FakeCollector
from support.pipelines import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OFTEN = {"OTEL_METRIC_EXPORT_INTERVAL": "50"}


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    """Return a healthy collector."""
    with FakeCollector() as healthy:
        yield healthy


def output(stdout: bytes) -> dict[str, Any]:
    """Return what a program printed after its lines: one JSON object behind `result`."""
    (text,) = [line for line in stdout.splitlines() if line.startswith(b"result ")]
    found: dict[str, Any] = json.loads(text.removeprefix(b"result "))
    return found


_POISONED = """
    import json, logging, os, sys, threading, time
    from opentelemetry import metrics
    from ameide_telemetry import init_telemetry
    from support.meters import BAD_ATTRIBUTES, BAD_NUMBERS

    telemetry = init_telemetry()
    meter = telemetry.meter("shop")
    good = meter.create_counter("good")
    measuring = [
        meter.create_counter("counter").add,
        meter.create_up_down_counter("up_down").add,
        meter.create_histogram("histogram").record,
        meter.create_gauge("gauge").set,
    ]
    meter.create_observable_counter("observed", [
        lambda _: [metrics.Observation(each) for each in BAD_NUMBERS]
        + [metrics.Observation(1, each) for each in BAD_ATTRIBUTES.values()]
    ])
    meter.create_counter("described", description="\\ud800").add(1)
    meter.create_counter("named\\ud800", unit="\\ud800").add(1)
    telemetry.meter("scope\\ud800").create_counter("scoped").add(1)
    large = meter.create_counter("large")
    for each in (2**63 - 1, 2**63 - 1, 1):
        large.add(each)
    for measure in measuring:
        for each in BAD_NUMBERS:
            measure(each)
        for each in BAD_ATTRIBUTES.values():
            measure(1, each)
    for number in range(20):
        good.add(1)
        logging.getLogger("shop").warning("line %d", number)
        with telemetry.tracer("shop").start_as_current_span("work"):
            time.sleep(0.02)
    result = telemetry.force_flush(20)
    found = {"ok": bool(result), "diagnostics": telemetry.status()["diagnostics"]}
    os.write(1, b"\\nresult " + json.dumps(found).encode() + b"\\n")
"""


def test_poison_of_every_kind_stops_nothing_else(collector: FakeCollector, tmp_path: Path) -> None:
    """2**63, surrogates, NaN, objects that raise: every export goes on, with all good points, exactly."""
    ended = ran(_POISONED, tmp_path, **collector.environment(), **_OFTEN)
    assert ended.status == 0, ended
    assert b"Traceback" not in ended.stdout + ended.stderr
    found = output(ended.stdout)
    assert found["ok"]
    assert found["diagnostics"]["metrics.invalid_measurement"] >= 100
    assert "metrics.measure" not in found["diagnostics"]
    assert max(point.as_int for point in collector.points("good")) == 20
    last = {metric.name: metric for metric in collector.metrics()}
    assert {"counter", "up_down", "histogram", "gauge", "observed", "described", "named_", "scoped"} <= set(
        last
    )
    (large,) = last["large"].sum.data_points
    assert large.as_double == 2.0**64
    for name in ("counter", "up_down"):
        points = last[name].sum.data_points
        assert sum(point.as_int for point in points) == sum(
            point.as_int for point in last["observed"].sum.data_points
        )
    assert collector.count("traces") == 20
    assert collector.count("logs") >= 20


_CALLBACKS = """
    import json, logging, os, sys, threading, time
    from opentelemetry import metrics
    from ameide_telemetry import init_telemetry

    telemetry = init_telemetry()
    meter = telemetry.meter("shop")
    good = meter.create_counter("good")

    def exits(_):
        raise SystemExit(3)

    def interrupts(_):
        raise KeyboardInterrupt

    def raises(_):
        raise RuntimeError("no")

    def blocks(_):
        time.sleep(600)
        return []

    def spins(_):
        while True:
            yield metrics.Observation(1)

    for bad in (exits, interrupts, raises, blocks, spins):
        meter.create_observable_gauge(bad.__name__, [bad])
    meter.create_observable_gauge("fine", [lambda _: [metrics.Observation(7)]])
    started = []
    start = threading.Thread.start

    def noted(thread):
        started.append(thread.name)
        start(thread)

    print("running", flush=True)
    sys.stdin.read()
    for number in range(40):
        good.add(1)
        logging.getLogger("shop").warning("line %d", number)
        with telemetry.tracer("shop").start_as_current_span("work"):
            time.sleep(0.05)
    limit = time.monotonic() + 30
    while "metrics.callback_left_out" not in telemetry.status()["diagnostics"] and time.monotonic() < limit:
        time.sleep(0.02)
    os.write(1, b"\\nresult " + json.dumps(telemetry.status()["diagnostics"]).encode() + b"\\n")
    good.add(1)
    threading.Thread.start = noted
    telemetry.shutdown()
    print("started", started)
"""


def test_callbacks_that_misbehave_cost_their_own_metrics_only(
    collector: FakeCollector, tmp_path: Path
) -> None:
    """One exits, one interrupts, one blocks for ever: the rest flows within seconds, up to the exit."""
    with program(_CALLBACKS, tmp_path, **collector.environment(), **_OFTEN) as process:
        process.wait_for(b"running")
        assert wait_until(lambda: list(collector.metrics("good")) and list(collector.metrics("fine")), 20)
        ended = process.wait(60)
    assert ended.status == 0, ended
    found = output(ended.stdout)
    assert found["metrics.callback_blocked"] >= 1
    assert found["metrics.callback_left_out"] >= 1
    assert found["metrics.callback_failed"] >= 3
    assert b"started []" in ended.stdout
    times = [point.time_unix_nano for point in collector.points("good")]
    assert all(later - earlier < 5e9 for earlier, later in pairwise(times)), times
    assert [point.as_int for point in collector.last_points("good")] == [41]
    assert [point.as_int for point in collector.last_points("fine")] == [7]
    assert collector.count("traces") == 40
    assert not [name for name in ("exits", "interrupts", "raises", "blocks") if list(collector.metrics(name))]


_FLOOD = """
    import gc, json, os, threading
    from opentelemetry import trace
    from ameide_telemetry import init_telemetry

    def resident():
        gc.collect()
        pages = int(open("/proc/self/statm").read().split()[1])
        return pages * 4096

    telemetry = init_telemetry()
    meter = telemetry.meter("shop")
    counter = meter.create_counter("hosts")
    histogram = meter.create_histogram("paths", unit="s")
    # A span that is sampled and takes no memory of its own.
    context = trace.SpanContext(7, 9, is_remote=False, trace_flags=trace.TraceFlags(1))
    span = trace.NonRecordingSpan(context)

    def measure(start):
        for number in range(start, start + COUNT // 8):
            one = {"server.address": f"host-{number}.test", "http.request.method": f"M{number}",
                   "url.path": f"/orders/{number}", "tenant_id": f"tenant-{number}"}
            with trace.use_span(span):
                counter.add(2, one)
                histogram.record(number % 16, one)

    counter.add(0)
    telemetry.force_flush(30)
    before = resident()
    threads = [threading.Thread(target=measure, args=(start * COUNT,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = telemetry.force_flush(60).metrics.ok
    os.write(1, b"\\nresult " + json.dumps({"grown": resident() - before, "ok": result}).encode() + b"\\n")
"""


def test_a_flood_of_hosts_methods_paths_and_tenants_is_bounded(
    collector: FakeCollector, tmp_path: Path
) -> None:
    """20,000 of each: 2,000 series per instrument, 20 MB, and the sums are exact under eight threads."""
    source = f"    COUNT = 20_000\n{_FLOOD}"
    ended = ran(source, tmp_path, **collector.environment(), OTEL_METRIC_EXPORT_INTERVAL="200")
    assert ended.status == 0, ended
    found = output(ended.stdout)
    assert found["ok"]
    assert found["grown"] <= 20 * 2**20, found
    hosts, paths = collector.last_points("hosts"), collector.last_points("paths")
    assert len(hosts) == len(paths) == 2000
    assert sum(point.as_int for point in hosts) == 40_000
    assert sum(point.count for point in paths) == 20_000
    assert sum(point.sum for point in paths) == sum(
        number % 16 for start in range(8) for number in range(start * 20_000, start * 20_000 + 2500)
    )
    assert sum(sum(point.bucket_counts) for point in paths) == 20_000
    exemplars = [exemplar for point in collector.points("paths") for exemplar in point.exemplars]
    assert exemplars
    assert not any(exemplar.filtered_attributes for exemplar in exemplars)
    assert b"tenant-" not in b"".join(each.SerializeToString() for each in collector.metrics())


_SERVED = """
    import asyncio, json, os, random
    from ameide_telemetry import init_telemetry

    telemetry = init_telemetry()
    sizes = telemetry.meter("shop").create_histogram("shop.response.size", unit="By")

    async def app(scope, receive, send):
        number = int(scope["path"].rsplit("/", 1)[-1])
        size = number * 1000 + 1
        headers = [(b"content-length", str(size).encode())] if number < 100 else []
        await asyncio.sleep(random.random() / 50)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for chunk in (b"x" * (size // 2), b"x" * (size - size // 2)):
            await asyncio.sleep(random.random() / 50)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        sizes.record(size)

    served = telemetry.instrument_app(app)

    async def ask(number):
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": f"M{number}",
                 "scheme": "http", "path": f"/orders/{number}", "raw_path": b"", "query_string": b"",
                 "root_path": "", "headers": [(b"host", f"host-{number}.test".encode())],
                 "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000), "state": {}}

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            pass

        await served(scope, receive, send)

    async def main():
        await asyncio.gather(*(ask(number) for number in range(120)))

    asyncio.run(main())
    os.write(1, b"\\nresult " + json.dumps({"ok": bool(telemetry.force_flush(30))}).encode() + b"\\n")
"""


def test_concurrent_responses_are_measured_each_by_itself(collector: FakeCollector, tmp_path: Path) -> None:
    """100 with a length and 20 without, all at once: counts and sums are exact on lines and points."""
    ended = ran(_SERVED, tmp_path, **collector.environment())
    assert ended.status == 0, ended
    assert output(ended.stdout)["ok"]
    truth = sum(number * 1000 + 1 for number in range(120))
    (sizes,) = collector.last_points("shop.response.size")
    assert (sizes.count, sizes.sum) == (120, truth)
    durations = collector.last_points("http.server.request.duration")
    assert sum(point.count for point in durations) == 120
    # Methods, hosts and paths that a caller makes up are no series.
    assert len(durations) == 1
    assert sum(point.as_int for point in collector.last_points("http.server.active_requests")) == 0
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith(b"{")]
    written = [line["http_response_body_size"] for line in lines if "http_response_body_size" in line]
    assert sorted(written) == [number * 1000 + 1 for number in range(120)]


_TRACED = """
    import json, os
    from ameide_telemetry import bound_context, init_telemetry

    telemetry = init_telemetry()
    histogram = telemetry.meter("shop").create_histogram("checkout", unit="s")
    with telemetry.tracer("shop").start_as_current_span("work") as span, bound_context(tenant_id="acme"):
        histogram.record(0.2, {"method": "card", "tenant_id": "acme", "user.email": "a@b.test"})
    telemetry.shutdown()
    found = {"trace": f"{span.get_span_context().trace_id:032x}"}
    os.write(1, b"\\nresult " + json.dumps(found).encode() + b"\\n")
"""


def test_an_exemplar_and_the_start_time_reach_the_collector(collector: FakeCollector, tmp_path: Path) -> None:
    """The exemplar has the span's trace id and no attributes; a restart shows in the start time."""
    traces = [output(ran(_TRACED, tmp_path, **collector.environment()).stdout)["trace"] for _ in range(2)]
    points = list(collector.points("checkout"))
    assert [point.exemplars[0].trace_id.hex() for point in points] == traces
    assert not any(point.exemplars[0].filtered_attributes for point in points)
    assert [[each.key for each in point.attributes] for point in points] == [["method", "user.email"]] * 2
    assert [point.count for point in points] == [1, 1]
    assert points[0].start_time_unix_nano < points[0].time_unix_nano < points[1].start_time_unix_nano


_CONFLICT = """
    from opentelemetry import metrics
    library = metrics.get_meter("library")
    for unit in ("s", "ms"):
        library.create_histogram("checkout", unit=unit)
    from ameide_telemetry import init_telemetry
    telemetry = init_telemetry()
    telemetry.meter("shop").create_counter("orders").add(1)
    for _ in range(3):
        telemetry.meter("shop").create_up_down_counter("Orders").add(1)
    telemetry.shutdown()
    print("served")
"""


def test_conflicting_instruments_stop_a_strict_start_and_no_other(
    collector: FakeCollector, tmp_path: Path
) -> None:
    """Strict: the process says so and ends. Else: one line each, one stream each, and the service serves."""
    strict = ran(_CONFLICT, tmp_path, AMEIDE_TELEMETRY_STRICT="true", **collector.environment())
    assert strict.status == 1
    assert b"InstrumentError" in strict.stderr + strict.stdout
    assert b"served" not in strict.stdout
    lenient = ran(_CONFLICT, tmp_path, AMEIDE_TELEMETRY_STRICT="false", **collector.environment())
    assert lenient.status == 0, lenient
    assert b"served" in lenient.stdout
    assert lenient.stdout.count(b"of the meter library exists with unit") == 1
    assert lenient.stdout.count(b"of the meter shop exists with kind") == 1
    (metric,) = collector.metrics("orders")
    assert [point.as_int for point in metric.sum.data_points] == [1]
    assert metric.sum.is_monotonic
