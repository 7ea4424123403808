"""What is said of calls that did not pass as they should, on stories made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from ameide_telemetry.testing.passages import Passage, _Listener, _running
from ameide_telemetry.testing.propagated import Story, check_not_propagated, check_propagated
from ameide_telemetry.testing.query import TelemetryAssertionError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from testing.conftest import Made

_STRANGER = "api.partner.example"


def _parent(span: Any) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def _id(span: Any) -> str:
    return f"{span.get_span_context().span_id:016x}"


@pytest.fixture
def call(made: Made) -> tuple[Passage, Passage]:
    """A request of the test to `a`, and the call of `b` that it made."""
    start = made.tracer.start_as_current_span
    with (
        start("GET /a", kind=SpanKind.SERVER) as one,
        start("GET", kind=SpanKind.CLIENT) as client,
        start("GET /b", kind=SpanKind.SERVER) as two,
    ):
        pass
    outside = Passage("a", "GET", "/a", {}, driven=True, span_id=_id(one))
    headers = {"traceparent": _parent(client), "baggage": "tenant_id=acme"}
    inside = Passage("b", "GET", "/b", headers, driven=False, span_id=_id(two), arrived={"tenant_id": "acme"})
    return outside, inside


def _told(text: str) -> AbstractContextManager[Any]:
    return pytest.raises(TelemetryAssertionError, match=text)


def _story(made: Made, *passages: Passage) -> Story:
    return Story(made.spans, passages, (_STRANGER,))


def test_a_whole_chain_is_fine(made: Made, call: tuple[Passage, Passage]) -> None:
    """Server span, client span, server span in one trace, and the tenant with it."""
    check_propagated(_story(made, *call), "acme", None)


def test_foreign_baggage_that_arrives_is_told(made: Made, call: tuple[Passage, Passage]) -> None:
    """A server span that starts with baggage that the contract does not know is wrong."""
    call[1].foreign = ("color",)
    with _told("GET /b of b: took baggage that the contract does not know: color"):
        check_propagated(_story(made, *call), None, None)


@pytest.mark.parametrize("header", ["traceparent", "tracestate", "baggage"])
def test_a_host_outside_that_is_told_anything_is_told(
    made: Made, call: tuple[Passage, Passage], header: str
) -> None:
    """Each of the three headers is too much for a host that the settings do not name."""
    paid = Passage(_STRANGER, "POST", "/pay", {header: "x"}, driven=False)
    with _told(f"POST /pay of {_STRANGER}: {header} was sent to a host outside"):
        check_propagated(_story(made, *call, paid), None, None)


def test_hosts_outside_alone_are_no_calls(made: Made) -> None:
    """What goes to hosts outside is no call of an application."""
    with _told("no application has called another one"):
        check_propagated(_story(made, Passage(_STRANGER, "GET", "/", {}, driven=False)), None, None)


def test_missing_and_malformed_traceparent_are_told_apart(made: Made, call: tuple[Passage, Passage]) -> None:
    """A client that carries nothing is another mistake than one that carries nonsense."""
    call[1].headers = {}
    with _told("traceparent did not arrive"):
        check_propagated(_story(made, *call), None, None)
    call[1].headers = {"traceparent": "nonsense"}
    with _told('traceparent is malformed: "nonsense"'):
        check_propagated(_story(made, *call), None, None)


def test_a_parent_that_is_not_the_client_span_is_told(made: Made, call: tuple[Passage, Passage]) -> None:
    """The call's own client span is the parent: not the server span above it, and no unknown one."""
    server = made.spans.one("GET /a")
    call[1].headers = {"traceparent": f"00-{server.trace_id}-{server.span_id}-01"}
    with _told("names the server span 'GET /a': the call has no client span") as told:
        check_propagated(_story(made, *call), None, None)
    client = made.spans.one("GET").span_id
    assert f"the parent of b's server span is {client}" in str(told.value)
    call[1].headers = {"traceparent": f"00-{server.trace_id}-{'9' * 16}-01"}
    with _told("which is no ended span of this test"):
        check_propagated(_story(made, *call), None, None)


def test_a_client_span_of_nobody_is_told(made: Made, call: tuple[Passage, Passage]) -> None:
    """A client span that stands below no server span has lost the context of its caller."""
    with _told("is below no server span: the caller's context was lost"):
        check_propagated(_story(made, call[1]), None, None)


def test_a_trace_of_its_own_is_told(made: Made, call: tuple[Passage, Passage]) -> None:
    """A server span that begins a trace of its own is what an edge has, and nobody else."""
    with made.tracer.start_as_current_span("GET /new", kind=SpanKind.SERVER) as own:
        pass
    call[1].span_id, call[1].arrived = _id(own), {}
    with _told("b has begun trace"):
        check_propagated(_story(made, *call), None, None)
    check_not_propagated(_story(made, *call), "b")
    call[1].arrived = {"tenant_id": "acme"}
    with _told("took tenant_id of its caller"):
        check_not_propagated(_story(made, *call), "b")


def test_values_that_are_missing_or_others_are_told(made: Made, call: tuple[Passage, Passage]) -> None:
    """Each value that is expected is compared with what arrived."""
    with _told('tenant_id: "acme" arrived, expected "globex"') as told:
        check_propagated(_story(made, *call), "globex", "req-1")
    assert 'request_id did not arrive, expected "req-1"' in str(told.value)


def test_baggage_that_a_server_span_starts_with_is_noted(made: Made) -> None:
    """What the contract knows is kept with its value, and of everything else the key."""
    passage = Passage("b", "GET", "/b", {}, driven=False)
    context = baggage.set_baggage("color", "red", baggage.set_baggage("tenant_id", "acme", Context()))
    span: Any = made.tracer.start_span("GET /b", kind=SpanKind.SERVER)
    token = _running.set(passage)
    try:
        _Listener().on_start(span, context)
    finally:
        _running.reset(token)
    assert (passage.span_id, passage.arrived, passage.foreign) == (
        _id(span),
        {"tenant_id": "acme"},
        ("color",),
    )
