"""What a flush says."""

from __future__ import annotations

import pytest

from ameide_telemetry.export.results import FlushResult, SignalResult


def test_nothing_to_do_is_ok() -> None:
    """Signals without exporter are ok, with zeros."""
    result = FlushResult()
    assert result
    assert result.traces == SignalResult(ok=True, delivered=0, queued=0, dropped=0, error=None)


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_one_failed_signal_makes_the_whole_false(signal: str) -> None:
    """The result is true only when every signal is."""
    failed = SignalResult(ok=False, error="timeout")
    assert not failed
    assert not FlushResult(**{signal: failed})
