"""The corpus of bad values through every call of the span API: none raises, and every span arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from ameide_telemetry.export.trim import MAX_RECORD, TRUNCATED
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.resource import build_resource
from ameide_telemetry.traces import Traces, install
from ameide_telemetry.traces.processors import ContextSpanProcessor, ExportSpanProcessor, RoutingSpanProcessor
from ameide_telemetry.traces.tracer import GuardedTracerProvider
from faults.kit.corpus import CORPUS, QUICK, Case
from faults.kit.fronts import PROPAGATION, SPANS
from faults.kit.trial import alone, problem_of
from support.collector import FakeCollector
from support.pipelines import collector_settings, deadline
from support.pipelines import fresh_process as fresh_process  # noqa: PLC0414 a fixture is used by its name

if TYPE_CHECKING:
    from collections.abc import Iterator

# The costly values go through these; through the others they go in the long run.
ALL: Final = {"start-name", "set-attribute", "exception"}


class Taken:
    """Stands for a pipeline: keeps what would be queued."""

    def __init__(self) -> None:
        self.records: list[tuple[Any, int]] = []

    def put(self, record: Any, size: int) -> None:
        self.records.append((record, size))


@pytest.fixture(autouse=True)
def _own_context(fresh_process: None) -> Iterator[None]:
    token = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(token)


@pytest.fixture
def taken() -> Taken:
    """Return what the spans of the process's provider become."""
    made = Taken()
    provider, route = GuardedTracerProvider(shutdown_on_exit=False), RoutingSpanProcessor()
    route.targets = (ContextSpanProcessor(), ExportSpanProcessor(made))  # type: ignore[arg-type]
    provider.add_span_processor(route)
    trace.set_tracer_provider(provider)
    return made


@pytest.mark.parametrize("front", SPANS)
def test_every_value_leaves_a_span_that_can_be_sent(front: str, taken: Taken) -> None:
    """No call raises; what is queued is encoded by the SDK, and no record is larger than its limit."""
    failures = _failures(front, CORPUS if front in ALL else QUICK, taken)
    assert not failures, "\n".join(failures[:50])


@pytest.mark.full
@pytest.mark.parametrize("front", sorted(SPANS.keys() - ALL))
def test_the_costly_values_leave_a_span_that_can_be_sent_in_every_other_call_too(
    front: str, taken: Taken
) -> None:
    """Those of many megabytes and ten thousand frames, which take a second together."""
    failures = _failures(front, tuple(case for case in CORPUS if case not in QUICK), taken)
    assert not failures, "\n".join(failures[:50])


def _failures(front: str, cases: tuple[Case, ...], taken: Taken) -> list[str]:
    tracer = trace.get_tracer("corpus")
    failures = []
    with alone():
        for case in cases:
            taken.records.clear()
            value = case.make()
            failures += [f"{case}: {each}" for each in _problems(front, tracer, value, taken)]
    return failures


def _problems(front: str, tracer: trace.Tracer, value: Any, taken: Taken) -> Iterator[str]:
    token = otel_context.attach(otel_context.get_current())
    problem = problem_of(front, SPANS[front], tracer, value)
    otel_context.detach(token)
    if problem is not None:
        yield problem
    if not taken.records and front != "left-by":
        yield "no span"
    for record, size in taken.records:
        try:
            length = len(encode_spans([record]).SerializeToString())
        except Exception as error:  # noqa: BLE001 whatever the encoder says
            yield f"not encodable: {error!r}"
            continue
        if length > MAX_RECORD + 1_000 or size > MAX_RECORD:
            yield f"{length} bytes, said to be {size}"


@pytest.mark.parametrize("front", PROPAGATION)
def test_every_value_in_baggage_leaves_a_header_that_can_be_sent(front: str) -> None:
    """No call raises, the header is ASCII without line breaks, bounded, and holds the good entry."""
    failures = []
    for case in QUICK:
        headers: list[dict[str, str]] = []
        value = case.make()
        problem = problem_of(front, _inject, front, value, headers)
        for header in [each.get("baggage", "") for each in headers]:
            if not (header.isascii() and header.isprintable() and len(header) <= 8_192):
                problem = f"header {header[:200]!r}"
            elif "plan=gold" not in header:
                problem = "the good entry is gone"
        failures += [f"{case}: {problem}"] if problem else []
    assert not failures, "\n".join(failures[:50])


def _inject(front: str, value: Any, headers: list[dict[str, str]]) -> None:
    headers.append(PROPAGATION[front](value))


@pytest.fixture
def installed() -> Iterator[tuple[FakeCollector, Traces, Ledger]]:
    """Return a collector, and tracing that exports to it."""
    with FakeCollector() as collector:
        settings, ledger = collector_settings(collector), Ledger()
        traces = install(settings, build_resource(settings), ledger)
        yield collector, traces, ledger
        assert traces.pipeline is not None
        traces.pipeline.shutdown(deadline(10))
        traces.undo()


def test_all_spans_of_the_corpus_and_their_neighbours_arrive(
    installed: tuple[FakeCollector, Traces, Ledger],
) -> None:
    """Good, bad, good: every one is delivered, and none is dropped."""
    collector, traces, ledger = installed
    assert traces.pipeline is not None
    tracer = traces.tracer("corpus")
    with alone():
        for number, case in enumerate(QUICK):
            tracer.start_span(f"good {number}").end()
            for front in ("start-name", "set-attribute", "exception"):
                SPANS[front](tracer, case.make())
            if number % 100 == 99:
                traces.pipeline.force_flush(deadline(30))
        traces.pipeline.force_flush(deadline(30))
    counts = ledger.traces.counts()
    assert counts["dropped_by_reason"] == {}
    assert counts["delivered"] == counts["emitted"] == 4 * len(QUICK)
    arrived = {span.name for span in collector.spans()}
    assert {f"good {number}" for number in range(len(QUICK))} <= arrived


def test_one_huge_span_is_cut_and_takes_no_other_with_it(
    installed: tuple[FakeCollector, Traces, Ledger],
) -> None:
    """Two hundred good ones and one of seventy megabytes: all arrive, the huge one says what it lost."""
    collector, traces, _ = installed
    assert traces.pipeline is not None
    tracer = traces.tracer("corpus")
    for number in range(100):
        tracer.start_span(f"good {number}").end()
    tracer.start_span("huge", attributes={"body": "x" * 70_000_000, "kept": 1}).end()
    for number in range(100, 200):
        tracer.start_span(f"good {number}").end()
    assert traces.pipeline.force_flush(deadline(30)).delivered == 201
    spans = {span.name: span for span in collector.spans()}
    assert len(spans) == 201
    attributes = {each.key: each.value for each in spans["huge"].attributes}
    assert attributes["kept"].int_value == 1
    assert attributes[TRUNCATED].int_value == 70_000_000 - len(attributes["body"].string_value)
    assert 200_000 < len(attributes["body"].string_value) < 300_000


def test_a_body_with_a_lone_surrogate_destroys_no_batch(
    installed: tuple[FakeCollector, Traces, Ledger],
) -> None:
    """Every place of a span where text stands: all two hundred and five arrive."""
    collector, traces, ledger = installed
    assert traces.pipeline is not None
    tracer = traces.tracer("corpus")
    for number in range(200):
        tracer.start_span(f"good {number}").end()
    for front in ("start-name", "status-description", "event-name", "set-attribute-key", "update-name"):
        SPANS[front](tracer, "\ud800x")
    assert traces.pipeline.force_flush(deadline(30)).delivered == 205
    assert collector.count("traces") == 205
    assert ledger.traces.counts()["dropped"] == 0
