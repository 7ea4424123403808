"""What the tests of outgoing headers share: a policy, a parent span, and what arrives."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ameide_telemetry.context import bound_context
from ameide_telemetry.integrations.clients import ClientInstrumentation, instrument_clients
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

TRACE_ID = 0xABC
SAMPLED = trace.TraceFlags(1)
UNSAMPLED = trace.TraceFlags(0)
OURS = frozenset({"traceparent", "tracestate", "baggage"})


@contextmanager
def instrumented(
    *names: str, trace_hosts: tuple[str, ...] = ("internal",), baggage_hosts: tuple[str, ...] = ("internal",)
) -> Iterator[ClientInstrumentation]:
    """Instrument the named clients under a policy."""
    result = instrument_clients(
        TelemetrySettings(instrument=names, trace_hosts=trace_hosts, baggage_hosts=baggage_hosts)
    )
    try:
        yield result
    finally:
        result.undo()


@contextmanager
def inside_a_trace(flags: trace.TraceFlags = SAMPLED) -> Iterator[None]:
    """Be in a request of the tenant acme, in a trace that has a vendor's state."""
    state = trace.TraceState([("vendor", "secret")])
    parent = trace.SpanContext(TRACE_ID, 0xDEF, is_remote=True, trace_flags=flags, trace_state=state)
    token = otel_context.attach(trace.set_span_in_context(trace.NonRecordingSpan(parent)))
    try:
        with bound_context(tenant_id="acme"):
            yield
    finally:
        otel_context.detach(token)


def record_spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Make a provider the global one that keeps what ends."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


def ours(names: Iterable[str]) -> set[str]:
    """Return which of the headers of trace context and baggage are among these."""
    return {name.lower() for name in names} & OURS
