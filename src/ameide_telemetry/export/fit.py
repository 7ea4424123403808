"""A span or log record -> the same object when it can be sent, else a repaired copy; and what it weighs.

A record that cannot be encoded takes its whole batch with it, and one that is larger than what a collector
accepts in one request takes the batch along as well. So every record is looked at before it is queued:
text that UTF-8 cannot hold gets U+FFFD, what OTLP has no type for becomes text or its default, and a record
of more than 1 MiB is trim until it fits, which `ameide.truncated_bytes` on it says.

The look costs a microsecond or two: `str.isascii` takes constant time, and most text is ASCII.
"""

from __future__ import annotations

import dataclasses
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState

from ameide_telemetry import guard
from ameide_telemetry.export.trim import MAX_DEPTH, MAX_RECORD, TRUNCATED, TooLargeError, Trim, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["fit_log_record", "fit_span"]

_SITE: Final = guard.site("export.fit")
# What a record occupies beside its texts, measured with tracemalloc (CPython 3.11, SDK 1.45).
_SPAN: Final = 2_700
_RECORD: Final = 900
_PART: Final = 640
_PAIR: Final = 100
_ITEM: Final = 16
_FIXED: Final = frozenset({bool, float, type(None)})
_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**63
_MAX_TIME: Final = 2**64
_CAPS: Final = (262_144, 65_536, 16_384, 4_096, 1_024, 256)
_TOO_LARGE: Final = MAX_RECORD + 1
# Scopes that were looked at. They live as long as their tracers, which is as long as the process mostly.
_MAX_SCOPES: Final = 256
_fit_scopes: Final[dict[int, InstrumentationScope]] = {}


class _UnfitError(ValueError):
    """The record needs a repair."""


# What the look at a record raises when something in it is not as it should be; lone surrogates: ValueError.
_ODD: Final = (ValueError, TypeError, AttributeError, RuntimeError)


def fit_span(span: ReadableSpan) -> tuple[ReadableSpan, int]:
    """Return an ended span in a form that can be sent, and its bytes of memory, estimated."""
    try:
        size = _span_size(span)
    except _ODD:
        size = _TOO_LARGE
    if size <= MAX_RECORD:
        return span, size
    return _SITE.call(_repaired, _trimmed_span, span) or (span, MAX_RECORD)


def fit_log_record(record: Any) -> tuple[Any, int]:
    """Return a `ReadableLogRecord` in a form that can be sent, and its bytes of memory, estimated."""
    try:
        size = _log_size(record)
    except _ODD:
        size = _TOO_LARGE
    if size <= MAX_RECORD:
        return record, size
    return _SITE.call(_repaired, _trimmed_log_record, record) or (record, MAX_RECORD)


def _span_size(span: Any) -> int:
    # The public properties of a span copy, or lock, or both.
    name, attributes, status = span._name, span._attributes, span._status  # noqa: SLF001
    start, end, scope = span._start_time, span._end_time, span._instrumentation_scope  # noqa: SLF001
    if (
        type(span._kind) is not SpanKind  # noqa: SLF001
        or type(span._context.trace_state) is not TraceState  # noqa: SLF001
        or not (type(start) is int and type(end) is int and 0 <= start < _MAX_TIME and 0 <= end < _MAX_TIME)
        or type(status.status_code) is not StatusCode
    ):
        raise _UnfitError
    size = _SPAN + (len(name) if type(name) is str and name.isascii() else _text_size(name))
    if attributes:
        size += _attributes_size(attributes)
    if status.description is not None:
        size += _text_size(status.description)
    if span._events:  # noqa: SLF001
        size += sum(map(_event_size, span.events))
    if span._links:  # noqa: SLF001
        size += sum(map(_link_size, span.links))
    if _fit_scopes.get(id(scope)) is not scope:
        _look_at_scope(scope)
    return size


def _event_size(event: Event) -> int:
    if not _is_time(event.timestamp):
        raise _UnfitError
    return _PART + _text_size(event.name) + _attributes_size(event.attributes)


def _link_size(link: Link) -> int:
    if not _is_context(link.context):
        raise _UnfitError
    return _PART + _attributes_size(link.attributes)


def _log_size(record: Any) -> int:
    log = record.log_record
    if (
        not (_is_time(log.timestamp) and _is_time(log.observed_timestamp))
        or not _are_ids(log.trace_id, log.span_id)
        or not issubclass(type(log.trace_flags), int)
    ):
        raise _UnfitError
    size = _RECORD + _value_size(log.body, 0) + _attributes_size(log.attributes)
    for text in (log.severity_text, log.event_name):
        if text is not None:
            size += _text_size(text)
    scope = record.instrumentation_scope
    if _fit_scopes.get(id(scope)) is not scope:
        _look_at_scope(scope)
    return size


def _look_at_scope(scope: InstrumentationScope | None) -> None:
    if scope is None:
        return
    for text in (scope.name, scope.version, scope.schema_url):
        if text is not None:
            _text_size(text)
    if len(_fit_scopes) < _MAX_SCOPES:
        _fit_scopes[id(scope)] = scope


def _attributes_size(attributes: Any) -> int:
    if attributes is None:
        return 0
    # The SDK's own mapping is slow to walk; what is behind it changes no more.
    pairs: dict[str, Any] = attributes._dict if type(attributes) is BoundedAttributes else attributes.copy()  # noqa: SLF001
    keys = "".join(pairs)
    size = len(pairs) * _PAIR + (len(keys) if keys.isascii() else _keys_size(pairs))
    for value in pairs.values():
        kind = type(value)
        if kind is str and value.isascii():
            size += len(value)
        elif not (kind is bool or kind is float or (kind is int and _MIN_INT <= value < _MAX_INT)):
            size += _value_size(value, 0)
    return size


def _keys_size(pairs: Mapping[str, object]) -> int:
    return sum(map(_text_size, pairs))


def _value_size(value: Any, depth: int) -> int:
    kind = type(value)
    if (kind is int and _MIN_INT <= value < _MAX_INT) or kind in _FIXED:
        return _ITEM
    if kind is str:
        return _text_size(value)
    if kind is bytes:
        return len(value)
    if depth >= MAX_DEPTH or (kind is not tuple and kind is not dict) or len(value) * _ITEM > MAX_RECORD:
        raise _UnfitError
    if kind is dict:
        return sum(_ITEM + _text_size(key) + _value_size(item, depth + 1) for key, item in value.items())
    return sum(_ITEM + _value_size(item, depth + 1) for item in value)


def _text_size(text: str) -> int:
    if type(text) is not str:
        raise _UnfitError
    if text.isascii():
        return len(text)
    if len(text) > MAX_RECORD:
        raise _UnfitError
    # Raises for a lone surrogate. UTF-8 is never shorter than half of what CPython keeps.
    return 2 * len(text.encode())


def _is_time(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value < _MAX_TIME)


def _are_ids(trace_id: object, span_id: object) -> bool:
    return type(trace_id) is int and 0 <= trace_id < 2**128 and type(span_id) is int and 0 <= span_id < 2**64


def _is_context(context: object) -> bool:
    return type(context) is SpanContext and _are_ids(context.trace_id, context.span_id)


def _repaired(work: Callable[[Any, Trim], Any], record: Any) -> tuple[Any, int]:
    """Trim a record with ever smaller limits per text, until it fits; the last one leaves out the rest."""
    for cap in _CAPS:
        trim = Trim(cap, patient=cap == _CAPS[-1])
        try:
            return work(record, trim), trim.used
        except TooLargeError:
            continue
    raise AssertionError("the last limit always fits")


def _trimmed_span(span: ReadableSpan, trim: Trim) -> ReadableSpan:
    trim.used = _SPAN
    status = span.status
    code = status.status_code if type(status.status_code) is StatusCode else StatusCode.UNSET
    description = None if status.description is None else trim.text(status.description)
    name = trim.text(span.name)
    end = moment(span.end_time)
    start = moment(span.start_time, end)
    scope = _trimmed_scope(span.instrumentation_scope, trim)
    attributes = trim.mapping(span.attributes)
    events = _trimmed_parts(span.events, trim, _trimmed_event)
    links = _trimmed_parts(span.links, trim, _trimmed_link)
    if trim.removed:
        attributes[TRUNCATED] = trim.removed
    return ReadableSpan(
        name=name,
        context=_trimmed_context(span.context),
        parent=span.parent,
        resource=span.resource,
        attributes=_bounded(attributes, span.dropped_attributes),
        events=_listed(events, span.dropped_events + len(span.events) - len(events)),
        links=_listed(links, span.dropped_links + len(span.links) - len(links)),
        kind=span.kind if type(span.kind) is SpanKind else SpanKind.INTERNAL,
        status=Status(code, description),
        start_time=start,
        end_time=end,
        instrumentation_scope=scope,
    )


def _trimmed_parts(parts: Iterable[Any], trim: Trim, repair: Callable[[Any, Trim], Any]) -> list[Any]:
    kept = []
    for part in parts:
        if not trim.room(_PART):
            break
        repaired = repair(part, trim)
        if repaired is not None:
            kept.append(repaired)
    return kept


def _trimmed_event(event: Event, trim: Trim) -> Event:
    attributes = _bounded(trim.mapping(event.attributes), event.dropped_attributes)
    return Event(trim.text(event.name), attributes, moment(event.timestamp))


def _trimmed_link(link: Link, trim: Trim) -> Link | None:
    if not _is_context(link.context):
        return None
    return Link(link.context, _bounded(trim.mapping(link.attributes), link.dropped_attributes))


def _trimmed_context(context: SpanContext) -> SpanContext:
    if type(context.trace_state) is TraceState:
        return context
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


def _trimmed_scope(scope: InstrumentationScope | None, trim: Trim) -> InstrumentationScope | None:
    if scope is None:
        return None
    texts = (scope.name, scope.version, scope.schema_url)
    name, version, url = (None if text is None else trim.text(text) for text in texts)
    return InstrumentationScope(name or "", version, url, scope.attributes)


def _trimmed_log_record(record: Any, trim: Trim) -> Any:
    trim.used = _RECORD
    log = copy(record.log_record)
    log.severity_text = None if log.severity_text is None else trim.text(log.severity_text)
    log.event_name = None if log.event_name is None else trim.text(log.event_name)
    log.body = trim.value(log.body)
    dropped = getattr(log.attributes, "dropped", 0)
    attributes = trim.mapping(log.attributes)
    log.observed_timestamp = moment(log.observed_timestamp)
    log.timestamp = moment(log.timestamp, log.observed_timestamp)
    if not _are_ids(log.trace_id, log.span_id):
        log.trace_id = log.span_id = 0
    if not issubclass(type(log.trace_flags), int):
        log.trace_flags = 0
    if trim.removed:
        attributes[TRUNCATED] = trim.removed
    log.attributes = _bounded(attributes, dropped)
    scope = _trimmed_scope(record.instrumentation_scope, trim)
    return dataclasses.replace(record, log_record=log, instrumentation_scope=scope)


def _bounded(attributes: dict[str, Any], dropped: int) -> BoundedAttributes:
    bounded = BoundedAttributes(attributes=attributes)
    bounded.dropped += dropped
    return bounded


def _listed(parts: list[Any], dropped: int) -> BoundedList[Any]:
    listed = BoundedList.from_seq(None, parts)
    listed.dropped = dropped
    return listed
