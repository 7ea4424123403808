"""No line and no span ever bears another request's tenant, id or trace, however requests are interleaved."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from ameide_telemetry import guard, propagation
from ameide_telemetry.context import bind_context, bound_context
from ameide_telemetry.integrations.application import instrument_app
from ameide_telemetry.integrations.server import ServerTelemetry
from ameide_telemetry.integrations.threads import ContextThreadPoolExecutor
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.traces.processors import ContextSpanProcessor
from faults.kit.hostile_interleaving import World
from faults.kit.hostile_model import Judge
from faults.kit.trial import alone
from support.lines import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_QUICK: Final = 5_000
_PART: Final = 250_000
_WORLDS: Final = 4
_JOIN_SECONDS: Final = 3_000
# Settings, whether the tenant header counts, and whether nobody is believed.
_KINDS: Final = (
    ({"trust": "internal", "tenant_header": "x-tenant"}, True, False),
    ({"trust": "internal"}, False, False),
    ({"trust": "edge", "tenant_header": "x-tenant"}, True, True),
)


@contextmanager
def _judged(directory: Path) -> Iterator[Judge]:
    """Put a judge in place of the sink; not as a fixture, because pytest's own handlers come after those."""
    undo = propagation.install(("tracecontext", "baggage"))
    with installed(directory, capture_streams=False) as lines, alone():
        judge = Judge()
        lines.installation.writer.sink = judge  # type: ignore[assignment]
        judge.access = lines.installation.access  # type: ignore[attr-defined]
        yield judge
    undo()


def _run(judge: Any, count: int, seed: int) -> None:
    """Serve so many requests in a few threads, which share everything."""
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(ContextSpanProcessor())
    tracers.add_span_processor(judge)
    built = [
        ServerTelemetry.build(
            TelemetrySettings(**settings),  # type: ignore[arg-type]
            access=judge.access,
            flush=lambda: None,
            tracer_provider=tracers,
            meter_provider=MeterProvider(shutdown_on_exit=False),
        )
        for settings, _, _ in _KINDS
    ]
    servers = [_server(each) for each in built]
    tracer = tracers.get_tracer("shop")
    errors: list[BaseException] = []

    def one(number: int) -> None:
        try:
            number += seed * _WORLDS
            world = World(judge, tracer, (plain, carrying), number)
            named, edge = [kind[1] for kind in _KINDS], [kind[2] for kind in _KINDS]
            world.run(count // _WORLDS, servers, named=named, edge=edge)
        except BaseException as error:  # noqa: BLE001 told by the test
            errors.append(error)

    with ThreadPoolExecutor(2) as plain, ContextThreadPoolExecutor(2) as carrying:
        threads = [threading.Thread(target=one, args=(number,)) for number in range(_WORLDS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_JOIN_SECONDS)
            assert not thread.is_alive()
    if errors:
        raise errors[0]


def _server(telemetry: ServerTelemetry) -> Callable[[Any], Any]:
    return lambda app: instrument_app(app, telemetry)


def _settle(directory: Path, count: int, seed: int, record: Callable[[str, object], None]) -> None:
    guard.reset()
    with _judged(directory) as judge:
        _run(judge, count, seed)
    figure = f"{len(judge.foreign)} foreign in {count} requests: {judge.lines} lines, {judge.spans} spans"
    record("isolation", f"{count - len(judge.foreign)} of {count}")
    print(figure)
    assert not judge.foreign, judge.foreign[:2]
    # One access line and one span at least.
    assert judge.lines >= count
    assert judge.spans >= count
    assert guard.counts().keys() <= {"context.detached_elsewhere", "context.not_restored"}
    guard.reset()


def test_what_a_block_binds_does_not_reach_the_span_around_it() -> None:
    """A block's values are its own: the span of the request outside keeps the request's tenant."""
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(ContextSpanProcessor())
    tracer: Any = tracers.get_tracer("shop")

    def work() -> tuple[Any, Any]:
        bind_context(tenant_id="outer")
        with tracer.start_as_current_span("around") as around, bound_context(tenant_id="block"):
            bind_context(tenant_id="inner")
            with tracer.start_as_current_span("inside") as inside:
                bind_context(tenant_id="innermost")
        return around, inside

    found = Context().run(work)
    assert [span.attributes["tenant_id"] for span in found] == ["outer", "innermost"]


def test_interleaved_requests_share_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """5,000 requests of four worlds in threads, each line and span compared with the model."""
    _settle(tmp_path, _QUICK, 0, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(1, 5))
def test_a_million_interleaved_requests_share_nothing(
    tmp_path: Path, part: int, record_property: Callable[[str, object], None]
) -> None:
    """A quarter of them each time, by seeds of their own."""
    _settle(tmp_path, _PART, part, record_property)
