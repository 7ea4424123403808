"""Spans: one tracer provider per process, and what is switched behind it.

provider     the process-wide provider; install, adopt, undo
processors   context copied onto spans; ended spans to the pipeline
span         a span whose calls never raise
tracer       tracers and a provider that make such spans
sampler      settings -> sampler, exchangeable
"""

from ameide_telemetry.traces.processors import ContextSpanProcessor, ExportSpanProcessor, RoutingSpanProcessor
from ameide_telemetry.traces.provider import Traces, install

__all__ = ["ContextSpanProcessor", "ExportSpanProcessor", "RoutingSpanProcessor", "Traces", "install"]
