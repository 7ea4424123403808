"""Requests whose headers hold what no decoder expects; a service without telemetry answers all of them."""

from __future__ import annotations

import signal
import sys
from itertools import product
from typing import TYPE_CHECKING, Final

from faults.scorecard.measure import Fraction
from support.clients import send_raw
from support.collector import FakeCollector
from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from faults.scorecard.programs import Wiring

__all__ = ["answered_as_usual"]

_HEADERS: Final = (b"user-agent", b"traceparent", b"tracestate", b"baggage")
_VALUES: Final = (b"\xff\\x", b"\xff\\N{", b"\xff\\U99999999", b"\xff\\u12", b"\xff" * 60_000)
_UVICORN: Final = ("-m", "uvicorn", "faults.baseline.api:app", "--port", "{port}", "--http", "httptools")


def answered_as_usual(wiring: Wiring) -> Fraction:
    """Return how many of the requests are answered 200."""
    with FakeCollector() as collector:
        variables = {**collector.environment(), "OTEL_SERVICE_NAME": "orders", "WIRING": wiring}
        command = (sys.executable, *_UVICORN)
        with run_server(command, environment=service_environment(**variables)) as server:
            answers = [
                send_raw(server.port, _request(header, value)) for header, value in product(_HEADERS, _VALUES)
            ]
            server.stop(signal.SIGTERM)
    return Fraction(sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answers), len(answers))


def _request(header: bytes, value: bytes) -> bytes:
    lines = (b"GET /work HTTP/1.1", b"host: shop.test", b"connection: close", header + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n"
