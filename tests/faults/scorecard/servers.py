"""What arrives when a server is told to end: nine ways to serve, the same application under each."""

from __future__ import annotations

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from faults.scorecard.measure import Fraction
from support.clients import ask
from support.collector import FakeCollector
from support.servers import run_server, service_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from faults.scorecard.programs import Wiring

__all__ = ["SETUPS", "Setup", "keeps_everything", "kept_at_sigterm"]

_REQUESTS: Final = 20
_SERVER: Final = 2  # SPAN_KIND_SERVER
_API: Final = "faults.baseline.api:app"
_SHOP: Final = "faults.baseline.shop:app"
_UVICORN: Final = ("uvicorn", _API, "--port", "{port}")
# gunicorn's control socket is one per user, whoever runs how many servers.
_GUNICORN: Final = ("gunicorn", "--bind", "127.0.0.1:{port}", "--no-control-socket")
_WORKER: Final = ("-k", "uvicorn_worker.UvicornWorker")
# Longer than any measurement: whatever arrives was sent because the process ended.
_PATIENT: Final = dict.fromkeys(
    ("OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL"), "600000"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to serve.

    Attributes:
        name: for the report.
        command: what follows `python -m`.
        settings: what the documentation of ours asks for there.
    """

    name: str
    command: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()


SETUPS: Final = (
    Setup("uvicorn", _UVICORN),
    Setup("uvicorn.run", ("faults.baseline.serve",)),
    Setup("uvicorn --workers 2", (*_UVICORN, "--workers", "2")),
    Setup("gunicorn sync", (*_GUNICORN, _SHOP)),
    Setup("gunicorn gthread", (*_GUNICORN, "--workers", "2", "--threads", "4", _SHOP)),
    Setup("gunicorn sync, preload", (*_GUNICORN, "--workers", "2", "--preload", _SHOP)),
    Setup("gunicorn uvicorn worker", (*_GUNICORN, *_WORKER, _API)),
    Setup("gunicorn uvicorn worker, preload", (*_GUNICORN, *_WORKER, "--preload", _API)),
    Setup(
        "flask run",
        ("flask", "--app", "faults.baseline.shop", "run", "--port", "{port}"),
        (("AMEIDE_TELEMETRY_HANDLE_SIGTERM", "true"),),
    ),
)


def kept_at_sigterm(wiring: Wiring) -> Fraction:
    """Return in how many of the set-ups all spans, log records and measurements arrived."""
    with ThreadPoolExecutor(2) as pool:
        kept = list(pool.map(lambda setup: keeps_everything(setup, wiring), SETUPS))
    lost = [setup.name for setup, good in zip(SETUPS, kept, strict=True) if not good]
    return Fraction(sum(kept), len(kept), f"not {', '.join(lost)}" if lost else "")


def keeps_everything(setup: Setup, wiring: Wiring) -> bool:
    """Serve some requests, send SIGTERM at once, and return whether everything of them arrived."""
    with FakeCollector() as collector:
        variables = {
            **collector.environment(),
            **_PATIENT,
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_SERVICE_NAME": "orders",
            "WIRING": wiring,
            **dict(setup.settings),
        }
        command = (sys.executable, "-m", *setup.command)
        with run_server(command, environment=service_environment(**variables)) as server:
            for _ in range(_REQUESTS):
                ask(server.port, "/work")
            # A response is complete a moment before its request is.
            time.sleep(0.2)
            server.stop(signal.SIGTERM)
        return arrived(collector) == {"spans": _REQUESTS, "logs": _REQUESTS, "measurements": _REQUESTS}


def arrived(collector: FakeCollector) -> Mapping[str, int]:
    """Return what a collector got of the requests for `/work`."""
    spans = [span for span in collector.spans() if span.kind == _SERVER and span.name.endswith("/work")]
    logs = [record for record in collector.logs() if record.body.string_value.endswith("order priced")]
    return {"spans": len(spans), "logs": len(logs), "measurements": _requests_measured(collector)}


def _requests_measured(collector: FakeCollector) -> int:
    """Return the requests that the newest export of each process counts."""
    newest = {}
    for resource in collector.resources("metrics"):
        metrics = [metric for scope in resource.scope_metrics for metric in scope.metrics]
        newest[resource.resource.SerializeToString()] = sum(
            point.count for metric in metrics if _is_duration(metric.name) for point in _of_work(metric)
        )
    return sum(newest.values())


def _is_duration(name: str) -> bool:
    return name in {"http.server.request.duration", "http.server.duration"}


def _of_work(metric: Any) -> Iterable[Any]:
    for point in metric.histogram.data_points:
        if any(each.value.string_value == "/work" for each in point.attributes):
            yield point
