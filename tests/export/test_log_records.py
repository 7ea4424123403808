"""Log records over OTLP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry import _logs
from opentelemetry.sdk._logs import LoggerProvider

from ameide_telemetry import guard
from ameide_telemetry.export.log_records import LogRecords, install
from ameide_telemetry.export.quiet import quiet
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.resource import build_resource
from ameide_telemetry.settings import LogLimits, TelemetrySettings
from support.collector import FakeCollector
from support.pipelines import collector_settings, deadline

if TYPE_CHECKING:
    from collections.abc import Iterator


def installed(settings: TelemetrySettings, ledger: Ledger) -> LogRecords:
    return install(settings, build_resource(settings), ledger)


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    """Return a healthy collector."""
    with FakeCollector() as healthy:
        yield healthy


def test_records_arrive_with_their_resource(collector: FakeCollector) -> None:
    """A record of an OpenTelemetry logger is delivered and counted."""
    ledger = Ledger()
    handle = installed(collector_settings(collector), ledger)
    logger = handle.logger("orders.cart")
    assert logger is not None
    assert handle.pipeline is not None
    logger.emit(body="added", attributes={"item": 1})
    assert handle.pipeline.force_flush(deadline(10)).delivered == 1
    assert [record.body.string_value for record in collector.logs()] == ["added"]
    assert handle.origin == "owned"
    assert handle.provider is not None
    handle.provider.shutdown()  # type: ignore[attr-defined]
    assert handle.provider.force_flush()  # type: ignore[attr-defined]
    handle.pipeline.shutdown(deadline(5))
    handle.undo()


def test_records_about_exporting_stay_here(collector: FakeCollector) -> None:
    """What an exporter logs, or anything on its thread, is not exported: it would go on for ever."""
    ledger = Ledger()
    handle = installed(collector_settings(collector), ledger)
    exporter, own = handle.logger("opentelemetry.exporter.otlp"), handle.logger("urllib3.connectionpool")
    assert exporter is not None
    assert own is not None
    exporter.emit(body="retrying")
    with quiet():
        own.emit(body="POST /v1/logs")
    assert ledger.logs.counts()["emitted"] == 0
    own.emit(body="of the service")
    assert handle.pipeline is not None
    assert handle.pipeline.shutdown(deadline(10)).delivered == 1


def test_undo_and_again(collector: FakeCollector) -> None:
    """A logger made before a shutdown works with the next installation and has its resource."""
    ledger = Ledger()
    first = installed(collector_settings(collector), ledger)
    logger = first.logger("orders")
    assert logger is not None
    assert first.pipeline is not None
    first.pipeline.shutdown(deadline(5))
    first.undo()
    assert not logger.enabled()
    logger.emit(body="between")
    limits = LogLimits(max_attributes=None, max_attribute_length=8)
    second = installed(collector_settings(collector, logs={"limits": limits}, namespace="shop"), ledger)
    assert second.provider is first.provider
    logger.emit(body="after")
    assert second.pipeline is not None
    assert second.pipeline.shutdown(deadline(10)).delivered == 1
    (resource,) = collector.resources("logs")
    assert "service.namespace" in {each.key for each in resource.resource.attributes}
    first.undo()
    assert logger.enabled()


@pytest.mark.parametrize(
    "change", [{"disabled": True}, {"logs": {"sink": "stdout"}}, {"logs": {"enabled": False}}]
)
def test_nothing_is_installed_unasked(change: dict[str, object], collector: FakeCollector) -> None:
    """Lines on stdout need no logger provider."""
    handle = installed(collector_settings(collector, **change), Ledger())
    assert (handle.origin, handle.pipeline, handle.logger("any")) == ("disabled", None, None)
    handle.undo()


def test_an_operators_provider_is_adopted(collector: FakeCollector) -> None:
    """It gets our processor once, however often we are installed."""
    theirs = LoggerProvider(shutdown_on_exit=False)
    _logs.set_logger_provider(theirs)
    ledger = Ledger()
    for _ in range(2):
        handle = installed(collector_settings(collector), ledger)
        assert (handle.origin, handle.provider) == ("adopted", theirs)
        theirs.get_logger("orders").emit(body="once")
        assert handle.pipeline is not None
        assert handle.pipeline.shutdown(deadline(10)).delivered == 1
        handle.undo()
    assert collector.count("logs") == 2


def test_a_foreign_provider_is_left_alone(collector: FakeCollector) -> None:
    """One that takes no processors cannot be joined and is not replaced."""
    guard.reset()
    theirs = _logs.NoOpLoggerProvider()
    _logs.set_logger_provider(theirs)
    assert installed(collector_settings(collector), Ledger()).origin == "disabled"
    assert guard.counts() == {"export.logger_provider_foreign": 1}
