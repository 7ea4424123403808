"""SIGTERM to real servers: everything that ended before it arrives, and they end as without telemetry."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import pytest

from ameide_telemetry.contract import names
from faults.kit.nine import NINE, variables
from faults.kit.programs import PATIENT, attributes
from services.setups import Setup, environment
from services.traffic import Exchange, Step, exchange
from support.clients import ask
from support.collector import FakeCollector
from support.pipelines import wait_until
from support.raw_lines import judge
from support.servers import run_server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.servers import Ended, Server

_REQUESTS: Final = 20
_QUICK: Final = frozenset({"uvicorn", "gunicorn-uvicorn-preload", "flask-run"})
_ACCESS: Final = f'"{names.ACCESS_LOGGER}"'.encode()
_SLOW: Final = [sys.executable, "-m", "uvicorn", "faults.kit.draining:app", "--port", "{port}"]


def _requests(server: Server, setup: Setup) -> list[Exchange]:
    path = "/async/structured" if setup.app == "api" else "/sync/structured"
    made = [exchange(server.port, Step(path)) for _ in range(_REQUESTS)]
    # A response is complete a moment before its request is.
    assert wait_until(lambda: server.stdout.count(_ACCESS) == _REQUESTS, 20)
    return made


def _status_without(setup: Setup) -> int:
    with run_server(setup.argv_without, environment=environment(WITHOUT_TELEMETRY="1")) as server:
        return server.stop(signal.SIGTERM).status


def _served(setup: Setup, collector: FakeCollector) -> tuple[list[Exchange], Ended]:
    with run_server(setup.argv, environment=variables(setup, collector)) as server:
        made = _requests(server, setup)
        assert collector.attempts == 0, "sent before the end: the test would prove nothing"
        return made, server.stop(signal.SIGTERM)


def _measured(collector: FakeCollector) -> int:
    """Return how many requests the newest export of each process counts."""
    newest: dict[str, int] = {}
    for resource in collector.resources("metrics"):
        metrics = [metric for scope in resource.scope_metrics for metric in scope.metrics]
        newest[attributes(resource)["service.instance.id"]] = sum(
            point.count for metric in metrics if metric.name == _DURATION for point in _points(metric)
        )
    return sum(newest.values())


_DURATION: Final = "http.server.request.duration"


def _points(metric: Any) -> Sequence[Any]:
    points: Sequence[Any] = metric.histogram.data_points
    return points


def _expected_records(made: list[Exchange]) -> Mapping[str, int]:
    """Return how many records each trace has: what the request wrote, and its access line."""
    return {each.trace_id: len(each.marks) + 1 for each in made}


@pytest.mark.parametrize(
    "setup",
    # Of the others the tests of the services ask it of spans and measurements, for every change.
    [setup if setup.name in _QUICK else pytest.param(setup, marks=pytest.mark.full) for setup in NINE],
    ids=str,
)
def test_sigterm_loses_nothing(setup: Setup) -> None:
    """All spans, log records and measurements of 20 requests arrive; the exit status is the server's own."""
    with FakeCollector() as collector, ThreadPoolExecutor(1) as beside:
        status = beside.submit(_status_without, setup)
        made, ended = _served(setup, collector)
        judged = judge(ended.stdout, ended.stderr)
        assert {span.trace_id.hex() for span in collector.spans()} == {each.trace_id for each in made}, judged
        assert collector.count("traces") == _REQUESTS
        records = Counter(record.trace_id.hex() for record in collector.logs() if record.trace_id)
        assert records == _expected_records(made)
        assert _measured(collector) == _REQUESTS
        assert collector.unparsable == 0
        assert ended.status == status.result(timeout=90)
    assert not judged.offenders, judged


@pytest.mark.parametrize("opt_in", ["false", "true"])
def test_uvicorn_drains_a_request_of_one_second(opt_in: str) -> None:
    """The server's own handler does its work, with the opt-in too, which took its place and passes on."""
    with FakeCollector() as collector, ThreadPoolExecutor(1) as client:
        settings = environment(**collector.environment(), **PATIENT, AMEIDE_TELEMETRY_HANDLE_SIGTERM=opt_in)
        with run_server(_SLOW, environment=settings) as server:
            slow = client.submit(ask, server.port, "/slow")
            server.wait_for(b"slow begins")
            ended = server.stop(signal.SIGTERM)
        assert slow.result(timeout=20).status == 200
        assert ended.status == -signal.SIGTERM
        assert [span.name for span in collector.spans()] == ["GET /slow"]
