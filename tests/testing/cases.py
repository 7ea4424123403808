"""A small service in every state that telemetry can be in, and tests of it that say what was captured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ALONE", "CASES", "EXPECTED", "PLUGIN", "TESTS", "Case", "captured", "run_pytest", "write_case"]

PLUGIN: Final = ("-p", "ameide_telemetry.testing.plugin")
ALONE: Final = (*PLUGIN, "-p", "no:ameide_telemetry", "-p", "no:logfire", "-p", "no:randomly")
TESTS: Final = 4
# Per test: two spans, a line of logging and one of structlog, one measurement; and nothing of another test.
EXPECTED: Final = {"spans": 2, "all_spans": 2, "lines": 2, "all_lines": 2, "value": 1, "all_values": 1}
_SECONDS: Final = 90

_APP: Final = """\
import logging

import structlog
from opentelemetry import metrics, trace

{before}
tracer = {tracers}.get_tracer("shop")
meter = {meters}.get_meter("shop")
placed = meter.create_counter("shop.placed", "{{order}}")
plain = logging.getLogger("shop.plain")
structured = structlog.get_logger("shop.structured")
{after}


def work(n):
    with tracer.start_as_current_span("outer", attributes={{"n": n}}):
        with tracer.start_as_current_span("inner"):
            plain.warning("placed %s", n)
            structured.warning("placed", n=n)
        placed.add(1, {{"n": n}})
"""
_TEST: Final = """\
import json
import os

import pytest

import app

REPORT = os.environ["REPORT"]
{fixture}


@pytest.mark.parametrize("n", range({tests}))
def test_captured(telemetry, n{arguments}):
{body}
    app.work(n)
{end}
    values = [each.value for each in telemetry.metrics.all("shop.placed", n=n)]
    found = {{
        "spans": len(telemetry.spans.all("outer", n=n)) + len(telemetry.spans.all("inner")),
        "all_spans": len(telemetry.spans),
        "lines": len(telemetry.logs.all(f"placed {{n}}")) + len(telemetry.logs.all("placed", n=n)),
        "all_lines": sum(each["logger"].startswith("shop") for each in telemetry.logs if each.fields),
        "value": sum(values),
        "all_values": sum(each.value for each in telemetry.metrics.all("shop.placed")),
    }}
    # Measured, and looked at by nobody: the next test must not see it.
    app.placed.add(5, {{"n": 99}})
    with open(REPORT, "a") as report:
        report.write(json.dumps(found) + "\\n")
"""
_OURS: Final = "from ameide_telemetry import init_telemetry\ninit_telemetry('shop')"
_FOREIGN: Final = """\
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
metrics.set_meter_provider(MeterProvider())
"""
_DIRECT: Final = """\
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
own_tracers, own_meters = TracerProvider(), MeterProvider()
"""
_IN_TEST: Final = "    from ameide_telemetry import init_telemetry\n    handle = init_telemetry('shop')"
_FIXTURE: Final = """\
@pytest.fixture(scope="{scope}")
def started():
    from ameide_telemetry import init_telemetry
    yield init_telemetry("shop")
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A way to start telemetry, or not to."""

    before: str = ""
    after: str = ""
    body: str = ""
    end: str = ""
    fixture: str = ""
    direct: bool = False


CASES: Final[dict[str, Case]] = {
    "never": Case(),
    "ours at import, before the tracers": Case(before=_OURS),
    "ours at import, after the tracers": Case(after=_OURS),
    "ours in a session fixture": Case(fixture=_FIXTURE.format(scope="session")),
    "ours in a function fixture": Case(fixture=_FIXTURE.format(scope="function")),
    "ours in the test": Case(body=_IN_TEST),
    "ours twice": Case(body=f"{_IN_TEST}\n    init_telemetry('shop')"),
    "ours, shut down in the test": Case(body=_IN_TEST, end="    handle.shutdown()"),
    "foreign at import": Case(before=_FOREIGN),
    "foreign in the test": Case(
        body="\n".join(
            [
                "    from opentelemetry import metrics, trace",
                "    if n == min(app.__dict__.setdefault('first', [n])):",
                *(f"        {line}" for line in _FOREIGN.strip().splitlines()),
            ]
        )
    ),
    "foreign at import, then ours": Case(before=_FOREIGN, body=_IN_TEST),
    "foreign, not the global one": Case(before=_DIRECT, direct=True),
}


def write_case(folder: Path, case: Case) -> None:
    """Write the service and its tests."""
    tracers, meters = ("own_tracers", "own_meters") if case.direct else ("trace", "metrics")
    app = _APP.format(before=case.before, after=case.after, tracers=tracers, meters=meters)
    (folder / "app.py").write_text(app, encoding="utf-8")
    test = _TEST.format(
        fixture=case.fixture,
        tests=TESTS,
        arguments=", started" if case.fixture else "",
        body=case.body or "    pass",
        end=case.end or "    pass",
    )
    (folder / "test_app.py").write_text(test, encoding="utf-8")


def run_pytest(
    folder: Path, *arguments: str, python: str = sys.executable, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest in a process of its own, with no settings from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AMEIDE_"))}
    for name in ("GITHUB_ACTIONS", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "COLUMNS"):
        kept.pop(name, None)
    # Else the settings of whatever project the folder lies in would be in force.
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [python, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**kept, "CI": "true", "REPORT": str(folder / "report"), **environ},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def captured(folder: Path) -> list[dict[str, Any]]:
    """Return what each test has captured."""
    report = folder / "report"
    if not report.exists():
        return []
    return [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
