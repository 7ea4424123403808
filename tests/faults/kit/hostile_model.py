"""The model of interleaved requests, and the judge of what their lines and spans bear.

While code of a request runs, its thread knows whose it is. The judge, which stands in place of the sink and
at the end of the spans, compares at once what a line or span bears with what the model says.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Final

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import SpanKind

__all__ = ["Judge", "Request", "Unit"]

_ACCESS: Final = "ameide_telemetry.access"
_OWN: Final = "ameide_telemetry"
_SHOWN: Final = 5


class Unit:
    """The model's unit of work: what must be on its lines and spans."""

    __slots__ = ("request_id", "tenant")

    def __init__(self, tenant: str | None, request_id: str | None) -> None:
        self.tenant = tenant
        self.request_id = request_id


class Request:
    """One request: the unit that it began with, and its trace."""

    __slots__ = ("parent", "trace_id", "unit")

    def __init__(self, unit: Unit, parent: str | None) -> None:
        self.unit = unit
        self.parent = parent
        self.trace_id: str | None = None


class _Here(threading.local):
    """Whose code runs in this thread."""

    request: Request
    unit: Unit


class Judge(SpanProcessor):
    """Takes every line and every span.

    Attributes:
        lines: how many lines it saw.
        spans: the same.
        foreign: what was found, and what the model says, where they differ; the first few.
    """

    def __init__(self) -> None:
        self.here = _Here()
        self.lines = 0
        self.spans = 0
        self.foreign: list[object] = []
        self._units: dict[int, tuple[Request, Unit]] = {}

    def write(self, data: bytes, *_: object, **__: object) -> None:
        """Stand for the sink."""
        line = json.loads(data)
        if line["logger"] == _OWN:
            self.foreign.append(line)
            return
        self.lines += 1
        request, unit = self.here.request, self.here.unit
        if line["logger"] == _ACCESS:
            unit = request.unit
        self.compare(
            (line.get("tenant_id"), line.get("saas.tenant"), line.get("request_id"), line.get("trace_id")),
            (unit.tenant, unit.tenant, unit.request_id, request.trace_id),
            line,
        )

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Note whose span it is; a request is in its caller's trace, or in one of its own."""
        request, unit = self.here.request, self.here.unit
        trace_id = f"{span.context.trace_id:032x}"
        if span.kind is SpanKind.SERVER:
            self.compare(request.trace_id, None, span)
            request.trace_id = trace_id
            unit.request_id = unit.request_id or span.attributes["request_id"]
            self.compare(trace_id == request.parent, request.parent is not None, span)
        self._units[span.context.span_id] = (request, unit)

    def on_end(self, span: Any) -> None:
        """Compare; what was bound while the span was open is on it too."""
        self.spans += 1
        request, unit = self._units.pop(span.context.span_id)
        found = span.attributes
        self.compare(
            (found.get("tenant_id"), found.get("saas.tenant"), found.get("request_id")),
            (unit.tenant, unit.tenant, unit.request_id),
            span,
        )
        self.compare(f"{span.context.trace_id:032x}", request.trace_id, span)

    def compare(self, found: object, expected: object, what: object) -> None:
        """Keep a difference."""
        if found != expected and len(self.foreign) < _SHOWN:
            self.foreign.append((found, expected, what))
