"""A `tracestate` on spans and links: members with personal data or secrets go, the others stay."""

from __future__ import annotations

from typing import Final

import pytest
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from ameide_telemetry.redaction import Found, RedactionPolicy, Redactor
from ameide_telemetry.redaction.trace_state import redacted_state
from ameide_telemetry.traces.redaction import RedactingSpanProcessor

REDACTOR = Redactor(RedactionPolicy())
STATES: Final[tuple[tuple[str, str | None, Found], ...]] = (
    ("vendor=anna@example.com,dd=s:1;o:rum", "dd=s:1;o:rum", {"email": 1}),
    ("a=1,vendor=x:+49301234567", "a=1", {"phone": 1}),
    ("token=abc123def456ghi7", "", {"token": 1}),
    (
        "33@nr=0-0-1349956-41346604-27ddd2d8890283b4-b28be285632bbc0a-1-1.1273-1569367663277",
        None,
        {},
    ),
    ("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7,es=s:0.5,ot=th:c8;rv:0f5d1a2b3c4d5e", None, {}),
)


@pytest.mark.parametrize(("header", "shown", "counts"), STATES)
def test_a_member_that_holds_something_goes_as_a_whole(header: str, shown: str | None, counts: Found) -> None:
    """What it held is counted by class; a state without any is the same object."""
    state, found = TraceState.from_header([header]), Found()
    redacted = redacted_state(state, REDACTOR, found)
    assert (redacted.to_header(), found) == (header if shown is None else shown, counts)
    assert (redacted is state) is (shown is None)


def test_spans_and_links_that_leave_have_no_such_member() -> None:
    """The ids stay, and the span says what was taken; the live one is what the application sees."""
    state = TraceState.from_header(["vendor=anna@example.com,dd=s:1"])
    caller = SpanContext(7, 9, is_remote=True, trace_flags=TraceFlags(1), trace_state=state)
    span = (
        TracerProvider()
        .get_tracer("t")
        .start_span("s", set_span_in_context(NonRecordingSpan(caller)), links=[Link(caller)])
    )
    assert isinstance(span, Span)
    ended = span._readable_span()
    RedactingSpanProcessor(REDACTOR).on_end(ended)
    assert ended.context is not None
    assert ended.context.trace_state.to_header() == "dd=s:1"
    assert (ended.context.trace_id, ended.context.span_id) == (7, span.get_span_context().span_id)
    assert [link.context.trace_state.to_header() for link in ended.links] == ["dd=s:1"]
    assert (ended.attributes or {})["ameide.redacted"] == ("email=2",)
