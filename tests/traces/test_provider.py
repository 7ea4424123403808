"""The tracer provider of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from ameide_telemetry import guard
from ameide_telemetry.context import bound_context
from ameide_telemetry.export import flush_all
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.resource import build_resource
from ameide_telemetry.settings import SpanLimits, TelemetrySettings
from ameide_telemetry.traces.provider import Traces, install
from support.collector import FakeCollector
from support.pipelines import collector_settings, deadline

if TYPE_CHECKING:
    from collections.abc import Iterator


def installed(settings: TelemetrySettings, ledger: Ledger | None = None) -> Traces:
    return install(settings, build_resource(settings), ledger or Ledger())


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    """Return a healthy collector."""
    with FakeCollector() as healthy:
        yield healthy


def test_spans_arrive_with_their_resource(collector: FakeCollector) -> None:
    """A span is delivered, counted, and says which service it is from."""
    ledger = Ledger()
    handle = installed(collector_settings(collector), ledger)
    assert handle.origin == "owned"
    assert trace.get_tracer_provider() is handle.provider
    with handle.tracer("test", "1.0").start_as_current_span("work"):
        assert trace.get_current_span().is_recording()
    assert flush_all([handle.pipeline], 10).traces.delivered == 1
    (resource,) = collector.resources("traces")
    attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert attributes["service.name"] == "orders"
    assert ledger.traces.counts()["delivered"] == 1
    assert handle.pipeline is not None
    handle.pipeline.shutdown(deadline(5))
    handle.undo()


def test_a_tracer_made_before_everything_works(collector: FakeCollector) -> None:
    """Libraries ask for their tracer at import; it wakes up with the provider."""
    early = trace.get_tracer("library")
    early.start_span("lost").end()
    handle = installed(collector_settings(collector))
    early.start_span("kept").end()
    assert handle.pipeline is not None
    assert handle.pipeline.shutdown(deadline(10)).delivered == 1


def test_init_shutdown_init(collector: FakeCollector) -> None:
    """A module-level tracer goes on with the next installation: its resource, limits and pipeline."""
    first = installed(collector_settings(collector))
    tracer = first.tracer("module level")
    with FakeCollector() as other:
        assert first.pipeline is not None
        first.pipeline.shutdown(deadline(5))
        first.undo()
        limits = SpanLimits(max_span_attributes=1, max_attribute_length=3)
        second = installed(collector_settings(other, namespace="shop", traces={"limits": limits}))
        assert second.provider is first.provider
        tracer.start_span("work", attributes={"a": "1", "b": "2"}).end()
        assert second.pipeline is not None
        assert second.pipeline.shutdown(deadline(10)).delivered == 1
        assert [len(span.attributes) for span in other.spans()] == [1]
        (resource,) = other.resources("traces")
        assert "service.namespace" in {each.key for each in resource.resource.attributes}
        assert collector.count("traces") == 0


def test_the_sampler_follows_the_settings(collector: FakeCollector) -> None:
    """A second installation may sample otherwise; tracers of the first one obey."""
    first = installed(collector_settings(collector))
    tracer = first.tracer("module level")
    assert tracer.start_span("a").get_span_context().trace_flags.sampled
    first.undo()
    second = installed(collector_settings(collector, traces={"sampler": "always_off"}))
    assert not tracer.start_span("b").get_span_context().trace_flags.sampled
    assert second.pipeline is not None
    assert second.pipeline.status()["counts"]["emitted"] == 0


def test_late_spans_are_counted(collector: FakeCollector) -> None:
    """Spans that end after the shutdown are dropped and counted; context is not copied any more."""
    ledger = Ledger()
    handle = installed(collector_settings(collector), ledger)
    assert handle.pipeline is not None
    tracer, early = handle.tracer("test"), handle.tracer("test").start_span("early")
    handle.pipeline.shutdown(deadline(5))
    handle.undo()
    early.end()
    with bound_context(tenant_id="acme"):
        late: Any = tracer.start_span("late")
        late.end()
    assert ledger.traces.counts()["dropped_by_reason"] == {"after_shutdown": 2}
    assert not late.attributes


def test_without_an_exporter_spans_exist_and_go_nowhere() -> None:
    """Ids and context are there for the lines; nothing is queued, counted or started."""
    ledger = Ledger()
    handle = installed(TelemetrySettings(), ledger)
    with bound_context(tenant_id="acme"):
        span: Any = handle.tracer("test").start_span("work")
    span.end()
    assert span.get_span_context().is_valid
    assert span.attributes["tenant_id"] == "acme"
    assert (handle.origin, handle.pipeline) == ("owned", None)
    assert flush_all([handle.pipeline], 1)
    assert ledger.traces.counts()["emitted"] == 0
    handle.undo()


@pytest.mark.parametrize("change", [{"disabled": True}, {"traces": {"enabled": False}}])
def test_disabled_installs_nothing(change: dict[str, Any], collector: FakeCollector) -> None:
    """Tracers work and make spans that record nothing."""
    handle = installed(collector_settings(collector, **change))
    assert handle.origin == "disabled"
    assert not handle.tracer("test").start_span("work").is_recording()
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    handle.undo()


def test_an_operators_provider_is_adopted(collector: FakeCollector) -> None:
    """It keeps its exporters and gets our context, switched on and off and never twice."""
    theirs = TracerProvider(shutdown_on_exit=False)
    trace.set_tracer_provider(theirs)
    for _ in range(2):
        handle = installed(collector_settings(collector))
        assert (handle.origin, handle.provider, handle.pipeline) == ("adopted", theirs, None)
        with bound_context(tenant_id="acme"):
            on: Any = handle.tracer("test").start_span("work")
            handle.undo()
            off: Any = handle.tracer("test").start_span("work")
        assert on.attributes["tenant_id"] == "acme"
        assert not off.attributes
    assert len(theirs._active_span_processor._span_processors) == 1


def test_a_foreign_provider_is_left_alone(collector: FakeCollector) -> None:
    """One that takes no processors cannot be joined; that is said and nothing is installed."""
    guard.reset()
    theirs = trace.NoOpTracerProvider()
    trace.set_tracer_provider(theirs)
    handle = installed(collector_settings(collector))
    assert (handle.origin, handle.provider) == ("disabled", theirs)
    assert guard.counts() == {"traces.provider_foreign": 1}
