"""Ended spans without what must not leave the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import Link, SpanContext, Status, StatusCode

from ameide_telemetry.contract import names
from ameide_telemetry.redaction import RedactionPolicy, Redactor
from ameide_telemetry.traces.processors import RoutingSpanProcessor
from ameide_telemetry.traces.redaction import RedactingSpanProcessor

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "jane.doe@example.com"
EMAIL = "[redacted:email]"


class _Kept(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


def _ended(work: Callable[[Any], object], **arguments: Any) -> ReadableSpan:
    """Return a span that something was done to, as the next processor sees it."""
    provider, kept, route = TracerProvider(shutdown_on_exit=False), _Kept(), RoutingSpanProcessor()
    route.targets = (RedactingSpanProcessor(Redactor(RedactionPolicy())), kept)
    provider.add_span_processor(route)
    span = provider.get_tracer("test").start_span("work", **arguments)
    work(span)
    span.end()
    (ended,) = kept.spans
    return ended


def test_attributes_are_redacted_by_name_and_value() -> None:
    """Those of the start and those set later; sequences and names of attributes too."""
    span = _ended(
        lambda span: span.set_attributes({"password": "s3cret", "to": ["x", ADDRESS], ADDRESS: 1, "n": 2}),
        attributes={"url.full": f"https://u:p@h/x?mail={ADDRESS}"},
    )
    assert dict(span.attributes or {}) == {
        "url.full": "https://[redacted:credentials]@h/x?mail=[redacted:query]",
        "password": "[redacted:password]",
        "to": ("x", EMAIL),
        EMAIL: 1,
        "n": 2,
        names.SPAN_REDACTED: ("credentials=1", "email=2", "password=1", "query=1"),
    }


def test_events_links_and_the_status_are_redacted() -> None:
    """An exception's message and stack, the caller's events, and what the status says."""

    def work(span: Any) -> None:
        span.record_exception(ValueError(f"no {ADDRESS}"))
        span.add_event("sent", {"to": ADDRESS, "token": "t0ken"})
        span.set_status(Status(StatusCode.ERROR, f"no {ADDRESS}"))

    link = Link(SpanContext(1, 2, is_remote=True), {"who": ADDRESS})
    span = _ended(work, links=[link])
    failed, sent = span.events
    assert (failed.attributes or {})["exception.message"] == f"no {EMAIL}"
    assert ADDRESS not in str((failed.attributes or {})["exception.stacktrace"])
    assert dict(sent.attributes or {}) == {"to": EMAIL, "token": "[redacted:token]"}
    assert (sent.name, sent.timestamp) == ("sent", sent.timestamp)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, f"no {EMAIL}")
    assert dict(span.links[0].attributes or {}) == {"who": EMAIL}
    assert (span.attributes or {})[names.SPAN_REDACTED] == ("email=5", "token=1")


def test_a_clean_span_is_handed_on_as_it_is() -> None:
    """Nothing is copied, and no note is made; names and ids stay what they are."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    given = {"http.route": "/o/{id}", "session.id": "4111 1111 1111 1111", "order": trace}
    span = _ended(lambda span: span.add_event("done", {"n": 1}), attributes=given)
    assert dict(span.attributes or {}) == given
    assert span.name == "work"


def test_what_the_limits_dropped_stays_counted() -> None:
    """A redacted span has lost as many attributes and events as it had before."""

    def work(span: Any) -> None:
        for _ in range(130):
            span.add_event("sent", {"to": ADDRESS})

    span = _ended(work, attributes={f"a{number}": number for number in range(130)})
    assert (span.dropped_attributes, span.dropped_events, len(span.events)) == (2, 2, 128)
