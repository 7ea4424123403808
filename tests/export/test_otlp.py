"""Settings -> sender, and one attempt of it against a collector in every mood, over HTTP and gRPC."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import TracerProvider

from ameide_telemetry.export.destination import Answer
from ameide_telemetry.export.otlp import destination
from ameide_telemetry.settings import OtlpSettings
from support.collector import FakeCollector
from support.grpc_collector import GrpcCollector
from support.pipelines import collector_settings, run_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

    from ameide_telemetry.export.destination import Sender

both = pytest.mark.parametrize("kind", [FakeCollector, GrpcCollector], ids=["http", "grpc"])


@pytest.fixture
def senders() -> Iterator[list[Sender]]:
    """Collect what is to be closed in the end."""
    made: list[Sender] = []
    yield made
    for each in made:
        each.close()


def spans(*names: str) -> list[ReadableSpan]:
    """Return ended spans."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    made: list[Any] = [tracer.start_span(name) for name in names]
    for span in made:
        span.end()
    return [span._readable_span() for span in made]


def sender(otlp: OtlpSettings) -> Sender:
    where = destination("traces", "otlp", otlp, timeout=5)
    assert where is not None
    return where.connect()


def sender_to(collector: FakeCollector, **changes: Any) -> Sender:
    plain = OtlpSettings(collector.endpoint("traces"), insecure=True)
    return sender(dataclasses.replace(plain, protocol=collector.protocol, **changes))


def attempt(out: Sender, *names: str, seconds: float = 5) -> Answer:
    return out.send(spans(*names or ("one",)), time.monotonic() + seconds)


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
    assert "secret" not in f"{where!r} {where} {where.endpoint}"
    assert where.exporter == "otlp http/protobuf"


@pytest.mark.parametrize(("own", "expected"), [(3.0, 3.0), (60.0, 20.0)])
def test_an_attempt_takes_no_longer_than_its_batch(own: float, expected: float) -> None:
    """The collector's timeout is that of one attempt, the signal's that of all of them."""
    where = destination("logs", "otlp", OtlpSettings("http://c:4318/v1/logs", timeout=own), timeout=20)
    assert where is not None
    assert (where.timeout, where.budget) == (expected, 20)


@both
def test_spans_arrive_with_headers(kind: type[FakeCollector], senders: list[Sender]) -> None:
    """The settings reach the wire, the connection is kept, and the sender says who it is."""
    with kind() as collector:
        senders.append(out := sender_to(collector, headers=(("x-key", "value"),), compression="deflate"))
        assert attempt(out, "one", "two") == Answer()
        wire: Any = out._wire  # type: ignore[attr-defined]
        held = wire._limit._socket if kind is FakeCollector else wire._channel
        assert attempt(out, "three") == Answer()
        assert held is (wire._limit._socket if kind is FakeCollector else wire._channel)
        assert collector.count("traces") == 3
        headers = collector.headers["traces"][0]
        assert headers["x-key"] == "value"
        products = headers["user-agent"].split()
        assert products[:2] == [
            f"ameide-telemetry/{metadata.version('ameide-telemetry')}",
            f"OTel-OTLP-Exporter-Python/{metadata.version('opentelemetry-exporter-otlp-proto-common')}",
        ]


@pytest.mark.parametrize(
    ("mode", "http", "grpc"),
    [
        ("refused", Answer("connection_refused", retry=True), Answer("grpc_unavailable", retry=True)),
        ("reset", Answer("connection_reset", retry=True), Answer("grpc_unavailable", retry=True)),
        (
            "429",
            Answer("http_429", retry=True, retry_after=7),
            Answer("grpc_resource_exhausted", retry=True, retry_after=7),
        ),
        ("413", Answer("http_413", too_large=True), Answer("grpc_resource_exhausted", too_large=True)),
        ("400", Answer("http_400"), Answer("grpc_invalid_argument")),
        ("500", Answer("http_500"), Answer("grpc_unknown")),
        ("503", Answer("http_503", retry=True), Answer("grpc_unavailable", retry=True)),
    ],
)
@both
def test_an_answer_says_what_to_do(
    mode: str, http: Answer, grpc: Answer, kind: type[FakeCollector], senders: list[Sender]
) -> None:
    """The kind of the failure is known, and with it whether and when to try again; the end of it is too."""
    with kind(mode) as collector:
        collector.retry_after = "7"
        senders.append(out := sender_to(collector))
        expected = http if kind is FakeCollector else grpc
        assert attempt(out) == attempt(out) == expected
        collector.mode = "ok"
        assert attempt(out) == Answer()


@pytest.mark.parametrize("mode", ["silent", "backlog", "blackhole", "drip"])
@both
def test_an_attempt_ends_by_its_deadline(mode: str, kind: type[FakeCollector], senders: list[Sender]) -> None:
    """Whatever the peer does not say, or says slowly."""
    with kind(mode) as collector:
        senders.append(out := sender_to(collector, timeout=60))
        attempt(out, seconds=0.01)
        begin = time.monotonic()
        assert attempt(out, seconds=0.5) == Answer("timeout", retry=True)
        # Far below the minutes that the peer would take; the rest is a busy machine.
        assert time.monotonic() - begin < 3
        collector.mode = "ok"
        assert attempt(out) == Answer()


@both
def test_no_time_is_left(kind: type[FakeCollector], senders: list[Sender]) -> None:
    """An attempt whose deadline is past is not begun."""
    with kind() as collector:
        senders.append(out := sender_to(collector))
        assert attempt(out, seconds=-1) == Answer("timeout", retry=True)
        assert collector.attempts == 0


@pytest.mark.parametrize("mode", ["silent", "backlog", "blackhole", "drip"])
@both
def test_closing_ends_an_attempt(mode: str, kind: type[FakeCollector]) -> None:
    """From another thread, while the attempt still has a minute; and none begins after it."""
    with kind(mode) as collector:
        out = sender_to(collector, timeout=60)
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(attempt(out, seconds=60)))
        thread.start()
        # Until it waits for the peer, wherever that is; a close before would be as good.
        time.sleep(0.3)
        out.close()
        out.close()
        thread.join(10)
        assert [answer.error for answer in answers] == ["aborted"]
        assert attempt(out) == Answer("aborted")


@both
def test_a_partial_success_is_counted(kind: type[FakeCollector], senders: list[Sender]) -> None:
    """What the collector refused is said."""
    with kind() as collector:
        senders.append(out := sender_to(collector))
        for rejected, expected in ((1, 1), (0, 0), (-1, 0)):
            answer = ExportTraceServiceResponse()
            answer.partial_success.rejected_spans = rejected
            collector.reply = answer.SerializeToString()
            assert attempt(out, "one", "two") == Answer(rejected=expected)


@both
def test_an_answer_that_cannot_be_read_is_an_acknowledgement(
    kind: type[FakeCollector], senders: list[Sender]
) -> None:
    """The collector has the records, whatever it says about them."""
    with kind() as collector:
        senders.append(out := sender_to(collector))
        for reply in (b"\xff\xff\xff", b"x" * 200_000):
            collector.reply = reply
            assert attempt(out) == Answer()
        assert collector.count("traces") == 2


@both
def test_a_lone_surrogate_is_found(kind: type[FakeCollector], senders: list[Sender]) -> None:
    """A span that no encoder takes is told apart from a collector that is away."""
    with kind() as collector:
        senders.append(out := sender_to(collector))
        records = spans("good", "bad \ud800", "better")
        assert out.send(records, time.monotonic() + 5) == Answer("unencodable")
        assert list(out.unsendable(records)) == [1]
        assert list(out.unsendable(records[:1])) == []
        assert collector.attempts == 0


@both
def test_the_environment_has_no_say_in_the_route(
    kind: type[FakeCollector], monkeypatch: pytest.MonkeyPatch, senders: list[Sender]
) -> None:
    """Telemetry goes straight to the collector, whatever the proxy variables say."""
    with FakeCollector() as proxy, kind() as collector:
        for name in ("http_proxy", "HTTP_PROXY", "grpc_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.endpoint())
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "")
        senders.append(out := sender_to(collector))
        assert attempt(out) == Answer()
        assert proxy.attempts == 0


@both
def test_a_forked_child_connects_anew(kind: type[FakeCollector], senders: list[Sender]) -> None:
    """The sender knows a fork by itself, and leaves the connection of the parent whole."""
    with kind() as collector:
        senders.append(out := sender_to(collector))
        assert attempt(out) == Answer()
        wire: Any = out._wire  # type: ignore[attr-defined]
        held = wire._limit if kind is FakeCollector else wire._channel
        wire._pid = os.getpid() + 1
        assert attempt(out) == Answer()
        assert held is not (wire._limit if kind is FakeCollector else wire._channel)
        if kind is GrpcCollector:
            assert wire._inherited is held
            held.close()


@both
def test_a_file_for_tls_that_cannot_be_read_fails(kind: type[FakeCollector], tmp_path: Path) -> None:
    """It is not quietly replaced by other roots."""
    otlp = OtlpSettings("https://127.0.0.1:1", protocol=kind.protocol, certificate=str(tmp_path / "none.pem"))
    with pytest.raises(FileNotFoundError):
        sender(otlp)
    sender(dataclasses.replace(otlp, certificate=None)).close()


def test_console(capsys: pytest.CaptureFixture[str]) -> None:
    """The console exporter prints to the stdout of now."""
    where = destination("traces", "console", None, timeout=1)
    assert where is not None
    assert str(where) == "console"
    out = where.connect()
    assert attempt(out, "printed") == Answer()
    assert list(out.unsendable([])) == []
    out.close()
    assert "printed" in capsys.readouterr().out


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
