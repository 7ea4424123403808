"""What arrives of good records, and how long a call may take, while something beside them is bad."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from faults.scorecard.measure import Fraction, Number
from faults.scorecard.programs import run_program
from support.collector import FakeCollector

if TYPE_CHECKING:
    from faults.scorecard.programs import Wiring

__all__ = [
    "children_that_deliver",
    "good_neighbours",
    "longest_flush",
    "records_of_one",
    "requests_while_broken",
]

_CHILDREN: Final = 4
_RECORDS: Final = 201
_QUICK: Final = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BLRP_SCHEDULE_DELAY": "100"}
_FAST_METRICS: Final = {"OTEL_METRIC_EXPORT_INTERVAL": "200"}
_NOWHERE: Final = dict.fromkeys(
    ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"), "none"
)
_RECURSION_SECONDS: Final = 6
_FLUSH_CAP: Final = 40.0
_PARTS: Final = ("sampler", "on_start", "on_end")


def good_neighbours(wiring: Wiring) -> Fraction:
    """Return how many good spans, log records and instruments arrive beside one bad one of each."""
    with FakeCollector() as collector:
        environment = {**collector.environment(), **_FAST_METRICS}
        run_program("poison", wiring, _RECORDS, environment=environment, sick=True)
        spans = sum(span.name == "good" for span in collector.spans())
        logs = sum(record.body.string_value.endswith("good") for record in collector.logs())
        counters = any(collector.points("good"))
    return Fraction(spans + logs + counters, 2 * (_RECORDS - 1) + 1)


def children_that_deliver(wiring: Wiring) -> Fraction:
    """Return of how many forked children that end at once both span and log record arrive."""
    with FakeCollector() as collector:
        run_program("children", wiring, _CHILDREN, environment=collector.environment(), sick=True)
        spans = sum(span.name == "child" for span in collector.spans())
        logs = sum(record.body.string_value.endswith("child") for record in collector.logs())
    return Fraction(min(spans, logs), _CHILDREN)


def records_of_one(wiring: Wiring) -> Number:
    """Return how many log records leave because of one, when the root logger takes everything."""
    with FakeCollector() as collector:
        environment = {**collector.environment(), **_QUICK, "OTEL_METRICS_EXPORTER": "none"}
        run_program("recursion", wiring, _RECURSION_SECONDS, environment=environment)
        return Number(collector.count("logs"))


def longest_flush(wiring: Wiring) -> Number:
    """Return how long a flush that was given half a second takes, with a collector that never answers."""
    with FakeCollector("silent") as collector:
        environment = {**collector.environment(), "OTEL_METRICS_EXPORTER": "none"}
        began = time.monotonic()
        run = run_program("flush", wiring, environment=environment, seconds=_FLUSH_CAP, sick=True)
        if run.status is None:
            return Number(time.monotonic() - began, "s", beyond=True)
    remark = "and claims success" if run.result["answer"] else ""
    return Number(run.result["seconds"], "s", remark=remark)


def requests_while_broken(wiring: Wiring) -> Fraction:
    """Return how many requests are answered as without telemetry while a part of it raises."""
    found = [run_program("faulty", wiring, part, environment=_NOWHERE).result for part in _PARTS]
    return Fraction(sum(each == {"status": 200, "body": '"done"'} for each in found), len(found))
