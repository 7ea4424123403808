"""Context copied onto spans, ended spans handed on."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, AlwaysRecordSampler, Sampler

from ameide_telemetry import guard
from ameide_telemetry.context import Bindings, activate, bind_context, with_bindings
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.ledger import SignalLedger
from ameide_telemetry.traces import processors
from ameide_telemetry.traces.processors import ContextSpanProcessor, ExportSpanProcessor, RoutingSpanProcessor
from support.pipelines import ScriptedSender, deadline, scripted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    token = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(token)


def tracer(*targets: SpanProcessor, sampler: Sampler | None = None) -> Any:
    """Return a tracer whose spans go through a route to the targets."""
    provider = TracerProvider(shutdown_on_exit=False, sampler=sampler)
    route = RoutingSpanProcessor()
    route.targets = targets
    provider.add_span_processor(route)
    return provider.get_tracer("test")


def test_bound_values_are_on_every_span_of_the_work() -> None:
    """Tenant in both spellings, request and session id."""
    bind_context(tenant_id="acme", request_id="r1", session_id="s1")
    span = tracer(ContextSpanProcessor()).start_span("work")
    assert dict(span.attributes) == {
        "tenant_id": "acme",
        "saas.tenant": "acme",
        "request_id": "r1",
        "ameide.session_id": "s1",
    }


def test_a_value_bound_later_reaches_the_open_spans_and_not_the_ended_ones() -> None:
    """The bindings know which spans are open."""
    activate(Bindings())
    make = tracer(ContextSpanProcessor())
    open_span, ended = make.start_span("open"), make.start_span("ended")
    ended.end()
    bind_context(tenant_id="acme")
    assert open_span.attributes["tenant_id"] == "acme"
    assert "tenant_id" not in ended.attributes
    open_span.end()


def test_the_parent_context_comes_before_the_current_one() -> None:
    """A span started for an extracted context belongs to the work of that context."""
    bind_context(tenant_id="current")
    processor = ContextSpanProcessor()
    extracted = with_bindings(Bindings({"tenant_id": "extracted"}), otel_context.Context())
    assert tracer(processor).start_span("a", context=extracted).attributes["tenant_id"] == "extracted"
    empty = otel_context.Context()
    assert tracer(processor).start_span("b", context=empty).attributes["tenant_id"] == "current"


def test_a_span_without_any_work_around_it_has_nothing() -> None:
    """No bindings, no attributes, nothing remembered."""
    processor = ContextSpanProcessor()
    span = tracer(processor).start_span("alone")
    assert not span.attributes
    span.end()


def test_a_span_that_ends_elsewhere_is_forgotten_too() -> None:
    """The bindings of its start do not keep a span that another context ends."""
    bindings = Bindings({"tenant_id": "acme"})
    processor = ContextSpanProcessor()
    span = tracer(processor).start_span("stream", context=with_bindings(bindings, otel_context.Context()))
    assert bindings._open_spans
    contextvars.Context().run(span.end)
    assert not bindings._open_spans
    assert not processor._open


def test_spans_that_never_end_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of open spans is bounded."""
    monkeypatch.setattr(processors, "_MAX_OPEN", 10)
    bind_context(tenant_id="acme")
    processor = ContextSpanProcessor()
    make = tracer(processor)
    spans = [make.start_span("lost") for _ in range(25)]
    assert len(processor._open) <= 10
    for span in spans:
        span.end()
    assert not processor._open


def pipeline() -> QueuePipeline:
    return QueuePipeline(
        "traces",
        ledger=SignalLedger(),
        destination=scripted(ScriptedSender()),
        delay=60,
        max_queue_size=100,
        max_batch_size=100,
    )


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [(lambda: None, 1), (lambda: ALWAYS_OFF, 0), (lambda: AlwaysRecordSampler(ALWAYS_OFF), 0)],
)
def test_only_sampled_spans_are_exported(sampler: Callable[[], Sampler | None], expected: int) -> None:
    """Dropped and record-only spans are neither queued nor counted."""
    sent = pipeline()
    tracer(ExportSpanProcessor(sent), sampler=sampler()).start_span("work").end()
    assert sent.status()["counts"]["emitted"] == expected
    assert sent.shutdown(deadline(5)).delivered == expected


def test_the_route_can_be_switched_under_an_existing_tracer() -> None:
    """Tracers keep the route; what stands behind it changes at once."""
    route = RoutingSpanProcessor()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(route)
    make = provider.get_tracer("module level")
    first, second = pipeline(), pipeline()
    for target in (first, second):
        route.targets = (ExportSpanProcessor(target),)
        make.start_span("work").end()
    provider.shutdown()
    assert provider.force_flush()
    assert first.shutdown(deadline(5)).delivered == 1
    assert second.shutdown(deadline(5)).delivered == 1


def test_a_failing_target_does_not_reach_the_service() -> None:
    """Starting and ending a span never raises, and the other targets are told."""

    class Broken(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise ValueError("start")

        def on_end(self, span: Any) -> None:
            raise ValueError("end")

    guard.reset()
    sent = pipeline()
    guard.reraise_in_tests(False)
    try:
        tracer(Broken(), ExportSpanProcessor(sent)).start_span("work").end()
    finally:
        guard.reraise_in_tests("auto")
    assert guard.counts() == {"traces.on_end": 1, "traces.on_start": 1}
    assert sent.shutdown(deadline(5)).delivered == 1
