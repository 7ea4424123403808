"""Events as OpenTelemetry log records, over a real socket."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.collector import FakeCollector
from support.environment import service_environment

TESTS = Path(__file__).parent.parent
SERVICE = """
import logging, structlog
from ameide_telemetry import init_telemetry, bound_context
telemetry = init_telemetry("orders")
with bound_context(tenant_id="acme"), telemetry.tracer("t").start_as_current_span("work") as span:
    logging.getLogger("shop").warning("stdlib %s", 1, extra={"sku": 7, "service": "fake"})
    structlog.get_logger("shop").info("structured", nested={"a": [1]})
    logging.getLogger("quiet").debug("not this")
    try:
        raise ValueError("boom")
    except ValueError:
        logging.getLogger("shop").critical("failed", exc_info=True)
assert telemetry.force_flush(10), telemetry.status()
assert telemetry.status()["pipelines"]["logs"]["delivered"] == 3, telemetry.status()["counts"]
"""


def _attributes(record: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in record.attributes}


@pytest.mark.parametrize(("sink", "lines"), [("both", 3), ("otlp", 0)])
def test_records_leave_over_otlp_and_lines_only_where_asked(sink: str, lines: int) -> None:
    """Severity, body, fields, ids and the error; never the same record twice."""
    with FakeCollector() as collector:
        done = subprocess.run(
            [sys.executable, "-c", SERVICE],
            env=service_environment(AMEIDE_TELEMETRY_LOG_SINK=sink, **collector.environment()),
            capture_output=True,
            timeout=60,
            check=False,
        )
        records = list(collector.logs())
    assert (done.returncode, done.stderr) == (0, b"")
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == lines
    assert [record.body.string_value for record in records] == ["stdlib 1", "structured", "failed"]
    assert [record.severity_number for record in records] == [13, 9, 21]
    first = _attributes(records[0])
    assert (first["sku"], first["tenant_id"], first["saas.tenant"]) == (7, "acme", "acme")
    assert "service" not in first
    assert _attributes(records[2])["exception.type"] == "ValueError"
    assert len({record.trace_id for record in records}) == 1
    assert records[0].trace_id
