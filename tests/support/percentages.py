"""Prints, at the end of a test run, how many lines of each real process were valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.terminal import TerminalReporter

__all__ = ["pytest_terminal_summary"]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print one row per process; reports bring the figures here from whichever process ran the test."""
    rows = sorted(set(_rows(terminalreporter)))
    if not rows:
        return
    terminalreporter.section("valid lines of real processes")
    terminalreporter.write_line(f"{'process':22}{'stdout':>14}{'stderr':>14}{'valid':>10}")
    for name, *counts in [*rows, ("all", *map(sum, zip(*(row[1:] for row in rows), strict=True)))]:
        terminalreporter.write_line(_row(name, *counts))


def _rows(terminalreporter: TerminalReporter) -> Iterator[tuple[Any, ...]]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "valid_lines":
                    yield tuple(value)


def _row(name: str, stdout: int, stdout_all: int, stderr: int, stderr_all: int) -> str:
    total = stdout_all + stderr_all
    share = 100.0 * (stdout + stderr) / total if total else 100.0
    return f"{name:22}{f'{stdout}/{stdout_all}':>14}{f'{stderr}/{stderr_all}':>14}{share:>9.1f}%"
