"""Programs of a few lines, run as the processes that they would be in production."""

from __future__ import annotations

import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.collector import FakeCollector
    from support.servers import Ended, Server

__all__ = ["PATIENT", "attributes", "counted", "instances", "program", "ran"]

# Longer than any test: whatever arrives was sent because the process ended, or because it was asked to.
# A busy machine gets more time at exit than the default; the limits have tests of their own.
PATIENT: Final = {
    "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "20",
    "OTEL_BSP_SCHEDULE_DELAY": "60000",
    "OTEL_BLRP_SCHEDULE_DELAY": "60000",
    "OTEL_METRIC_EXPORT_INTERVAL": "60000",
}


@contextmanager
def program(source: str, directory: Path, **variables: str) -> Iterator[Server]:
    """Run a program as `__main__` of a file until the block ends."""
    path = directory / "program.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    environment = service_environment(
        OTEL_SERVICE_NAME="orders",
        AMEIDE_TELEMETRY_LOG_SINK="both",
        PYTHONFAULTHANDLER="1",
        **PATIENT | variables,
    )
    with run_server([sys.executable, str(path)], environment=environment, ready=None) as process:
        yield process


def ran(source: str, directory: Path, **variables: str) -> Ended:
    """Run a program to its end."""
    with program(source, directory, **variables) as process:
        return process.wait(90)


def attributes(resource: Any) -> dict[str, str]:
    """Return the attributes of the resource part of a request, as text."""
    return {each.key: each.value.string_value for each in resource.resource.attributes}


def instances(collector: FakeCollector, signal: str) -> set[str]:
    """Return the instance ids that a signal came with."""
    return {attributes(each)["service.instance.id"] for each in collector.resources(signal)}


def counted(collector: FakeCollector, name: str) -> dict[str, int]:
    """Return the sum of a counter for each instance, as its newest export has it."""
    newest = {}
    for resource in collector.resources("metrics"):
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name == name:
                    points = metric.sum.data_points
                    newest[attributes(resource)["service.instance.id"]] = sum(each.as_int for each in points)
    return newest
