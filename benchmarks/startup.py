"""What does telemetry cost at start-up?

    python benchmarks/startup.py

Whole processes, in turn: the interpreter alone, the import of this package, one `init_telemetry()`, and the
same parts wired by hand as the OpenTelemetry and structlog documentation show.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from rounds import table

HAND = """
import logging, sys, structlog
from pythonjsonlogger.json import JsonFormatter
from opentelemetry import trace, metrics, propagate
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
resource = Resource.create({"service.name": "orders"})
provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource))
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
logging.basicConfig(level=logging.INFO, handlers=[handler])
structlog.configure(processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory())
"""
OURS = "from ameide_telemetry import init_telemetry; init_telemetry('orders')"
LINE = "\nimport logging; logging.getLogger('shop').info('ready')"
# The start alone is the question. Ours builds its exporters on the worker thread when the first record
# comes, the peer at start: what a service waits for before it can answer is what is compared.
LEAVE = "\nimport os, sys; sys.stdout.flush(); os._exit(0)"
VARIANTS = {
    "interpreter alone": "pass",
    "import ameide_telemetry": "import ameide_telemetry",
    "hand-wired": HAND + LINE,
    "ours": OURS + LINE,
}
ROUNDS = 21


def _seconds(code: str, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code + LEAVE], env=environment, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - start


def main() -> None:
    """Run all variants in turn and print medians and ratios."""
    # An endpoint on which nobody listens: both sides have their exporters on and nothing to send yet.
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    figures: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for code in VARIANTS.values():
        _seconds(code, environment)
    for _ in range(ROUNDS):
        for name, code in VARIANTS.items():
            figures[name].append(_seconds(code, environment) * 1e3)
    found = {name: statistics.median(values) for name, values in figures.items()}
    base, hand = found["interpreter alone"], found["hand-wired"]
    rows = [
        (name, f"{value:.0f}", f"{value - base:.0f}", f"{value / hand:.2f}x") for name, value in found.items()
    ]
    print(
        table("Start of a process (median milliseconds)", rows, ("variant", "ms", "added", "of hand-wired"))
    )
    print("\naims: ours <= 1.15x of hand-wired; import ameide_telemetry adds <= 30 ms")


if __name__ == "__main__":
    main()
