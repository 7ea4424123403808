"""Things as the plugin captures them, made by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ameide_telemetry.testing.logs import CapturedLine, draw_lines
from ameide_telemetry.testing.query import Query
from ameide_telemetry.testing.sink import Line
from ameide_telemetry.testing.spans import CapturedSpan, draw_spans, spans_of

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


class Made:
    """Spans and lines of one test."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Tracer = provider.get_tracer("shop")
        self._lines: list[CapturedLine] = []

    def line(self, message: str, *, inside: Any = None, raw: bytes | None = None, **fields: object) -> None:
        """Write one line, inside a span or outside of all."""
        context = inside.get_span_context() if inside is not None else None
        record = {"message": message, "level": "info", "logger": "shop", **fields}
        ids = (context.trace_id, context.span_id) if context is not None else (0, 0)
        data = json.dumps(record).encode() if raw is None else raw
        self._lines.append(CapturedLine(Line(data, "/srv/shop/orders.py", 12, *ids)))

    @property
    def spans(self) -> Query[CapturedSpan]:
        """Ended spans."""
        return Query("span", spans_of(self._exporter.get_finished_spans()), draw_spans)

    @property
    def lines(self) -> Query[CapturedLine]:
        """All lines."""
        return Query("line", self._lines, lambda items: draw_lines(items, [*self.spans]))


def ids_of(span: Any) -> dict[str, str]:
    """Return what a line carries of a span."""
    context = span.get_span_context()
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


@pytest.fixture
def made() -> Made:
    """Nothing captured yet."""
    return Made()


@pytest.fixture
def ids() -> Any:
    """What a line carries of a span."""
    return ids_of
