"""What happens when a span starts and ends: context copied onto it, and off to the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.trace import SpanProcessor

from ameide_telemetry import guard
from ameide_telemetry.context import current_bindings
from ameide_telemetry.export.fit import fit_span

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

    from ameide_telemetry.context import Bindings
    from ameide_telemetry.export.queue import QueuePipeline

__all__ = ["ContextSpanProcessor", "ExportSpanProcessor", "RoutingSpanProcessor"]

_START: Final = guard.site("traces.on_start")
_END: Final = guard.site("traces.on_end")
# Spans that are never ended must not be remembered for ever; the bound is far above what is open at once.
_MAX_OPEN: Final = 10_000


class ContextSpanProcessor(SpanProcessor):
    """Puts tenant, request and session on every span of the unit of work that it starts in.

    Spans that are open when a value is bound later get it then: the bindings know them.
    """

    def __init__(self) -> None:
        self._open: dict[int, Bindings] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Copy the bindings of the parent context, or else of the current one, onto the span."""
        bindings = current_bindings(parent_context)
        if bindings is None and parent_context is not None:
            bindings = current_bindings()
        if bindings is None:
            return
        if bindings.values:
            span.set_attributes(bindings.span_attributes())
        if len(self._open) >= _MAX_OPEN:
            self._open.clear()
        self._open[span.context.span_id] = bindings
        bindings.opened(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Make the bindings forget the span, wherever it is ended."""
        span_id = span.context.span_id
        bindings = self._open.pop(span_id, None)
        if bindings is not None:
            bindings.closed(span_id)


class ExportSpanProcessor(SpanProcessor):
    """Hands ended spans to a pipeline, if they were sampled (`RECORD_ONLY` spans stay here)."""

    def __init__(self, pipeline: QueuePipeline) -> None:
        self._put = pipeline.put

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span."""
        if span.context.trace_flags.sampled:
            self._put(*fit_span(span))


class RoutingSpanProcessor(SpanProcessor):
    """The one processor that a provider gets from us; what stands behind it can be exchanged.

    A provider has no way to remove a processor (SDK 1.45). Flushing and stopping belong to the pipelines,
    so those calls of the provider have no effect here.

    """

    def __init__(self) -> None:
        self.targets = ()

    @property
    def targets(self) -> tuple[SpanProcessor, ...]:
        """Processors in order; assigning another tuple switches them at once."""
        return self._targets

    @targets.setter
    def targets(self, targets: tuple[SpanProcessor, ...]) -> None:
        self._targets = targets
        self._starts = tuple([each.on_start for each in targets if _has_own(each, "on_start")])
        self._ends = tuple([each.on_end for each in targets if _has_own(each, "on_end")])

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Tell every target; never raises."""
        for start in self._starts:
            _START.call(start, span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Tell every target; never raises."""
        for end in self._ends:
            _END.call(end, span)


def _has_own(processor: SpanProcessor, method: str) -> bool:
    """Tell whether a processor does anything there: a call for nothing costs every span."""
    return getattr(type(processor), method) is not getattr(SpanProcessor, method)
