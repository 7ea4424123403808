"""Whatever provider there is, or none: a test sees everything that it emits and nothing of other tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testing.cases import CASES, EXPECTED, PLUGIN, TESTS, captured, run_pytest, write_case

if TYPE_CHECKING:
    from pathlib import Path

# What of the matrix needs no package that is not here.
_RUNS = {
    "alone": ("-p", "no:logfire", "-p", "no:randomly"),
    "random order": ("-p", "no:logfire", "-p", "randomly"),
    "two workers": ("-p", "no:logfire", "-p", "no:randomly", "-n2"),
    "logfire installed": ("-p", "no:randomly"),
}
_QUICK = {("alone", name) for name in CASES} | {(run, "ours in the test") for run in _RUNS}


def _matrix() -> list[object]:
    return [
        pytest.param(run, name, marks=() if (run, name) in _QUICK else pytest.mark.full)
        for run in _RUNS
        for name in CASES
    ]


@pytest.mark.parametrize(("run", "name"), _matrix())
def test_everything_is_captured(tmp_path: Path, run: str, name: str) -> None:
    """Every test sees its own spans, lines and measurements: all of them and no others."""
    write_case(tmp_path, CASES[name])
    done = run_pytest(tmp_path, *PLUGIN, "-p", "no:ameide_telemetry", *_RUNS[run])
    assert done.returncode == 0, done.stdout + done.stderr
    assert captured(tmp_path) == [EXPECTED] * TESTS
