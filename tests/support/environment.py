"""The environment of a process that a test starts as a service: nothing of the test run speaks to it."""

from __future__ import annotations

import os

__all__ = ["service_environment", "untraced_environment"]

_OURS = ("OTEL_", "AMEIDE_TELEMETRY_", "PYTEST_", "CI", "NO_COLOR", "FORCE_COLOR")


def service_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without telemetry settings, test runner and CI, with `more`.

    What coverage measures by stays, so that the process is counted.
    """
    return {**{name: value for name, value in os.environ.items() if not name.startswith(_OURS)}, **more}


def untraced_environment() -> dict[str, str]:
    """Return this process's environment without what coverage measures by, for what is interrupted.

    A `KeyboardInterrupt` that comes while the tracer holds its own lock leaves that lock taken for good.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
