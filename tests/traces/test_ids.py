"""Trace and span ids."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ameide_telemetry.traces.ids import ProcessIdGenerator

if TYPE_CHECKING:
    import pytest


def test_ids_have_their_size() -> None:
    """Trace ids have 128 bits, span ids 64, and neither is zero."""
    ids = ProcessIdGenerator()
    traces = [ids.generate_trace_id() for _ in range(1000)]
    spans = [ids.generate_span_id() for _ in range(1000)]
    assert (len(set(traces)), len(set(spans))) == (1000, 1000)
    assert 64 < max(trace.bit_length() for trace in traces) <= 128
    assert 32 < max(span.bit_length() for span in spans) <= 64
    assert all((*traces, *spans))


def test_a_seed_of_the_service_is_not_ours() -> None:
    """A service that seeds `random` gets the numbers that it wants, and ids that nobody else has."""
    ids = ProcessIdGenerator()
    state = random.getstate()
    try:
        random.seed(7)
        first, number = ids.generate_trace_id(), random.random()
        random.seed(7)
        assert ids.generate_trace_id() != first
        assert random.random() == number
    finally:
        random.setstate(state)


def test_a_child_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes with the same memory go different ways, also after a fork that Python was not told of."""
    parent, child = ProcessIdGenerator(), ProcessIdGenerator()
    child._random.setstate(parent._random.getstate())
    assert child.generate_trace_id() == parent.generate_trace_id()
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert child.generate_trace_id() != parent.generate_trace_id()
