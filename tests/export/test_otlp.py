"""Settings -> exporter, against real sockets."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from ameide_telemetry.export.otlp import SdkSender, destination
from ameide_telemetry.settings import OtlpSettings
from support.collector import FakeCollector
from support.pipelines import collector_settings, run_program

if TYPE_CHECKING:
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

    from ameide_telemetry.export.destination import Sender


def spans(*names: str) -> list[ReadableSpan]:
    """Return ended spans."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    made: list[Any] = [tracer.start_span(name) for name in names]
    for span in made:
        span.end()
    return [span._readable_span() for span in made]


def sender(otlp: OtlpSettings, timeout: float = 5) -> Sender:
    where = destination("traces", "otlp", otlp, timeout=timeout)
    assert where is not None
    return where.connect()


def test_nowhere_to_go() -> None:
    """No endpoint, or `none`, is no destination."""
    assert destination("traces", "otlp", None, timeout=1) is None
    assert destination("traces", "none", OtlpSettings("http://localhost:4318/v1/traces"), timeout=1) is None


def test_a_destination_shows_no_credentials() -> None:
    """What `status()` and the lines show of a URL has no password and no query."""
    where = destination(
        "traces", "otlp", OtlpSettings("https://u:secret@c:4318/v1/traces?k=secret"), timeout=1
    )
    assert where is not None
    assert "secret" not in f"{where} {where.endpoint}"
    assert where.exporter == "otlp http/protobuf"


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_spans_arrive_with_headers_and_compression(compression: Any) -> None:
    """The settings reach the wire."""
    with FakeCollector() as collector:
        otlp = OtlpSettings(
            collector.endpoint("traces"), headers=(("x-key", "value"),), compression=compression
        )
        out = sender(otlp)
        assert out.send(spans("one", "two")) is None
        out.close()
        assert collector.count("traces") == 2
        assert collector.headers["traces"][0]["x-key"] == "value"
        expected = None if compression == "none" else compression
        assert collector.headers["traces"][0].get("content-encoding") == expected


@pytest.mark.parametrize(
    ("mode", "kind"), [("refused", "ConnectionError"), ("400", "http_400"), ("302", "http_302")]
)
def test_a_failure_has_a_kind(mode: str, kind: str) -> None:
    """The answer or the network error is known, and a redirect is no acknowledgement."""
    with FakeCollector(mode) as collector:
        out = sender(OtlpSettings(collector.endpoint("traces")), timeout=0.5)
        records = spans("one")
        assert out.send(records) == kind
        assert out.unsendable(records) == []
        out.close()


def test_closing_interrupts_a_retry() -> None:
    """The exporter sleeps between two attempts; closing from another thread ends that at once."""
    with FakeCollector("503") as collector:
        out = sender(OtlpSettings(collector.endpoint("traces"), timeout=60), timeout=60)
        answers: list[str | None] = []
        thread = threading.Thread(target=lambda: answers.append(out.send(spans("one"))))
        thread.start()
        while not collector.attempts and thread.is_alive():
            thread.join(0.01)
        out.close()
        out.close()
        thread.join(10)
        assert answers == ["http_503"]


def test_a_lone_surrogate_is_found() -> None:
    """A span that no encoder takes is told apart from a collector that is away."""
    with FakeCollector() as collector:
        out = sender(OtlpSettings(collector.endpoint("traces")))
        records = spans("good", "bad \ud800", "better")
        assert out.send(records) == "export_failed"
        assert out.unsendable(records) == [1]
        out.close()


def test_the_environment_has_no_say_in_the_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telemetry goes straight to the collector, whatever HTTP_PROXY says."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with FakeCollector() as collector:
        out = sender(OtlpSettings(collector.endpoint("traces")))
        assert out.send(spans("one")) is None
        out.close()


def test_console(capsys: pytest.CaptureFixture[str]) -> None:
    """The console exporter prints to the stdout of now."""
    where = destination("traces", "console", None, timeout=1)
    assert where is not None
    assert str(where) == "console"
    out = where.connect()
    assert out.send(spans("printed")) is None
    assert out.unsendable([]) == []
    out.close()
    assert "printed" in capsys.readouterr().out


def test_grpc_is_made_from_the_settings() -> None:
    """The exporter gets target, headers and compression; nobody listens, so sending fails with a kind."""
    otlp = OtlpSettings(
        "http://127.0.0.1:1", protocol="grpc", headers=(("a", "b"),), compression="gzip", insecure=True
    )
    out = sender(otlp, timeout=0.2)
    assert isinstance(out, SdkSender)
    assert out.send(spans("one")) == "export_failed"
    out.close()


def test_grpc_over_tls_reads_its_files(tmp_path: Path) -> None:
    """A certificate file that cannot be read fails; it is not quietly replaced by other roots."""
    otlp = OtlpSettings("https://127.0.0.1:1", protocol="grpc", certificate=str(tmp_path / "none.pem"))
    with pytest.raises(FileNotFoundError):
        sender(otlp)
    out = sender(dataclasses.replace(otlp, certificate=None))
    out.close()


def test_nothing_heavy_is_imported_before_the_first_record() -> None:
    """Rooms and providers do without requests, protobuf and the logs SDK; only the worker brings them."""
    program = """
        import sys, threading
        import ameide_telemetry.export, ameide_telemetry.lifecycle, ameide_telemetry.metrics
        import ameide_telemetry.traces, ameide_telemetry.export.log_records
        from ameide_telemetry.ledger import Ledger
        from ameide_telemetry.resource import build_resource
        from ameide_telemetry.settings import OtlpSettings, TelemetrySettings, TraceSettings
        heavy = ("requests", "google.protobuf", "opentelemetry.sdk._logs", "opentelemetry.exporter")
        print(threading.active_count(), [name for name in heavy if name in sys.modules])
        otlp = OtlpSettings("http://127.0.0.1:9/v1/traces")
        settings = TelemetrySettings(traces=TraceSettings(otlp=otlp))
        handle = ameide_telemetry.traces.install(settings, build_resource(settings), Ledger())
        print(threading.active_count(), [name for name in heavy if name in sys.modules])
    """
    assert run_program(program).splitlines() == ["1 []", "1 []"]


def test_collector_settings_reach_all_signals() -> None:
    """The support code of these tests points every signal at the collector."""
    with FakeCollector() as collector:
        settings = collector_settings(collector)
        for signal in (settings.traces, settings.metrics, settings.logs):
            assert signal.otlp is not None
            assert signal.otlp.endpoint.startswith(collector.endpoint())
