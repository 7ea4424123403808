"""Exporting makes no telemetry of its own."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

import pytest
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk.resources import Resource

from ameide_telemetry.export import log_records
from ameide_telemetry.export.quiet import exports, quiet
from ameide_telemetry.ledger import Ledger
from support.collector import FakeCollector
from support.grpc_collector import GrpcCollector
from support.pipelines import collector_settings, deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKER: Final = "ameide-telemetry-logs"


class _Listener(logging.Handler):
    """A handler of the service's own: keeps what a worker logs, and exports every record there is."""

    def __init__(self) -> None:
        super().__init__(1)
        self.lines: log_records.LogRecords | None = None
        self.heard: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.threadName == _WORKER:
            self.heard.append((record.name, record.getMessage()))
        logger = self.lines.logger(record.name) if self.lines is not None else None
        if logger is not None:
            logger.emit(body=record.getMessage())


@pytest.fixture
def listener() -> Iterator[_Listener]:
    """Listen at the root, to every level."""
    root, listens = logging.getLogger(), _Listener()
    level = root.level
    root.addHandler(listens)
    root.setLevel(1)
    yield listens
    root.removeHandler(listens)
    root.setLevel(level)


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


# A peer whose answer has a length twice over, which the HTTP library finds worth a warning.
_ODD: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"


@pytest.mark.parametrize("mode", ["ok", "503", "429", "refused", "reset", "drip"])
@pytest.mark.parametrize("kind", [FakeCollector, GrpcCollector], ids=["http", "grpc"])
def test_an_export_says_nothing_but_its_own_outage(
    kind: type[FakeCollector], mode: str, listener: _Listener
) -> None:
    """All loggers at the lowest level, and an attribute that the encoder stumbles over: nobody hears of it.

    What the pipeline itself says is not exported either, and so causes no further export.
    """
    with kind() as collector:
        collector.prompt = _ODD if kind is FakeCollector else b""
        collector.mode = mode
        ledger = Ledger()
        settings = collector_settings(collector, logs={"export_timeout": 2.0})
        lines = log_records.install(settings, Resource({"odd": "\udcff"}), ledger)
        listener.lines = lines
        assert lines.pipeline is not None
        for number in range(2):
            logging.getLogger("orders").info("order %d placed", number)
            lines.pipeline.force_flush(deadline(5))
        lines.pipeline.shutdown(deadline(1))
        assert {name for name, _ in listener.heard} <= {"ameide_telemetry"}, listener.heard
        assert ledger.logs.counts()["emitted"] == 2
        lines.undo()
