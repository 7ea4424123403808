"""The time for one end of the process, whoever takes part in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from ameide_telemetry.lifecycle import process

if TYPE_CHECKING:
    import pytest


def test_hooks_that_are_at_work_at_the_same_time_have_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flush for a signal is under way when the hook at exit begins; time that both take counts once."""
    now = [100.0]
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: now[0]))
    budget = process._Budget()
    with budget.deadline(4) as first:
        now[0] += 3
        with budget.deadline(4) as second:
            assert first == second == 104
            now[0] += 0.5
    # What lies between two hooks is not waiting.
    now[0] += 1
    with budget.deadline(4) as third:
        assert third == now[0] + 0.5
    now[0] += 60
    with budget.deadline(4) as later:
        assert later == now[0] + 4
