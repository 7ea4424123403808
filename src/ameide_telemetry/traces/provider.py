"""The tracer provider of the process: made once, kept for ever, switched from behind.

OpenTelemetry lets a process set its provider once, and tracers made at import keep it. So a second
`init_telemetry` after a `shutdown` exchanges what stands behind the provider of the first one.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from opentelemetry import trace
from opentelemetry.sdk.trace import SpanLimits

from ameide_telemetry import guard
from ameide_telemetry.export.forks import once_per_process
from ameide_telemetry.export.otlp import destination
from ameide_telemetry.export.queue import QueuePipeline
from ameide_telemetry.redaction import redactor_of
from ameide_telemetry.resource import quick_to_fork, replace_resource
from ameide_telemetry.traces.ids import ProcessIdGenerator
from ameide_telemetry.traces.processors import ContextSpanProcessor, ExportSpanProcessor, RoutingSpanProcessor
from ameide_telemetry.traces.redaction import RedactingSpanProcessor
from ameide_telemetry.traces.sampler import SwitchableSampler, sampler_of
from ameide_telemetry.traces.tracer import GuardedTracerProvider

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    from ameide_telemetry.export.budget import ByteBudget
    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.redaction import Redactor
    from ameide_telemetry.settings import TelemetrySettings, TraceSettings

__all__ = ["Traces", "install"]

Origin = Literal["owned", "adopted", "disabled"]


@dataclass(frozen=True, slots=True)
class Traces:
    """Tracing as it was installed.

    Attributes:
        provider: where tracers come from.
        origin: `owned`: made here; `adopted`: the operator's, only context is copied onto its spans;
            `disabled`: nothing was installed.
        pipeline: where ended spans go; None without an exporter of ours.
    """

    provider: trace.TracerProvider
    origin: Origin
    pipeline: QueuePipeline | None = None
    _route: RoutingSpanProcessor | None = None

    def tracer(self, name: str, version: str | None = None) -> trace.Tracer:
        """Return a tracer for the instrumentation scope `name`."""
        return self.provider.get_tracer(name, version)

    def undo(self) -> None:
        """Stop copying context. The provider stays, because tracers made of it do.

        So does the way to the pipeline: spans that end after its shutdown are counted as dropped there.
        """
        if self._route is not None:
            self._route.targets = _export_targets(self.pipeline)


@dataclass(frozen=True, slots=True)
class _Owned:
    provider: GuardedTracerProvider
    sampler: SwitchableSampler
    route: RoutingSpanProcessor


class _Process:
    """What this process has made so far."""

    def __init__(self) -> None:
        self.owned: _Owned | None = None
        self.adopted: weakref.WeakKeyDictionary[Any, RoutingSpanProcessor] = weakref.WeakKeyDictionary()


_process: Final = _Process()


def install(
    settings: TelemetrySettings, resource: Resource, ledger: Ledger, budget: ByteBudget | None = None
) -> Traces:
    """Install tracing; may be called again after `undo`.

    Args:
        settings: of this process.
        resource: who sends the spans.
        ledger: where they are counted.
        budget: bytes that the signals share; None for some of its own.
    """
    present = trace.get_tracer_provider()
    if settings.disabled or not settings.traces.enabled:
        return Traces(present, "disabled")
    with once_per_process():
        owned = _process.owned
        if isinstance(present, trace.ProxyTracerProvider) or (owned and present is owned.provider):
            pipeline = _pipeline(settings.traces, ledger, budget)
            return _own(settings.traces, resource, pipeline, redactor_of(settings))
        return _adopt(present)


def _own(
    settings: TraceSettings, resource: Resource, pipeline: QueuePipeline | None, redactor: Redactor
) -> Traces:
    owned = _process.owned
    if owned is None:
        owned = _process.owned = _made(settings, resource)
    else:
        replace_resource(owned.provider, resource)
        _replace_limits(owned.provider, _limits(settings))
        owned.sampler.current = sampler_of(settings)
    owned.route.targets = (
        ContextSpanProcessor(),
        RedactingSpanProcessor(redactor),
        *_export_targets(pipeline),
    )
    if trace.get_tracer_provider() is not owned.provider:
        trace.set_tracer_provider(owned.provider)
    return Traces(owned.provider, "owned", pipeline, owned.route)


def _made(settings: TraceSettings, resource: Resource) -> _Owned:
    sampler, route = SwitchableSampler(sampler_of(settings)), RoutingSpanProcessor()
    provider = quick_to_fork(GuardedTracerProvider)(
        sampler=sampler,
        resource=resource,
        shutdown_on_exit=False,
        id_generator=ProcessIdGenerator(),
        span_limits=_limits(settings),
    )
    provider.add_span_processor(route)
    return _Owned(provider, sampler, route)


def _adopt(present: trace.TracerProvider) -> Traces:
    add = getattr(present, "add_span_processor", None)
    if add is None:
        guard.note(
            "traces.provider_foreign",
            "another tracer provider is installed that takes no span processors: it is left alone",
        )
        return Traces(present, "disabled")
    route = _process.adopted.get(present)
    if route is None:
        route = _process.adopted[present] = RoutingSpanProcessor()
        add(route)
    route.targets = (ContextSpanProcessor(),)
    return Traces(present, "adopted", None, route)


def _pipeline(settings: TraceSettings, ledger: Ledger, budget: ByteBudget | None) -> QueuePipeline | None:
    where = destination("traces", settings.exporter, settings.otlp, timeout=settings.export_timeout)
    if where is None:
        return None
    return QueuePipeline(
        "traces",
        ledger=ledger.traces,
        destination=where,
        delay=settings.schedule_delay,
        max_queue_size=settings.max_queue_size,
        max_batch_size=settings.max_export_batch_size,
        budget=budget,
    )


def _export_targets(pipeline: QueuePipeline | None) -> tuple[SpanProcessor, ...]:
    return () if pipeline is None else (ExportSpanProcessor(pipeline),)


def _limits(settings: TraceSettings) -> SpanLimits:
    # For the SDK None means "look into the environment", which is read in one place only here.
    given = {each.name: getattr(settings.limits, each.name) for each in fields(settings.limits)}
    return SpanLimits(**{name: SpanLimits.UNSET if value is None else value for name, value in given.items()})


def _replace_limits(provider: TracerProvider, limits: SpanLimits) -> None:
    """Give the provider and its tracers other limits: private names (SDK 1.45), else the first ones stay."""
    tracers = getattr(provider, "_tracers", {})
    for each in (provider, *tracers.values()):
        if hasattr(each, "_span_limits"):
            each._span_limits = limits  # noqa: SLF001 constructor-only in the SDK
