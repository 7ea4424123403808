"""Pipelines in a test: a process without providers, settings that point at a fake collector, programs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from opentelemetry import _logs, metrics, trace
from opentelemetry.util._once import Once

from ameide_telemetry.export import log_records
from ameide_telemetry.export.destination import Answer, Destination
from ameide_telemetry.metrics import provider as meter_provider
from ameide_telemetry.settings import (
    LogSettings,
    MetricSettings,
    OtlpSettings,
    TelemetrySettings,
    TraceSettings,
)
from ameide_telemetry.traces import provider as tracer_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ameide_telemetry.export.destination import Sender
    from support.collector import FakeCollector

__all__ = [
    "ScriptedSender",
    "collector_settings",
    "deadline",
    "fresh_process",
    "run_program",
    "scripted",
    "wait_until",
]

_TESTS: Final = Path(__file__).parent.parent
_API: Final = {
    trace: ("_TRACER_PROVIDER", "_TRACER_PROVIDER_SET_ONCE"),
    metrics._internal: ("_METER_PROVIDER", "_METER_PROVIDER_SET_ONCE"),
    _logs._internal: ("_LOGGER_PROVIDER", "_LOGGER_PROVIDER_SET_ONCE"),
}


@pytest.fixture
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test begin in a process where nobody has set a provider."""
    for module, (provider, once) in _API.items():
        monkeypatch.setattr(module, provider, None)
        monkeypatch.setattr(module, once, Once())
    monkeypatch.setattr(metrics._internal, "_PROXY_METER_PROVIDER", metrics._internal._ProxyMeterProvider())
    for room in (tracer_provider, meter_provider, log_records):
        monkeypatch.setattr(room, "_process", room._Process())


def collector_settings(collector: FakeCollector, **changes: Any) -> TelemetrySettings:
    """Return settings that send all three signals to a collector, in intervals that no test waits for.

    Args:
        collector: the fake one.
        **changes: `traces`, `metrics`, `logs`: mappings of fields; anything else is a field of the whole.
    """

    def otlp(name: str) -> OtlpSettings:
        return OtlpSettings(collector.endpoint(name), protocol=collector.protocol, insecure=True)

    signals: dict[str, Any] = {
        "traces": TraceSettings(otlp=otlp("traces"), schedule_delay=60),
        "metrics": MetricSettings(otlp=otlp("metrics"), interval=60),
        "logs": LogSettings(otlp=otlp("logs"), sink="both", schedule_delay=60),
    }
    for name, plain in signals.items():
        signals[name] = dataclasses.replace(plain, **changes.pop(name, {}))
    return TelemetrySettings(service="orders", version="1.2.3", environment="test", **signals, **changes)


class ScriptedSender:
    """A sender that answers as told.

    None is an acknowledgement, a text a failure that another attempt would not change, an `Answer` is given
    as it is, a callable is called with the records.

    Attributes:
        attempts: what was tried, with the time until the deadline of each attempt.
        sent: what was acknowledged.
    """

    def __init__(self, answer: Callable[[Any], Answer | str | None] | Answer | str | None = None) -> None:
        self.answer = answer
        self.attempts: list[tuple[Any, float]] = []
        self.sent: list[Any] = []
        self.closed = 0

    def send(self, records: Any, deadline: float) -> Answer:
        self.attempts.append((records, deadline - time.monotonic()))
        answer = self.answer(records) if callable(self.answer) else self.answer
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        if answer.error is None:
            self.sent.append(records)
        return answer

    def unsendable(self, records: Sequence[Any]) -> list[int]:
        return [position for position, record in enumerate(records) if record == "bad"]

    def close(self) -> None:
        self.closed += 1


def scripted(sender: Sender, *, timeout: float = 10.0, budget: float = 30.0) -> Destination:
    """Return a destination whose connection is the given sender."""
    return Destination("otlp test", "http://test", lambda: sender, timeout, budget)


def deadline(seconds: float) -> float:
    """Return the monotonic time in so many seconds."""
    return time.monotonic() + seconds


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Wait until a condition holds, so many seconds at most; return whether it does."""
    limit = deadline(seconds)
    while not condition() and time.monotonic() < limit:
        time.sleep(0.01)
    return bool(condition())


def run_program(source: str, *, env: dict[str, str] | None = None, seconds: float = 60) -> str:
    """Run a Python program in a process of its own and return its stdout; it must end with status 0."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        env={**clean, "PYTHONPATH": str(_TESTS), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == 0, errors
    return output
