"""The shapes that the local rooms pass around: spans, lines, metric points, traces.

Times are integers, nanoseconds since 1970 in UTC, as in OTLP; ids are lowercase hexadecimal, as in
W3C Trace Context; a missing text is empty, never None.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ameide_telemetry.contract import names

__all__ = [
    "Attributes",
    "Event",
    "Exemplar",
    "Kind",
    "Line",
    "Link",
    "Point",
    "Source",
    "Span",
    "Status",
    "Trace",
    "TraceSummary",
]

Attributes = Mapping[str, object]
Kind = Literal["internal", "server", "client", "producer", "consumer"]
Status = Literal["unset", "ok", "error"]
Source = Literal["stdout", "stderr", "otlp"]
_EMPTY: Final[Attributes] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened within a span, such as an exception."""

    time: int
    name: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A reference from one span to a span of this or another trace."""

    trace_id: str
    span_id: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One finished span, as received.

    Attributes:
        parent_id: the parent's span id; empty for a root.
        message: the description that came with an error status.
    """

    trace_id: str
    span_id: str
    service: str
    name: str
    start: int
    end: int
    parent_id: str = ""
    kind: Kind = "internal"
    status: Status = "unset"
    message: str = ""
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def duration(self) -> int:
        """Nanoseconds from start to end; zero where the clock went backwards."""
        return max(self.end - self.start, 0)

    @property
    def failed(self) -> bool:
        """Whether the span carries an error status."""
        return self.status == "error"

    @property
    def tenant_id(self) -> str:
        """The tenant, under any spelling that the contract knows."""
        return _first_text(self.attributes, names.CONTEXT_SPAN_ATTRIBUTES[names.LOG_TENANT_ID])

    @property
    def request_id(self) -> str:
        """The request's id."""
        return _first_text(self.attributes, names.CONTEXT_SPAN_ATTRIBUTES[names.LOG_REQUEST_ID])


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a service wrote, or one log record that it sent over OTLP.

    Attributes:
        text: the line as it was written, without its line end.
        fields: what the line holds; None when it is not one JSON object.
        source: the stream it came from.
        time: the line's own timestamp, or the time of arrival where it has none.
        reason: why the line is no record; empty when it is one.
    """

    text: str
    fields: Attributes | None
    time: int
    source: Source = "stdout"
    reason: str = ""

    @property
    def is_record(self) -> bool:
        """Whether a log collector can parse the line."""
        return self.fields is not None

    @property
    def level(self) -> str:
        """The level in lowercase."""
        return self.get(names.LOG_LEVEL).lower()

    @property
    def message(self) -> str:
        """What the line says; the whole line where it is no record."""
        return self.text if self.fields is None else self.get(names.LOG_MESSAGE)

    @property
    def service(self) -> str:
        """The service that wrote the line."""
        return self.get(names.LOG_SERVICE)

    @property
    def logger(self) -> str:
        """The logger's name."""
        return self.get(names.LOG_LOGGER)

    @property
    def trace_id(self) -> str:
        """The trace that the line belongs to."""
        return self.get(names.LOG_TRACE_ID).lower()

    @property
    def span_id(self) -> str:
        """The span in which the line was written."""
        return self.get(names.LOG_SPAN_ID).lower()

    @property
    def tenant_id(self) -> str:
        """The tenant, under any spelling that the contract knows."""
        return _first_text(self.fields or _EMPTY, names.CONTEXT_LOG_KEYS[names.LOG_TENANT_ID])

    @property
    def request_id(self) -> str:
        """The request's id."""
        return self.get(names.LOG_REQUEST_ID)

    def get(self, key: str) -> str:
        """Return a field as text; empty when it is missing or null."""
        value = self.fields.get(key) if self.fields is not None else None
        return value if isinstance(value, str) else _as_text(value)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One measurement behind a metric point, with the trace in which it was taken.

    Attributes:
        metric: the metric's name.
        value: the measured value; None when it was not a number.
        attributes: the attributes that the view took off the point.
    """

    metric: str
    service: str
    trace_id: str
    span_id: str
    time: int
    value: float | None
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One data point of a metric.

    Attributes:
        kind: `gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`.
        value: the value of a gauge or sum, the sum of a distribution; None when it has none.
        count: how many measurements a distribution holds; 1 for a gauge or sum.
        detail: what else the kind holds: bounds and buckets, quantiles, temporality.
    """

    metric: str
    service: str
    kind: str
    time: int
    value: float | None
    unit: str = ""
    count: int = 1
    attributes: Attributes = field(default_factory=dict)
    detail: Attributes = field(default_factory=dict)
    exemplars: tuple[Exemplar, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that is stored of one trace, spans and lines each in order of time."""

    trace_id: str
    spans: tuple[Span, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """The services that took part, in the order in which they appear."""
        found = [each.service for each in self.spans] + [each.service for each in self.lines]
        return tuple(dict.fromkeys(name for name in found if name))

    @property
    def tenants(self) -> tuple[str, ...]:
        """Every tenant that a span or line names; more than one is worth a look."""
        return _distinct([*(each.tenant_id for each in self.spans), *(each.tenant_id for each in self.lines)])

    @property
    def requests(self) -> tuple[str, ...]:
        """Every request id that a span or line names."""
        return _distinct(
            [*(each.request_id for each in self.spans), *(each.request_id for each in self.lines)]
        )


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One row of a list of traces."""

    trace_id: str
    start: int
    end: int
    name: str
    services: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    spans: int = 0
    lines: int = 0
    errors: int = 0


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in values if each))


def _first_text(attributes: Attributes, keys: tuple[str, ...]) -> str:
    for key in keys:
        text = _as_text(attributes.get(key))
        if text:
            return text
    return ""


def _as_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply)"
