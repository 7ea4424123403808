"""Spans of every tracer provider of the SDK, and of tracers that have no provider at all.

A provider is never exchanged: tracers that modules hold keep the first one that they saw. Where there is
none, tracers stay as they are and only the spans of the running test come from a provider of ours, so that
whoever sets one later is the first.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from ameide_telemetry.testing.sink import SWITCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

__all__ = ["SpanRouter", "attach", "is_apart", "prepare"]

# Plugins that make spans of the tests themselves.
_APART: Final = frozenset({"pytest-opentelemetry", "pytest_opentelemetry", "pytest_otel", "logfire.pytest"})
_known: Final[weakref.WeakSet[Any]] = weakref.WeakSet()
_routed: Final[weakref.WeakSet[Any]] = weakref.WeakSet()
# How deep providers that stand before another one are looked into.
_MAX_WRAPPERS: Final = 5


class _State:
    """Whether routers are attached, and the provider of tracers that have none."""

    def __init__(self) -> None:
        self.attached = False
        self.prepared = False
        self.fallback: TracerProvider | None = None


_state: Final = _State()


class SpanRouter(SpanProcessor):
    """Hands spans to the sink in force."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 SDK's
        """Tell the sink that a span has started."""
        sink = SWITCH.sink
        if sink is not None and sink.wants_spans and not is_apart(span):
            sink.started(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Give an ended span to the sink."""
        sink = SWITCH.sink
        if sink is not None and sink.wants_spans and not is_apart(span):
            sink.ended(span)


def is_apart(span: Any) -> bool:
    """Return whether a span is of a plugin that traces tests, and not of the code under test."""
    scope = getattr(span, "instrumentation_scope", None)
    return scope is not None and scope.name in _APART


def prepare() -> None:
    """Keep every provider of the SDK in mind from its making on; called when the SDK is imported."""
    if _state.prepared:
        return
    _state.prepared = True
    original: Any = TracerProvider.__init__

    def __init__(self: TracerProvider, *args: Any, **named: Any) -> None:  # noqa: N807 replaces it
        original(self, *args, **named)
        _known.add(self)
        if _state.attached:
            _route(self)

    TracerProvider.__init__ = __init__  # type: ignore[method-assign]


def attach() -> None:
    """Attach the router to every provider that there is and that will be; harmless when done before."""
    prepare()
    if not _state.attached:
        _state.attached = True
        _serve_tracers_without_provider()
    for provider in tuple(_known):
        _route(provider)
    present = _behind(trace.get_tracer_provider())
    if present is not None:
        _route(present)


def _route(provider: Any) -> None:
    if provider not in _routed:
        _routed.add(provider)
        provider.add_span_processor(SpanRouter())


def _behind(provider: Any) -> Any:
    """Return the provider that takes processors, behind those that only stand before it."""
    for _ in range(_MAX_WRAPPERS):
        if isinstance(provider, TracerProvider):
            return provider
        inner = getattr(provider, "provider", None)
        if inner is None:
            break
        provider = inner
    return provider if hasattr(provider, "add_span_processor") else None


def _serve_tracers_without_provider() -> None:
    """Private names of the API (1.30 to 1.45); without them a provider has to be set after all."""
    proxy: Any = trace.ProxyTracer
    found = getattr(proxy, "_tracer", None)
    if not isinstance(found, property) or found.fget is None:
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            trace.set_tracer_provider(_fallback())
        return
    proxy._tracer = property(_with_fallback(found.fget))  # noqa: SLF001 nothing else reaches held tracers


def _with_fallback(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def tracer(self: Any) -> Any:
        found = original(self)
        sink = SWITCH.sink
        if found is not self._noop_tracer or sink is None or not sink.wants_spans:
            return found
        return _fallback().get_tracer(
            self._instrumenting_module_name, self._instrumenting_library_version, self._schema_url
        )

    return tracer


def _fallback() -> TracerProvider:
    if _state.fallback is None:
        _state.fallback = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.get_empty(), shutdown_on_exit=False
        )
    return _state.fallback
