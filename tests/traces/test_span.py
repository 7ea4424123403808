"""Spans and tracers whose calls never raise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from ameide_telemetry import guard
from ameide_telemetry.traces.span import GuardedSpan
from ameide_telemetry.traces.tracer import GuardedTracer, GuardedTracerProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from opentelemetry.sdk.trace import ReadableSpan

REMOTE = SpanContext(1, 2, is_remote=True)


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    guard.reset()
    token = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(token)


class Ended:
    """A tracer, and the spans that ended."""

    def __init__(self, provider: type[TracerProvider] = GuardedTracerProvider) -> None:
        self._exporter = InMemorySpanExporter()
        made = provider(shutdown_on_exit=False)
        made.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Any = made.get_tracer("orders", "1")

    def one(self) -> ReadableSpan:
        (span,) = self._exporter.get_finished_spans()
        return span


class UnprintableError(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def _work(tracer: Any) -> None:
    attributes = {"a": 1, "b": "x", "c": 1.5, "d": True, "e": ["x", "y"], "f": b"raw"}
    link = Link(REMOTE, {"l": 1})
    with tracer.start_as_current_span(
        "work", kind=SpanKind.SERVER, attributes=attributes, links=[link]
    ) as span:
        span.set_attributes({"g": (1, 2), "h": {"i": [1]}})
        span.add_event("event", {"j": 1}, 5)
        span.add_link(REMOTE, {"k": 1})
        span.set_status(StatusCode.ERROR, "bad")
        span.update_name("renamed")


def test_ordinary_values_are_treated_as_the_sdk_treats_them() -> None:
    """What is left on the span is the same with the SDK's own tracer."""
    ours, theirs = Ended(), Ended(TracerProvider)
    for each in (ours, theirs):
        _work(each.tracer)
    mine, plain = ours.one(), theirs.one()
    assert type(ours.tracer) is GuardedTracer
    assert dict(mine.attributes or {}) == dict(plain.attributes or {})
    assert [(e.name, dict(e.attributes or {}), e.timestamp) for e in mine.events] == [
        (e.name, dict(e.attributes or {}), e.timestamp) for e in plain.events
    ]
    assert [(each.context, dict(each.attributes or {})) for each in mine.links] == [
        (each.context, dict(each.attributes or {})) for each in plain.links
    ]
    assert (mine.name, mine.kind, mine.status.description) == (
        plain.name,
        plain.kind,
        plain.status.description,
    )


@pytest.mark.parametrize("way", ["tracer", "span", "decorator"])
def test_an_error_that_cannot_be_printed_leaves_as_it_came(way: str) -> None:
    """The SDK would raise what its `__str__` raises in its place."""
    ended = Ended()

    def work() -> None:
        raise UnprintableError

    if way == "decorator":
        with pytest.raises(UnprintableError):
            ended.tracer.start_as_current_span("work")(work)()
    else:
        start = ended.tracer.start_as_current_span if way == "tracer" else ended.tracer.start_span
        with pytest.raises(UnprintableError), start("work"):
            work()
    span = ended.one()
    assert span.status.description == "UnprintableError: <unprintable UnprintableError>"
    attributes = dict(span.events[0].attributes or {})
    assert attributes["exception.message"] == "<unprintable UnprintableError>"
    assert str(attributes["exception.stacktrace"]).startswith("Traceback")
    assert attributes["exception.escaped"] == str(way == "span")


def test_what_is_no_error_is_not_recorded() -> None:
    """As with OTel's own: leaving a generator is no failure of the work; and both can be switched off."""
    ended = Ended()
    with pytest.raises(GeneratorExit), ended.tracer.start_as_current_span("work"):
        raise GeneratorExit
    assert not ended.one().events
    quiet = Ended()
    with (
        pytest.raises(ValueError, match="boom"),
        quiet.tracer.start_as_current_span("work", record_exception=False, set_status_on_exception=False),
    ):
        raise ValueError("boom")
    assert not quiet.one().events
    assert quiet.one().status.status_code is StatusCode.UNSET


def test_a_span_around_a_coroutine_lasts_as_long_as_it() -> None:
    """The decorator makes a new span for each call, also of an async function."""
    ended = Ended()

    @ended.tracer.start_as_current_span("work")  # type: ignore[untyped-decorator]
    async def work() -> str:
        await asyncio.sleep(0)
        return trace.get_current_span().name  # type: ignore[attr-defined, no-any-return]

    assert asyncio.run(work()) == "work"
    assert asyncio.run(work()) == "work"
    assert len(ended._exporter.get_finished_spans()) == 2


def test_a_span_may_outlive_its_block() -> None:
    """`end_on_exit=False` leaves the end to the caller."""
    ended = Ended()
    with ended.tracer.start_as_current_span("work", end_on_exit=False) as span:
        pass
    assert span.is_recording()
    span.end()
    assert ended.one().name == "work"


def test_a_span_held_across_a_yield_is_ended_quietly(caplog: pytest.LogCaptureFixture) -> None:
    """The client goes away in the middle of a stream, a hundred times: no error line, every span ended."""
    ended = Ended()

    async def stream() -> AsyncIterator[int]:
        with ended.tracer.start_as_current_span("stream"):
            while True:
                yield 1

    async def disconnect() -> None:
        chunks = stream()
        for _ in range(3):
            await asyncio.create_task(anext(chunks))  # type: ignore[arg-type]
        await asyncio.create_task(chunks.aclose())  # type: ignore[attr-defined]

    for _ in range(100):
        asyncio.run(disconnect())
    assert len(ended._exporter.get_finished_spans()) == 100
    assert not caplog.records


def test_an_object_that_touches_the_span_while_it_is_printed_blocks_nobody() -> None:
    """The SDK holds a lock meanwhile that is not reentrant."""
    ended = Ended()
    span = ended.tracer.start_span("work")

    class Touches:
        def __str__(self) -> str:
            span.set_attribute("touched", 1)
            return "text"

    span.set_attribute("value", Touches())
    span.set_attributes({"values": [Touches()]})
    span.set_status(Status(StatusCode.OK), Touches())
    span.end()
    assert dict(ended.one().attributes or {}) == {"touched": 1, "value": "text", "values": ("text",)}


@pytest.mark.parametrize(
    ("argument", "value", "noted"),
    [
        ("context", "nonsense", "traces.context_refused"),
        ("context", 7, "traces.context_refused"),
        ("context", {"current-span": 7}, None),
        ("attributes", 7, "traces.attributes_refused"),
        ("attributes", [("a", 1)], "traces.attributes_refused"),
        ("links", 7, "values.foreign"),
        ("links", ["no link"], None),
        ("kind", [], None),
    ],
)
def test_arguments_that_cannot_be_used_are_left_out(argument: str, value: object, noted: str | None) -> None:
    """The span is started all the same."""
    ended = Ended()
    ended.tracer.start_span("work", **{argument: value}).end()
    assert ended.one().name == "work"
    assert noted is None or noted in guard.counts()


def test_a_call_that_means_nothing_is_counted() -> None:
    """A status that is none, a link to nothing."""
    ended = Ended()
    span = ended.tracer.start_span("work")
    span.set_status("failed")
    span.add_link("there")
    span.record_exception("no exception")
    span.end()
    assert guard.counts() == {"traces.status_refused": 1, "traces.link_refused": 1}
    assert dict(ended.one().events[0].attributes or {})["exception.type"] == "str"


def test_a_provider_without_sampling_and_a_failing_processor_raise_nothing() -> None:
    """Spans that are not recorded stay the API's own; a processor's failure at the end stays inside."""
    assert not GuardedTracerProvider(sampler=ALWAYS_OFF).get_tracer("x").start_span("a").is_recording()

    class Fails(SpanProcessor):
        def on_start(self, span: object, parent_context: object = None) -> None:
            raise RuntimeError("start")

        def on_end(self, span: object) -> None:
            raise RuntimeError("end")

    provider = GuardedTracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Fails())
    assert provider.get_tracer("x").start_span("a") is trace.INVALID_SPAN
    provider = GuardedTracerProvider(shutdown_on_exit=False)
    span = provider.get_tracer("x").start_span("a")
    assert type(span) is GuardedSpan
    provider.add_span_processor(Fails())
    span.end()


def test_an_odd_scope_has_a_name_that_can_be_sent() -> None:
    """Its name goes out with each batch of its spans."""
    provider = GuardedTracerProvider(shutdown_on_exit=False)
    tracer: Any = provider.get_tracer("\ud800", 7, None, {"k": "v" * 100_000})  # type: ignore[arg-type]
    assert tracer._instrumentation_scope.name == "\ufffd"
    assert tracer._instrumentation_scope.version == "7"
    assert len(tracer._instrumentation_scope.attributes["k"]) < 20_000
    assert isinstance(provider.get_tracer("x", attributes=7), GuardedTracer)  # type: ignore[arg-type]


class Untold:
    """An argument that cannot tell whether it means yes."""

    def __bool__(self) -> bool:
        raise SystemExit(3)


@pytest.mark.parametrize("argument", ["record_exception", "set_status_on_exception", "end_on_exit"])
def test_an_argument_that_cannot_tell_means_yes(argument: str) -> None:
    """The service's own exception goes on; the span is ended, with the exception on it."""
    ended = Ended()
    choice: Any = {argument: Untold()}
    with pytest.raises(KeyError), ended.tracer.start_as_current_span("work", **choice):
        raise KeyError("own")
    span = ended.one()
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]


@pytest.mark.parametrize("argument", ["record_exception", "set_status_on_exception"])
def test_a_span_as_a_block_means_yes_too(argument: str) -> None:
    """The same for `with tracer.start_span(...)`."""
    ended = Ended()
    choice: Any = {argument: Untold()}
    with pytest.raises(KeyError), ended.tracer.start_span("work", **choice):
        raise KeyError("own")
    assert ended.one().status.status_code is StatusCode.ERROR


class Hostile(dict[str, Any]):
    """A mapping whose every method ends the process."""

    def get(self, *_: Any) -> Any:
        """End it."""
        raise SystemExit(3)

    __getitem__ = __contains__ = __iter__ = keys = items = values = get


def test_a_context_with_code_of_its_own_is_read_without_it() -> None:
    """A span in it is the parent, as in a `Context`."""
    ended = Ended()
    with ended.tracer.start_as_current_span("parent") as parent:
        context = Hostile(trace.set_span_in_context(parent, otel_context.Context()))
    child: Any = ended.tracer.start_span("child", context=context)
    child.end()
    assert child.parent.span_id == parent.get_span_context().span_id
    with ended.tracer.start_as_current_span("other", context=Hostile()):
        pass
