"""The meter provider of the process, end to end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from ameide_telemetry import guard
from ameide_telemetry.context import bound_context
from ameide_telemetry.exceptions import InstrumentError
from ameide_telemetry.export import flush_all
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.metrics import provider as room
from ameide_telemetry.metrics.provider import Metrics, install
from ameide_telemetry.resource import build_resource
from ameide_telemetry.settings import TelemetrySettings
from support.collector import FakeCollector
from support.pipelines import collector_settings, deadline, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]


def installed(settings: TelemetrySettings, ledger: Ledger | None = None) -> Metrics:
    return install(settings, build_resource(settings), ledger or Ledger())


def finished(handle: Metrics) -> None:
    assert handle.pipeline is not None
    handle.pipeline.shutdown(deadline(10))
    handle.undo()


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    """Return a healthy collector."""
    with FakeCollector() as healthy:
        yield healthy


def test_measurements_arrive_with_their_resource(collector: FakeCollector) -> None:
    """A flush collects now and delivers; points are counted, and the service is named."""
    ledger = Ledger()
    handle = installed(collector_settings(collector), ledger)
    assert handle.origin == "owned"
    assert metrics.get_meter_provider() is handle.provider
    handle.meter("test", "1.0").create_counter("requests").add(3, {"route": "/"})
    assert flush_all([handle.pipeline], 10).metrics.delivered == 1
    assert [point.as_int for point in collector.points("requests")] == [3]
    (resource,) = collector.resources("metrics")
    assert "orders" in {each.value.string_value for each in resource.resource.attributes}
    assert ledger.metrics.counts()["delivered"] == 1
    finished(handle)


def test_the_interval_sends_without_a_flush(collector: FakeCollector) -> None:
    """The worker starts with the installation and collects again and again."""
    handle = installed(collector_settings(collector, metrics={"interval": 0.02}))
    handle.meter("test").create_counter("requests").add(1)
    assert wait_until(lambda: collector.count("metrics") >= 2)
    finished(handle)


def test_a_flush_with_nothing_measured_is_ok(collector: FakeCollector) -> None:
    """Nothing to send is no failure, and no request."""
    handle = installed(collector_settings(collector))
    result = flush_all([handle.pipeline], 10).metrics
    assert (result.ok, result.delivered) == (True, 0)
    assert collector.attempts == 0
    finished(handle)


def test_shutdown_sends_once_more_and_once_only(collector: FakeCollector) -> None:
    """A short script that never reaches the interval loses nothing."""
    handle = installed(collector_settings(collector))
    handle.meter("test").create_counter("requests").add(1)
    finished(handle)
    assert collector.count("metrics") == 1


def test_a_refused_collector_makes_the_flush_false(collector: FakeCollector) -> None:
    """The points are counted as lost; a later flush reports the sums again, as they are cumulative."""
    ledger = Ledger()
    otlp = {"timeout": 0.3}
    handle = installed(collector_settings(collector, metrics=otlp), ledger)
    handle.meter("test").create_counter("requests").add(7)
    collector.mode = "refused"
    result = flush_all([handle.pipeline], 10).metrics
    assert (result.ok, result.error, result.dropped) == (False, "connection_refused", 1)
    collector.mode = "ok"
    assert flush_all([handle.pipeline], 10).metrics.delivered == 1
    assert [point.as_int for point in collector.points("requests")] == [7]
    finished(handle)


def test_a_duration_keeps_its_own_buckets(collector: FakeCollector) -> None:
    """Advisory boundaries of the instrument are what is exported."""
    handle = installed(collector_settings(collector))
    histogram = handle.meter("test").create_histogram(
        "http.server.request.duration", unit="s", explicit_bucket_boundaries_advisory=_BUCKETS
    )
    histogram.record(0.03)
    finished(handle)
    (point,) = collector.points("http.server.request.duration")
    assert list(point.explicit_bounds) == _BUCKETS


def test_an_exemplar_leads_to_its_trace_and_to_nothing_else(collector: FakeCollector) -> None:
    """A measurement in a sampled span has its ids; attributes that were taken off do not come back there."""
    handle = installed(collector_settings(collector, metrics={"cardinality_limit": 2}))
    histogram = handle.meter("test").create_histogram("duration")
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    with tracer.start_as_current_span("request") as span, bound_context(tenant_id="acme"):
        histogram.record(0.5, {"route": "/", "tenant_id": "acme", "request_id": "r1"})
        histogram.record(0.5, {"route": "/overflow", "tenant_id": "acme"})
    finished(handle)
    points = list(collector.points("duration"))
    exemplars = [exemplar for point in points for exemplar in point.exemplars]
    assert len(exemplars) == 2
    for exemplar in exemplars:
        assert int.from_bytes(exemplar.trace_id) == span.get_span_context().trace_id
        assert not exemplar.filtered_attributes
    assert "acme" not in str(points)


@pytest.mark.parametrize(
    ("exemplar_filter", "expected"), [("trace_based", 0), ("always_on", 1), ("always_off", 0)]
)
def test_the_exemplar_filter_follows_the_settings(
    exemplar_filter: str, expected: int, collector: FakeCollector
) -> None:
    """In an unsampled span only `always_on` takes one, also for a second installation."""
    finished(installed(collector_settings(collector)))
    handle = installed(collector_settings(collector, metrics={"exemplar_filter": exemplar_filter}))
    tracer = TracerProvider(shutdown_on_exit=False, sampler=ALWAYS_OFF).get_tracer("test")
    with tracer.start_as_current_span("request"):
        handle.meter("test").create_histogram("duration").record(1)
    finished(handle)
    (point,) = collector.points("duration")
    assert len(point.exemplars) == expected


@pytest.mark.parametrize("limit", [10, 3000])
def test_the_cap_is_exported(limit: int, collector: FakeCollector) -> None:
    """At most so many points leave, whichever cap the SDK has itself, and no measurement is lost."""
    handle = installed(collector_settings(collector, metrics={"cardinality_limit": limit}))
    counter = handle.meter("test").create_counter("requests")
    for number in range(20_000):
        counter.add(1, {"host": str(number)})
    finished(handle)
    points = collector.last_points("requests")
    assert len(points) == limit
    assert sum(point.as_int for point in points) == 20_000


@pytest.mark.parametrize(
    ("temporality", "expected"), [("cumulative", [1, 3]), ("delta", [1, 2]), ("lowmemory", [1, 2])]
)
def test_the_temporality_follows_the_settings(
    temporality: str, expected: list[int], collector: FakeCollector
) -> None:
    """Sums since the start, or since the last export."""
    handle = installed(collector_settings(collector, metrics={"temporality": temporality}))
    counter = handle.meter("test").create_counter("requests")
    counter.add(1)
    flush_all([handle.pipeline], 10)
    counter.add(2)
    finished(handle)
    assert [point.as_int for point in collector.points("requests")] == expected


def test_the_histogram_aggregation_follows_the_settings(collector: FakeCollector) -> None:
    """Exponential histograms on request."""
    change = {"histogram_aggregation": "base2_exponential_bucket_histogram"}
    handle = installed(collector_settings(collector, metrics=change))
    handle.meter("test").create_histogram("duration").record(1)
    finished(handle)
    (metric,) = collector.metrics("duration")
    assert metric.WhichOneof("data") == "exponential_histogram"


def test_init_shutdown_init(collector: FakeCollector) -> None:
    """Instruments made at import go on with the next installation, from zero, with its resource."""
    counter = metrics.get_meter("library").create_counter("requests")
    first = installed(collector_settings(collector))
    counter.add(5)
    finished(first)
    counter.add(100)  # nobody measures now
    second = installed(collector_settings(collector, namespace="shop"))
    assert second.provider is first.provider
    counter.add(1)
    finished(second)
    first.undo()
    assert [point.as_int for point in collector.points("requests")] == [5, 1]
    newest = list(collector.resources("metrics"))[-1]
    assert "service.namespace" in {each.key for each in newest.resource.attributes}


def test_a_second_installation_takes_over(collector: FakeCollector) -> None:
    """Without an undo in between the first pipeline gets nothing more; its handle undoes nothing of ours."""
    first = installed(collector_settings(collector))
    second = installed(collector_settings(collector))
    first.undo()
    second.meter("test").create_counter("requests").add(1)
    assert flush_all([first.pipeline], 10).metrics.delivered == 0
    finished(second)
    finished(first)
    assert collector.count("metrics") == 1


def test_runtime_metrics_on_request(collector: FakeCollector) -> None:
    """They come with the setting, go with it, and are not made twice."""
    for wanted in (True, True, False):
        collector.requests["metrics"].clear()
        handle = installed(collector_settings(collector, metrics={"runtime": wanted}))
        finished(handle)
        assert bool(list(collector.metrics("process.memory.usage"))) is wanted


def test_without_an_exporter_measuring_is_a_no_op() -> None:
    """The provider is there, nothing is kept, and no thread runs."""
    handle = installed(TelemetrySettings())
    assert (handle.origin, handle.pipeline) == ("owned", None)
    handle.meter("test").create_counter("requests").add(1)
    assert flush_all([handle.pipeline], 1)
    handle.undo()


@pytest.mark.parametrize("change", [{"disabled": True}, {"metrics": {"enabled": False}}])
def test_disabled_installs_nothing(change: dict[str, Any], collector: FakeCollector) -> None:
    """Meters work and measure nothing."""
    handle = installed(collector_settings(collector, **change))
    assert handle.origin == "disabled"
    handle.meter("test").create_counter("requests").add(1)
    handle.undo()


def test_an_operators_provider_is_adopted(collector: FakeCollector) -> None:
    """It is left as it is; our own instruments report to it."""
    theirs = MeterProvider(shutdown_on_exit=False)
    metrics.set_meter_provider(theirs)
    handle = installed(collector_settings(collector))
    assert (handle.origin, handle.provider, handle.pipeline) == ("adopted", theirs, None)
    handle.undo()


def test_a_foreign_provider_is_left_alone(collector: FakeCollector) -> None:
    """One that takes no readers cannot be joined; that is counted."""
    guard.reset()
    metrics.set_meter_provider(metrics.NoOpMeterProvider())
    assert installed(collector_settings(collector)).origin == "disabled"
    assert guard.counts() == {"metrics.provider_foreign": 1}


def test_an_sdk_without_the_private_name_still_exports(
    collector: FakeCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is bounded by us, which is counted, and metrics arrive."""
    guard.reset()

    bounded: Any = room._bounded

    def unbounded(_: Any, on_first_use: Any) -> Any:
        return bounded(object(), on_first_use)

    monkeypatch.setattr(room, "_bounded", unbounded)
    handle = installed(collector_settings(collector))
    handle.meter("test").create_counter("requests").add(1)
    assert handle._owned is not None
    handle._owned.after_fork()
    finished(handle)
    assert collector.count("metrics") == 1
    assert guard.counts() == {"metrics.unbounded": 1}


def test_a_callback_that_hangs_costs_its_own_metric_only(collector: FakeCollector) -> None:
    """The others are collected and sent; it is back when it has returned."""
    guard.reset()
    handle = installed(collector_settings(collector, metrics={"timeout": 0.5}))
    meter, release = handle.meter("test"), threading.Event()

    def observe(_: Any) -> list[metrics.Observation]:
        release.wait(30)
        return [metrics.Observation(1)]

    meter.create_observable_gauge("slow", [observe])
    meter.create_observable_gauge("next", [lambda _: [metrics.Observation(2)]])
    meter.create_counter("requests").add(3)
    for _ in range(2):
        assert flush_all([handle.pipeline], 10).metrics.ok
    assert [list(collector.metrics(name)) != [] for name in ("slow", "next", "requests")] == [
        False,
        True,
        True,
    ]
    assert guard.counts()["metrics.callback_blocked"] == 1
    release.set()
    assert wait_until(lambda: flush_all([handle.pipeline], 10) and list(collector.metrics("slow")))
    finished(handle)


def test_what_contradicts_at_start_is_refused_at_once_where_settings_are_strict(
    collector: FakeCollector,
) -> None:
    """Instruments that modules made before are one error, which names them all; the second try starts."""
    library = metrics.get_meter("library")
    library.create_counter("requests", unit="1").add(1)
    library.create_counter("requests", unit="{request}").add(1)
    library.create_histogram("requests", unit="1")
    fine = library.create_counter("fine")
    with pytest.raises(InstrumentError) as caught:
        installed(collector_settings(collector, strict=True))
    assert "2 wrong instruments" in str(caught.value)
    assert "the instrument requests of the meter library exists with unit '1', not" in str(caught.value)
    handle = installed(collector_settings(collector, strict=True))
    fine.add(1)
    finished(handle)
    assert [point.as_int for point in collector.points("fine")] == [1]


def test_a_restart_is_visible_by_its_start_time(collector: FakeCollector) -> None:
    """The sum begins anew, and so does its start time, so that no reader takes it for a fall."""
    counter = metrics.get_meter("library").create_counter("requests")
    for _ in range(2):
        handle = installed(collector_settings(collector))
        counter.add(5)
        assert flush_all([handle.pipeline], 10)
        counter.add(1)
        finished(handle)
    points = list(collector.points("requests"))
    assert [point.as_int for point in points] == [5, 6, 5, 6]
    starts = [point.start_time_unix_nano for point in points]
    assert starts[0] == starts[1] < points[1].time_unix_nano < starts[2] == starts[3]


def test_a_metric_that_cannot_be_encoded_stops_no_other(collector: FakeCollector) -> None:
    """2**63, a surrogate in a description, in a name, a unit, a scope: the good counter keeps arriving."""
    guard.reset()
    handle = installed(collector_settings(collector))
    good = handle.meter("test").create_counter("good")
    handle.meter("test").create_counter("huge").add(2**63)
    handle.meter("test").create_counter("described", description="\ud800").add(1)
    handle.meter("\ud800", "\ud801").create_counter("scoped\ud800", "\ud800").add(1, {"\ud800": "\ud800"})
    for round_ in (1, 2):
        good.add(1)
        assert flush_all([handle.pipeline], 10).metrics.ok
        assert [point.as_int for point in collector.last_points("good")] == [round_]
    assert [metric.name for metric in collector.metrics("scoped_")] == ["scoped_"] * 2
    finished(handle)


def test_another_reader_in_a_forked_child_begins_at_zero_without_an_exporter_of_ours() -> None:
    """What the service's own reader finds there is the child's."""
    handle = installed(TelemetrySettings())
    reader = InMemoryMetricReader()
    handle.provider.add_metric_reader(reader)  # type: ignore[attr-defined]
    counter = handle.meter("test").create_counter("requests")
    counter.add(100)
    assert handle._owned is not None
    assert handle._owned.consumer is not None
    handle._owned.consumer._pid = -1
    counter.add(1)
    data = reader.get_metrics_data()
    assert data is not None
    (point,) = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    assert getattr(point, "value", None) == 1
