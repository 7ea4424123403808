"""What the library itself writes has nothing wrong with it, whatever is logged."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.reports.model import Place
from support.environment import service_environment

_SERVICE: Final = """
import logging
import ameide_telemetry
from opentelemetry import trace
ameide_telemetry.init_telemetry(service="orders", version="1.2.3", environment="test")
log = logging.getLogger("orders.checkout")
for level in (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
    log.log(level, "priced in %d ms", 12, extra={"sku": "A-1", "price": 12.5, "lines": [{"id": 1}]})
log.info("mail to bob@example.com with password=hunter22", extra={"password": "x", "service": "mine"})
log.info("K\\u00f6ln \\U0001f600 \\ud800 \\u2028 %s", "x" * 40_000)
try:
    raise ValueError("said \\"no\\"\\nand more")
except ValueError:
    log.exception("failed")
with trace.get_tracer("orders").start_as_current_span("work"):
    for number in range(10):
        log.info("order %d", number, extra={"order": {"id": number, "ratio": 1e-7, "big": 2**80}})
print("printed")
print("several\\nlines", flush=True)
import warnings
warnings.warn("old")
raise SystemExit(0)
"""


def test_the_librarys_own_lines_are_clean() -> None:
    """Records of all levels, failures, hostile text, a span, prints and warnings of a real process."""
    ended = subprocess.run(
        [sys.executable, "-c", _SERVICE],
        capture_output=True,
        timeout=60,
        check=True,
        env=service_environment(),
    )
    lines = (ended.stdout + ended.stderr).splitlines()
    assert len(lines) > 18
    for engine in ("standard", "jsonschema-rs"):
        inspector = Inspector(engine=engine)
        for number, line in enumerate(lines, 1):
            assert not inspector.inspect(line, Place("-", number)), line
        assert inspector.coverage > 0.5
