"""What the tests of the local rooms share: ids, one small trace, a store and a receiver."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.local.lines import parse
from ameide_telemetry.local.receiver import Limits, Receiver
from ameide_telemetry.local.records import Line, Span
from ameide_telemetry.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
START = 1_795_334_591_120_000_000
MILLISECOND = 1_000_000


def make_span(
    number: int,
    parent: int,
    begin: float,
    end: float,
    *,
    service: str = "shop",
    name: str = "work",
    **more: object,
) -> Span:
    """Make a span of TRACE; times in milliseconds after START; parent 0 makes a root."""
    return Span(
        trace_id=TRACE,
        span_id=f"{number:016x}",
        service=service,
        name=name,
        start=START + int(begin * MILLISECOND),
        end=START + int(end * MILLISECOND),
        parent_id=f"{parent:016x}" if parent else "",
        **more,  # type: ignore[arg-type]
    )


def make_line(number: int, at: float, message: str, *, level: str = "info", **more: object) -> Line:
    """Make a line of TRACE in the span with this number, `at` milliseconds after START."""
    moment = datetime.fromtimestamp((START + at * MILLISECOND) / 1e9, UTC)
    fields = {
        "timestamp": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": level,
        "message": message,
        "service": "shop",
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        **more,
    }
    return parse(json.dumps(fields))


@pytest.fixture(name="trace_id")
def _trace_id() -> str:
    return TRACE


@pytest.fixture(name="begin")
def _begin() -> int:
    return START


@pytest.fixture(name="span")
def _span() -> Callable[..., Span]:
    return make_span


@pytest.fixture(name="line")
def _line() -> Callable[..., Line]:
    return make_line


@pytest.fixture(name="store")
def _store() -> Iterator[Store]:
    with Store() as store:
        yield store


@pytest.fixture(name="receiver")
def _receiver(store: Store) -> Iterator[Receiver]:
    limits = Limits(body_bytes=100_000, idle=5.0, patience=1.0)
    with Receiver(store, limits=limits) as receiver:
        yield receiver
