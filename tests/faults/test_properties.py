"""What holds for any value: no call raises, each line is one strict line, neighbours arrive.

The quick part runs about twenty thousand generated inputs; the long one, a million and more.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from ameide_telemetry.context import bound_context
from ameide_telemetry.traces.processors import ContextSpanProcessor, ExportSpanProcessor, RoutingSpanProcessor
from ameide_telemetry.traces.tracer import GuardedTracerProvider
from faults.kit.fronts import KNOWN, LINES, LOGGER, SPANS
from faults.kit.generated import Generator, values
from faults.kit.memory import MemorySink, lines_in_memory
from faults.kit.trial import alone, problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import Tracer

BATCH: Final = 10
QUICK_LINES: Final = 12_000
QUICK_SPANS: Final = 4_000
# What one test of the long run makes; a seed each, and never the same values twice.
LONG_LINES: Final = 50_000
LONG_SPANS: Final = 25_000
LONG_LINE_SEEDS: Final = range(100, 118)
LONG_SPAN_SEEDS: Final = range(200, 208)
# A test of the long run takes less than ten seconds on a quiet machine; all end within an hour on any.
LONG_SECONDS: Final = 240
# Printed text has streams of its own; the corpus goes through them.
FRONTS: Final = tuple(sorted(LINES.keys() - {"print", "raw-bytes"}))
# A level may be too low for a line, and some calls are refused before they reach us.
_SURE: Final = frozenset(FRONTS) - KNOWN.keys() - {"structlog-level"}
SPAN_FRONTS: Final = tuple(sorted(SPANS.keys() - {"scope"}))


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    token = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(token)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemorySink]:
    """Return where lines are kept."""
    with lines_in_memory(tmp_path_factory.mktemp("lines")) as made:
        yield made


class Queue:
    """Stands for a pipeline: encodes what would be queued."""

    def __init__(self) -> None:
        self.count = 0

    def put(self, record: Any, size: int) -> None:
        assert 0 < size <= 2**20
        encode_spans([record]).SerializeToString()
        self.count += 1


def _tracer(queue: Queue) -> Tracer:
    provider, route = GuardedTracerProvider(shutdown_on_exit=False), RoutingSpanProcessor()
    route.targets = (ContextSpanProcessor(), ExportSpanProcessor(queue))  # type: ignore[arg-type]
    provider.add_span_processor(route)
    return provider.get_tracer("generated")


def _problem_of_lines(calls: list[tuple[str, Any]], sink: MemorySink) -> str | None:
    """Make some bad calls between two good ones and check every line; return what is wrong, as text.

    A failure raised here would make pytest print the values, which some of them do not bear.
    """
    log = logging.getLogger(LOGGER)
    sink.written.clear()
    problems = []
    with bound_context(tenant_id="acme"):
        log.info("good before")
        problems += [problem_of(front, LINES[front], value) for front, value in calls]
    with bound_context(tenant_id="acme"):
        log.info("good after")
    fronts = [front for front, _ in calls]
    try:
        lines = sink.take()
    except (AssertionError, ValueError) as error:
        return f"{fronts}: {type(error).__name__}: {error}"[:2_000]
    good = [(line["message"], line.get("tenant_id")) for line in (lines[0], lines[-1])]
    if good != [("good before", "acme"), ("good after", "acme")] or len(lines) < 2 + sum(
        map(_SURE.__contains__, fronts)
    ):
        problems.append(f"neighbours: {good}")
    return next((f"{fronts}: {problem}" for problem in problems if problem), None)


def _lines_hold(seed: int, count: int, sink: MemorySink) -> None:
    generator, last = Generator(seed), time.monotonic() + LONG_SECONDS
    with alone():
        while generator.count < count:
            assert time.monotonic() < last, f"only {generator.count} values in {LONG_SECONDS} s"
            calls = [(generator.choice(FRONTS), generator.value()) for _ in range(BATCH)]
            problem = _problem_of_lines(calls, sink)
            assert problem is None, problem


def _spans_hold(seed: int, count: int) -> None:
    generator, queue, last = Generator(seed), Queue(), time.monotonic() + LONG_SECONDS
    tracer = _tracer(queue)
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    with alone():
        while generator.count < count:
            assert time.monotonic() < last, f"only {generator.count} values in {LONG_SECONDS} s"
            front, before = generator.choice(SPAN_FRONTS), queue.count
            problem = problem_of(front, SPANS[front], tracer, generator.value())
            assert problem is None, f"{front}: {problem}"
            assert queue.count > before or front == "left-by", front
    logging.getLogger("opentelemetry").setLevel(logging.NOTSET)


@settings(
    max_examples=800,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(value=values(), front=st.sampled_from(FRONTS))
def test_any_value_becomes_strict_lines(value: Any, front: str, sink: MemorySink) -> None:
    """By hypothesis, which would say the smallest value that does not."""
    with alone():
        assert _problem_of_lines([(front, value)], sink) is None


@settings(
    max_examples=500,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(value=values(), front=st.sampled_from(SPAN_FRONTS))
def test_any_value_leaves_a_span_that_can_be_sent(value: Any, front: str) -> None:
    """By hypothesis, as above."""
    queue = Queue()
    with alone():
        assert problem_of(front, SPANS[front], _tracer(queue), value) is None
    assert queue.count or front == "left-by"


@pytest.mark.parametrize("seed", range(4))
def test_generated_values_become_strict_lines(seed: int, sink: MemorySink) -> None:
    """Twelve thousand values in random front ends, with good lines before and after them."""
    _lines_hold(seed, QUICK_LINES // 4, sink)


@pytest.mark.parametrize("seed", range(2))
def test_generated_values_leave_spans_that_can_be_sent(seed: int) -> None:
    """Four thousand values in random calls of the span API."""
    _spans_hold(seed, QUICK_SPANS // 2)


def test_the_long_run_makes_a_million_values() -> None:
    """Those of all its tests together, each of which is stopped when it takes too long."""
    long_run = len(LONG_LINE_SEEDS) * LONG_LINES + len(LONG_SPAN_SEEDS) * LONG_SPANS
    assert long_run >= 1_000_000
    assert not set(LONG_LINE_SEEDS) & set(LONG_SPAN_SEEDS)


@pytest.mark.soak
@pytest.mark.parametrize("seed", LONG_LINE_SEEDS)
def test_a_million_values_become_strict_lines(seed: int, sink: MemorySink) -> None:
    """Fifty thousand per seed."""
    began = time.monotonic()
    _lines_hold(seed, LONG_LINES, sink)
    print(f"{LONG_LINES} generated inputs as lines in {time.monotonic() - began:.0f} s, seed {seed}")


@pytest.mark.soak
@pytest.mark.parametrize("seed", LONG_SPAN_SEEDS)
def test_many_values_leave_spans_that_can_be_sent(seed: int) -> None:
    """Twenty-five thousand per seed."""
    began = time.monotonic()
    _spans_hold(seed, LONG_SPANS)
    print(f"{LONG_SPANS} generated inputs on spans in {time.monotonic() - began:.0f} s, seed {seed}")
