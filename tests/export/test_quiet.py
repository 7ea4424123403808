"""Exporting makes no telemetry of its own."""

from __future__ import annotations

import threading

from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from ameide_telemetry.export.quiet import exports, quiet


def test_instrumentation_is_off_inside_and_on_after() -> None:
    """Contrib instrumentations see the SDK's own key."""
    assert is_instrumentation_enabled()
    with quiet():
        assert not is_instrumentation_enabled()
        assert exports()
    assert is_instrumentation_enabled()
    assert not exports()


def test_other_threads_are_not_affected() -> None:
    """Only the thread that exports is quiet."""
    seen: list[bool] = []
    with quiet():
        thread = threading.Thread(target=lambda: seen.append(exports()))
        thread.start()
        thread.join(5)
    assert seen == [False]


def test_loggers_of_the_exporters_are_known_on_any_thread() -> None:
    """Their records never leave over OTLP, whoever logs them."""
    assert exports("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    assert exports("opentelemetry.sdk.trace")
    assert not exports("opentelemetry_fan_club")
    assert not exports("orders")
