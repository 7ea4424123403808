"""The script as a real process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.testing.process import TelemetryProcess


def test_every_tenant_has_its_line(run_example: Callable[..., TelemetryProcess]) -> None:
    """One trace, one line for each tenant with nobody else's id, and printed text is a line without any."""
    script = run_example(["python", "script/app.py"], ready=None)
    assert script.wait() == 0
    *sums, printed = script.records
    assert [(line["tenant_id"], line["total"]) for line in sums] == [
        ("acme", 200),
        ("globex", 45),
        ("initech", 0),
    ]
    assert len({line["trace_id"] for line in sums}) == 1
    assert len({line["span_id"] for line in sums}) == 3
    assert printed["message"] == "printed text becomes a line too"
    assert "tenant_id" not in printed
