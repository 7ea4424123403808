"""The corpus of bad values in log records over OTLP: every record arrives, with its neighbours."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from opentelemetry import context as otel_context

from ameide_telemetry.export import log_records
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.resource import build_resource
from faults.kit.corpus import QUICK
from faults.kit.fronts import LINES, LOGGER
from faults.kit.trial import alone, problem_of
from support.collector import FakeCollector
from support.lines import installed
from support.pipelines import collector_settings, deadline
from support.pipelines import fresh_process as fresh_process  # noqa: PLC0414 a fixture is used by its name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRONTS = (
    "stdlib-message",
    "stdlib-extra",
    "stdlib-extra-reserved",
    "stdlib-odd-record",
    "stdlib-odd-name",
    "structlog-keys",
    "structlog-exc-info",
)


@pytest.fixture(autouse=True)
def _own_context(fresh_process: None) -> Iterator[None]:
    token = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(token)


def test_all_records_of_the_corpus_and_their_neighbours_arrive(tmp_path: Path) -> None:
    """No call raises; every record is delivered, none is dropped, and the lines are there as well."""
    with FakeCollector() as collector, installed(tmp_path) as lines, alone():
        settings, ledger = collector_settings(collector), Ledger()
        records = log_records.install(settings, build_resource(settings), ledger)
        assert records.pipeline is not None
        lines.installation.also_over_otlp(records, lines=True)
        failures = []
        for front in FRONTS:
            for number, case in enumerate(QUICK):
                problem = problem_of(front, LINES[front], case.make())
                failures += [f"{front} {case}: {problem}"] if problem else []
                if number % 100 == 0:
                    logging.getLogger(LOGGER).info("good %s %d", front, number)
                    records.pipeline.force_flush(deadline(30))
        result = records.pipeline.shutdown(deadline(30))
        records.undo()
        assert not failures, "\n".join(failures[:50])
        counts = ledger.logs.counts()
        assert (result.error, counts["dropped_by_reason"]) == (None, {})
        assert counts["delivered"] == counts["emitted"] == collector.count("logs") >= len(FRONTS) * len(QUICK)
        bodies = {record.body.string_value for record in collector.logs()}
        assert {f"good {front} 400" for front in FRONTS} <= bodies


def test_a_body_with_a_lone_surrogate_destroys_no_batch(tmp_path: Path) -> None:
    """As measured end to end without us, none of two hundred and one arrived; here all do."""
    with FakeCollector() as collector, installed(tmp_path) as lines, alone():
        settings, ledger = collector_settings(collector), Ledger()
        records = log_records.install(settings, build_resource(settings), ledger)
        assert records.pipeline is not None
        lines.installation.also_over_otlp(records, lines=True)
        log = logging.getLogger(LOGGER)
        for number in range(200):
            log.info("good %d", number)
            if number == 100:
                log.info("hello %s", "\ud800x")
        assert records.pipeline.shutdown(deadline(30)).delivered == 201
        records.undo()
        assert "hello \ufffdx" in {record.body.string_value for record in collector.logs()}
