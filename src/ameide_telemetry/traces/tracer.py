"""Tracers that make guarded spans, and a provider that makes such tracers.

The SDK fixes the classes of the tracers and spans that it makes. Ours change what the methods do and add no
state, so what the SDK has made becomes ours by assigning its class.
"""

from __future__ import annotations

import functools
import inspect
import os
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.context import Context, attach
from opentelemetry.sdk.trace import Span, Tracer, TracerProvider
from opentelemetry.trace import Link, SpanContext, SpanKind

from ameide_telemetry import guard
from ameide_telemetry.context import restore
from ameide_telemetry.export.forks import once_per_process
from ameide_telemetry.traces.span import GuardedSpan, attributes_of, record_failure, wanted
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.plain import plain
from ameide_telemetry.values.text import key_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextvars import Token
    from types import TracebackType

    from opentelemetry.util import types

__all__ = ["GuardedTracer", "GuardedTracerProvider"]

_TRACER: Final = guard.site("traces.get_tracer")
_CURRENT: Final = guard.site("traces.current_span")
_START: Final = guard.site("traces.start_span", foreign=True)
_MAX_LINKS: Final = 1_000
_NO_DETAILS: Final = (SpanKind.INTERNAL, None, ())
_start: Final = Tracer.start_span


class GuardedTracer(Tracer):
    """The SDK's tracer, made total: no call raises, and neither does one of its spans."""

    def start_span(  # noqa: PLR0917 the signature is the SDK's
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: types.Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        """Start a span; never raises. Arguments that cannot be used are left out."""
        options = (start_time, record_exception, set_status_on_exception)
        span = _START.call(_started, self, name, context, (kind, attributes, links), options)
        if span is None:
            span = _START.call(_started, self, name, None, _NO_DETAILS, options)
        return trace.INVALID_SPAN if span is None else span

    def start_as_current_span(  # noqa: PLR0917 the signature is the SDK's
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: types.Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Any:
        """Return a context manager, and decorator of functions and coroutines, around a new span."""
        how = (record_exception, set_status_on_exception)
        return _CurrentSpan(self, (name, context, kind, attributes, links, start_time, *how), end_on_exit)


class GuardedTracerProvider(TracerProvider):
    """The SDK's provider with guarded tracers."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._known: dict[tuple[str | None, ...], trace.Tracer] = {}
        self._remove_lock()

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: types.Attributes = None,
    ) -> trace.Tracer:
        """Return a tracer for an instrumentation scope; never raises."""
        scope = instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        return _TRACER.call(self._made, *scope) or trace.NoOpTracer()

    def _made(self, name: Any, version: Any, schema_url: Any, attributes: Any) -> trace.Tracer:
        if self._pid != os.getpid():
            with once_per_process():
                if self._pid != os.getpid():
                    self._remove_lock()
        scope = _text(name) or "", _text(version), _text(schema_url)
        if attributes is not None:
            return self._guarded(*scope, _scope_attributes(attributes))
        tracer = self._known.get(scope)
        # The first one stays, also where a signal handler asked for the same in the midst of this.
        return tracer or self._known.setdefault(scope, self._guarded(*scope, None))

    def _guarded(
        self, name: str, version: str | None, schema_url: str | None, attributes: Any
    ) -> trace.Tracer:
        tracer = super().get_tracer(name, version, schema_url, attributes)
        if type(tracer) is Tracer:
            tracer.__class__ = GuardedTracer
        return tracer

    def _handle_fork(self) -> None:
        inherited = getattr(super(), "_handle_fork", None)
        if inherited is not None:
            inherited()
        self._remove_lock()

    def _remove_lock(self) -> None:
        """Make tracers without a lock: the SDK keeps them in a dictionary, and `_made` the first of each.

        A signal handler that asks for one must not wait for a thread that waits for what the handler's has.
        """
        if hasattr(self, "_tracers_lock"):
            self._tracers_lock: Any = nullcontext()
        self._pid = os.getpid()


class _CurrentSpan:
    """A span that is started and made current by a `with` block, and by each call of what it decorates."""

    __slots__ = ("_arguments", "_end", "_span", "_token", "_tracer")

    def __init__(self, tracer: GuardedTracer, arguments: tuple[Any, ...], end: bool) -> None:
        self._tracer = tracer
        self._arguments = arguments
        self._end = end
        self._span: trace.Span = trace.INVALID_SPAN
        self._token: Token[Context] | None = None

    def __enter__(self) -> trace.Span:
        span = self._span = self._tracer.start_span(*self._arguments)
        self._token = _CURRENT.call(_activated, span)
        return span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _CURRENT.call(restore, self._token)
        # As in OTel's own `use_span`: what is no Exception, such as GeneratorExit, is no failure of the work.
        if error is not None and issubclass(type(error), Exception):
            _CURRENT.call(self._record, error)
        if self._end is True or wanted(self._end):
            self._span.end()

    def _record(self, error: BaseException) -> None:
        record_failure(self._span, error, event=self._arguments[6], status=self._arguments[7])

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def spanned_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._another():
                    return await function(*args, **kwargs)

            return spanned_coroutine

        @functools.wraps(function)
        def spanned(*args: Any, **kwargs: Any) -> Any:
            with self._another():
                return function(*args, **kwargs)

        return spanned

    def _another(self) -> _CurrentSpan:
        return _CurrentSpan(self._tracer, self._arguments, self._end)


def _started(
    tracer: Tracer, name: str, context: Any, details: tuple[Any, Any, Any], options: tuple[Any, ...]
) -> trace.Span:
    kind, attributes, links = details
    if context is not None and type(context) is not Context:
        context = _usable(context)
    if attributes is not None:
        attributes = attributes_of(attributes)
    if type(links) is not tuple or links:
        links = contained(_links, links)
    span = _start(tracer, name, context, kind, attributes, links, *options)
    if isinstance(span, Span):
        span.__class__ = GuardedSpan
    return span


def _usable(context: Any) -> Context | None:
    """Return a context that runs no code of the caller's, or None for the current one."""
    found = contained(_copied, context) if issubclass(type(context), dict) else None
    if found is None:
        guard.note("traces.context_refused")
    return found


def _copied(context: Any) -> Context:
    return Context({key: value for key, value in dict.items(context) if type(key) is str})


def _activated(span: trace.Span) -> Token[Context]:
    return attach(trace.set_span_in_context(span))


def _links(links: Any) -> list[Link]:
    found = [link for link in islice(links or (), _MAX_LINKS) if issubclass(type(link), Link)]
    return [
        Link(link.context, attributes_of(link.attributes))
        for link in found
        if type(link.context) is SpanContext
    ]


def _text(text: Any) -> str | None:
    return None if text is None else key_text(text)


def _scope_attributes(attributes: Any) -> Any:
    # They are sent with every batch of the scope's spans, and looked at by nobody else.
    found = plain(attributes)
    return found if isinstance(found, dict) else None
