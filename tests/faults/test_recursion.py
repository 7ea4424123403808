"""Exporting causes nothing that is exported: no log records, no spans, no endless lines."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Final

import pytest

from support.collector import FakeCollector
from support.servers import service_environment

# What one log record at level DEBUG of everything did before: 58 exports in 6 s, without end.
_SECONDS: Final = 6
_LIMIT: Final = 60
# 6 s at one line per outage and per minute, and the one line itself; the rest is room for the start.
_MOST_LINES: Final = 12
_PROGRAM: Final = """
import logging, sys, time
from ameide_telemetry import init_telemetry
import requests, urllib3, httpx
logging.basicConfig(level=logging.DEBUG)
telemetry = init_telemetry(logs={"level": "DEBUG", "sink": "both"}, metrics={"interval": 0.5})
logging.getLogger().setLevel(logging.DEBUG)
logging.getLogger("orders").info("the one record")
time.sleep(float(sys.argv[1]))
telemetry.force_flush(5)
"""
_DELAYS: Final = {
    "OTEL_SERVICE_NAME": "orders",
    "OTEL_BLRP_SCHEDULE_DELAY": "100",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
    "AMEIDE_TELEMETRY_EXIT_TIMEOUT": "1",
}


def _lines(environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(_SECONDS)],
        env=service_environment(**_DELAYS, **environment),
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=True,
    )
    lines = (done.stdout + done.stderr).splitlines()
    for line in lines:
        json.loads(line)
    return lines


def test_one_record_is_delivered_and_nothing_else() -> None:
    """Root logger at DEBUG, batches of 100 ms, 6 s: one record, no span, few lines."""
    with FakeCollector() as collector:
        lines = _lines(collector.environment())
        bodies = [each.body.string_value for each in collector.logs()]
        spans = [each.name for each in collector.spans()]
    assert bodies == ["the one record"]
    assert spans == []
    assert len(lines) <= _MOST_LINES, lines


@pytest.mark.full
def test_a_collector_that_refuses_causes_no_records() -> None:
    """Every export fails at once, all the time: the lines stay few, and none repeats the client library's."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        lines = _lines({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
    assert sum('"the one record"' in line for line in lines) == 1
    assert not [line for line in lines if '"urllib3' in line or '"requests' in line]
    assert len(lines) <= _MOST_LINES, lines
