"""How servers end with telemetry on board: nothing is lost, nothing ends otherwise than without it.

`flask run` is the exception that is documented: werkzeug's development server has no handler for SIGTERM, so
the system ends the process at once and what was not sent yet is lost. Ctrl+C ends it in order.
"""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from ameide_telemetry.contract import names
from services.setups import SETUPS, STATUS, Setup, environment
from services.traffic import Exchange, Step, exchange
from support.collector import FakeCollector
from support.pipelines import run_program, wait_until
from support.raw_lines import judge
from support.servers import Ended, run_server

_REQUESTS: Final = 20
_ACCESS: Final = f'"{names.ACCESS_LOGGER}"'.encode()
_SERVER: Final = 2  # SPAN_KIND_SERVER
# Longer than any test: whatever arrives was sent because the process ended.
_PATIENT: Final = {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_METRIC_EXPORT_INTERVAL": "600000"}
# Two set-ups end exactly as another one does.
_NOT_HERE: Final = {"flask-run", "uvicorn-h11-asyncio", "gunicorn-config"}
_GRACEFUL: Final = [setup for setup in SETUPS.values() if setup.name not in _NOT_HERE]
_LIKE_BEFORE: Final = (
    "uvicorn",
    "uvicorn-workers",
    "gunicorn-sync",
    "gunicorn-uvicorn",
    "flask-run",
    "hypercorn",
)


class Served(NamedTuple):
    """The requests that were made, and what is left of the server."""

    made: list[Exchange]
    ended: Ended


def _served(setup: Setup, number: int, collector: FakeCollector, *, in_flight: bool = False) -> Served:
    """Start a server, make the requests, end it with a signal; the last one may still be in flight then."""
    kind = "sync" if setup.app == "shop" else "async"
    variables = environment(**collector.environment(), **_PATIENT)
    with ThreadPoolExecutor(1) as client, run_server(setup.argv, environment=variables) as server:
        made = [exchange(server.port, Step(f"/{kind}/structured")) for _ in range(_REQUESTS)]
        # A response is complete a moment before its request is.
        assert wait_until(lambda: server.stdout.count(_ACCESS) == _REQUESTS)
        assert collector.count("traces") == 0, "sent before the end: the test would prove nothing"
        if not in_flight:
            return Served(made, server.stop(number))
        waiting = client.submit(exchange, server.port, Step(f"/{kind}/slow"))
        server.wait_for(b":slow_begin]")
        ended = server.stop(number)
        return Served([*made, waiting.result(timeout=10)], ended)


@cache
def _status_without(setup: Setup, number: int) -> int:
    """Return the exit status of the same server without telemetry."""
    with run_server(setup.argv_without, environment=environment(WITHOUT_TELEMETRY="1")) as server:
        return server.stop(number).status


def _measured(collector: FakeCollector) -> int:
    """Return how many requests the newest export of each process counts."""
    newest = {}
    for resource in collector.resources("metrics"):
        metrics = [metric for scope in resource.scope_metrics for metric in scope.metrics]
        newest[_instance(resource)] = sum(
            point.count
            for metric in metrics
            if metric.name == "http.server.request.duration"
            for point in metric.histogram.data_points
        )
    return sum(newest.values())


def _instance(resource: Any) -> str:
    attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
    return str(attributes["service.instance.id"])


@pytest.mark.parametrize("setup", _GRACEFUL, ids=str)
def test_sigterm_loses_nothing(setup: Setup) -> None:
    """Every request's span and measurement arrives, that of the request which is in flight at SIGTERM too."""
    with FakeCollector() as collector:
        made, ended = _served(setup, signal.SIGTERM, collector, in_flight=True)
        judged = judge(ended.stdout, ended.stderr)
        spans = {span.trace_id.hex(): span.kind for span in collector.spans()}
        assert collector.count("traces") == len(made), judged
        assert spans == {each.trace_id: _SERVER for each in made}
        assert _measured(collector) == len(made)
    assert made[-1].answer.status == 200
    assert made[-1].marks == ("slow_begin", "slow_end")
    assert ended.status == STATUS[setup.name]
    assert not judged.offenders, judged


@pytest.mark.parametrize("name", _LIKE_BEFORE)
def test_the_exit_status_is_that_of_the_server(name: str) -> None:
    """SIGTERM leaves the exit status that the same server has without telemetry."""
    assert _status_without(SETUPS[name], signal.SIGTERM) == STATUS[name]


def test_flask_run_loses_what_waits_at_sigterm() -> None:
    """werkzeug's development server has no handler and telemetry brings none: it ends at once, unsent."""
    with FakeCollector() as collector:
        _, ended = _served(SETUPS["flask-run"], signal.SIGTERM, collector)
        assert collector.count("traces") == 0
    assert ended.status == -signal.SIGTERM


def test_flask_run_ends_in_order_at_sigint() -> None:
    """Ctrl+C on `flask run` loses nothing and leaves the status that it has without telemetry."""
    setup = SETUPS["flask-run"]
    with FakeCollector() as collector:
        _, ended = _served(setup, signal.SIGINT, collector)
        assert collector.count("traces") == _REQUESTS
    assert ended.status == _status_without(setup, signal.SIGINT)


_OBSERVER: Final = """
import json, logging, os, pkgutil, signal, sys, threading

sys.dont_write_bytecode = True
WATCHED = {"socket.bind", "socket.connect", "subprocess.Popen", "os.fork"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
events = []

def audit(event, arguments):
    if event in WATCHED or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES):
        events.append(f"{event} {arguments}")

def watch_threads():
    # There is no audit event for threads before 3.12. The function has another name from 3.13 on.
    names = ("_start_new_thread", "_start_joinable_thread")
    for name in [each for each in names if hasattr(threading, each)]:
        start = getattr(threading, name)
        setattr(threading, name, lambda *a, _start=start, **k: events.append("thread") or _start(*a, **k))

def state():
    return {
        "signals": {str(number): repr(signal.getsignal(number)) for number in signal.valid_signals()},
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "root": repr(logging.getLogger().handlers),
        "hooks": [repr(hook) for hook in (sys.excepthook, threading.excepthook, sys.unraisablehook)],
        "streams": [repr(sys.stdout), repr(sys.stderr)],
        "environment": dict(os.environ),
    }
"""


def _observed(program: str, **variables: str) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(run_program(_OBSERVER + program, env=variables))
    return seen


def test_import_does_nothing() -> None:
    """Importing every module of the package starts no thread, opens no port or file, sets no handler."""
    seen = _observed(
        """
import opentelemetry.sdk, structlog, gunicorn.glogging, flask, fastapi, celery, grpc, multiprocessing.util

before = state()
sys.addaudithook(audit)
watch_threads()
import ameide_telemetry
for module in pkgutil.walk_packages(ameide_telemetry.__path__, "ameide_telemetry."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
from ameide_telemetry import *
print(json.dumps({"before": before, "after": state(), "events": events}))
"""
    )
    assert seen["events"] == []
    assert seen["after"] == seen["before"]


def test_init_sets_no_signal_handler() -> None:
    """`init_telemetry`, records and `shutdown` leave every signal's handler as it was."""
    with FakeCollector() as collector:
        seen = _observed(
            """
from opentelemetry import trace

before = state()["signals"]
from ameide_telemetry import init_telemetry
telemetry = init_telemetry("orders", logs=False)
trace.get_tracer("orders").start_span("work").end()
during = state()["signals"]
flushed = bool(telemetry.force_flush(20))
telemetry.shutdown()
print(json.dumps({"before": before, "during": during, "after": state()["signals"], "flushed": flushed}))
""",
            **collector.environment(),
        )
        assert collector.count("traces") == 1
    assert seen["flushed"]
    assert seen["before"] == seen["during"] == seen["after"]
