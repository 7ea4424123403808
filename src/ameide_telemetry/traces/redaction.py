"""Redacts a span when it ends, before any processor behind this one sees it.

Attributes may be set at any time and by anybody, contrib instrumentations included; at the end all of them
are there and nothing changes any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, SpanProcessor
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, SpanContext, Status, TraceState

from ameide_telemetry.contract import names
from ameide_telemetry.export.scopes import Scopes
from ameide_telemetry.redaction.trace_state import redacted_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opentelemetry.sdk.trace import ReadableSpan

    from ameide_telemetry.redaction import Found, Redactor

__all__ = ["RedactingSpanProcessor"]

_REDACTED: Final = names.SPAN_REDACTED


class RedactingSpanProcessor(SpanProcessor):
    """Takes what must not leave the process out of all that a span holds.

    That is attributes, events, links, the status, the scope, and the `tracestate`.

    Names of spans and events stay: they group, and are the code's own.

    Args:
        redactor: of the process.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._scopes = Scopes(redactor)

    def on_end(self, span: ReadableSpan) -> None:
        """Replace what has to be; the span that is handed on is a copy of the SDK's own already."""
        # Private names (SDK 1.45): the public ones copy, and nothing else lets a processor change a span.
        found: Found = {}
        span._instrumentation_scope = self._scopes.shown(span._instrumentation_scope)  # noqa: SLF001
        attributes = self._attributes(span._attributes, found)  # noqa: SLF001
        if span._events:  # noqa: SLF001
            _replace(span, "_events", span._events, self._event, found)  # noqa: SLF001
        if span._links:  # noqa: SLF001
            _replace(span, "_links", span._links, self._link, found)  # noqa: SLF001
        context = span._context  # noqa: SLF001
        if context is not None and context.trace_state:
            span._context = self._context(context, found)  # noqa: SLF001
        status = span._status  # noqa: SLF001
        if status.description:
            description = self._redactor.text(status.description, found)
            if description is not status.description:
                span._status = Status(status.status_code, description)  # noqa: SLF001
        if found:
            notes = tuple(f"{kind}={count}" for kind, count in sorted(found.items()))
            changed = attributes if attributes is not None else dict(span.attributes or {})
            dropped = getattr(span._attributes, "dropped", 0)  # noqa: SLF001
            span._attributes = _bounded({**changed, _REDACTED: notes}, dropped)  # noqa: SLF001

    def _attributes(self, attributes: Any, found: Found) -> dict[str, Any] | None:
        """Return the attributes if any of them has to change."""
        if not attributes:
            return None
        # The SDK's own mapping is slow to walk; what is behind it changes no more.
        pairs: Mapping[str, Any] = attributes._dict if type(attributes) is BoundedAttributes else attributes  # noqa: SLF001
        field, title = self._redactor.field, self._redactor.name
        changed: dict[str, Any] = {}
        renamed: dict[str, str] = {}
        for name, value in pairs.items():
            shown, named = field(name, value, found), title(name, found)
            if shown is not value:
                changed[name] = shown
            if named is not name:
                renamed[name] = named
        if not found or not (changed or renamed):
            return None
        return {renamed.get(name, name): changed.get(name, value) for name, value in pairs.items()}

    def _event(self, event: Event, found: Found) -> Event:
        attributes = self._attributes(event.attributes, found)
        if attributes is None:
            return event
        return Event(event.name, _bounded(attributes, event.dropped_attributes), event.timestamp)

    def _link(self, link: Link, found: Found) -> Link:
        attributes = self._attributes(link.attributes, found)
        context = self._context(link.context, found)
        if attributes is None and context is link.context:
            return link
        bounded = link.attributes if attributes is None else _bounded(attributes, link.dropped_attributes)
        return Link(context, bounded)

    def _context(self, context: SpanContext, found: Found) -> SpanContext:
        """Return the ids of a span without what its `tracestate` may not hold."""
        state = context.trace_state
        if not state or type(state) is not TraceState:
            return context
        shown = redacted_state(state, self._redactor, found)
        if shown is state:
            return context
        return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags, shown)


def _replace(
    span: Any, place: str, parts: Iterable[Any], redact: Callable[[Any, Found], Any], found: Found
) -> None:
    before = dict(found)
    redacted = [redact(each, found) for each in parts]
    if found != before:
        listed: BoundedList[Any] = BoundedList.from_seq(None, redacted)
        listed.dropped = getattr(parts, "dropped", 0)
        setattr(span, place, listed)


def _bounded(attributes: dict[str, Any], dropped: int) -> BoundedAttributes:
    bounded = BoundedAttributes(attributes=attributes)
    bounded.dropped += dropped
    return bounded
