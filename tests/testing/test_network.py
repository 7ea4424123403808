"""Exporters do not connect in tests, to nobody, unless a test lets them connect to this machine."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OURS = """\
import pytest
from opentelemetry import trace
from ameide_telemetry import init_telemetry

{mark}
def test_it():
    handle = init_telemetry("shop")
    trace.get_tracer("shop").start_span("work").end()
    handle.shutdown(2)
"""
_FOREIGN = """\
import pytest
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

{mark}
def test_it():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(timeout=1)))
    provider.get_tracer("shop").start_span("work").end()
    meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(timeout=1))])
    meters.get_meter("shop").create_counter("shop.placed").add(1)
    meters.shutdown(2000)
"""
_ALLOWED = '@pytest.mark.telemetry(network="loopback")'


@contextmanager
def _listener() -> Iterator[tuple[str, list[int]]]:
    """Count connections, and close each at once."""
    connected: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connected.append(1)
                    connection.recv(1)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", connected
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize("source", [_OURS, _FOREIGN], ids=["ours", "foreign"])
def test_nobody_is_connected_to(tmp_path: Path, source: str) -> None:
    """With an endpoint in the environment no connection is made, not even here, and the run says so."""
    (tmp_path / "test_it.py").write_text(source.format(mark=""), encoding="utf-8")
    with _listener() as (endpoint, connected):
        done = run_pytest(tmp_path, *ALONE, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert done.returncode == 0, done.stdout
    assert not connected
    assert f"not connected to {endpoint}/v1/traces" in done.stdout
    assert f"not connected to {endpoint}/v1/metrics" in done.stdout


@pytest.mark.parametrize("source", [_OURS, _FOREIGN], ids=["ours", "foreign"])
def test_a_test_may_allow_this_machine(tmp_path: Path, source: str) -> None:
    """The marker lets what the test starts connect to this machine, and to no other."""
    (tmp_path / "test_it.py").write_text(source.format(mark=_ALLOWED), encoding="utf-8")
    with _listener() as (endpoint, connected):
        run_pytest(tmp_path, *ALONE, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert connected
    done = run_pytest(tmp_path, *ALONE, OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.invalid:4318")
    assert done.returncode == 0, done.stdout
    assert "not connected to http://collector.invalid:4318/v1/traces" in done.stdout
