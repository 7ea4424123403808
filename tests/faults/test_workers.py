"""Workers that end one by one, and processes that somebody else starts and ends: nothing is lost."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

import pytest

from faults.kit.programs import PATIENT, counted, instances, ran
from services.setups import SETUPS, environment
from services.traffic import Step, exchange
from support.collector import FakeCollector
from support.servers import run_server

if TYPE_CHECKING:
    from pathlib import Path

_START_METHODS: Final = ("fork", "spawn", "forkserver")
_SIGNALS: Final = ("traces", "metrics", "logs")
_TASKS: Final = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from opentelemetry import metrics, trace
from ameide_telemetry import get_logger, init_telemetry

telemetry = init_telemetry(instrument=False)
counter = metrics.get_meter("t").create_counter("work.done")
log = get_logger("tasks")

def task(number):
    with trace.get_tracer("t").start_as_current_span("task"):
        counter.add(1)
        log.info("done", task=number)
    return os.getpid()

if __name__ == "__main__":
    context = multiprocessing.get_context("METHOD")
"""
# How many tasks, at once or in workers that are replaced.
_NUMBER: Final = {"processes": 4, "pool": 8, "executor": 8}
_POOLS: Final = {
    "processes": """
    children = [context.Process(target=task, args=(number,)) for number in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
""",
    "pool": """
    pool = context.Pool(2, maxtasksperchild=2)
    # Four workers of two tasks each; five when one that was slow to take its second is overtaken.
    assert len(set(pool.map(task, range(8), chunksize=1))) >= 4
    pool.close()
    pool.join()
""",
    "executor": """
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        assert len(list(executor.map(task, range(8)))) == 8
""",
}
_TERMINATED: Final = """
    with context.Pool(2) as pool:
        pool.map(task, range(8), chunksize=1)
"""


def _arrived(collector: FakeCollector) -> tuple[int, int, int]:
    """Return the spans, log records and measurements of the tasks."""
    logs = sum(record.body.string_value == "done" for record in collector.logs())
    return collector.count("traces"), logs, sum(counted(collector, "work.done").values())


@pytest.mark.parametrize("method", _START_METHODS)
@pytest.mark.parametrize("pool", _POOLS)
def test_children_of_multiprocessing_send_before_they_end(pool: str, method: str, tmp_path: Path) -> None:
    """Tasks in children that leave by `os._exit`, recycled ones too: all three signals are complete."""
    with FakeCollector() as collector:
        source = _TASKS.replace("METHOD", method) + _POOLS[pool]
        ended = ran(source, tmp_path, **collector.environment())
        assert ended.status == 0, ended.told
        assert _arrived(collector) == (_NUMBER[pool],) * 3


def test_a_pool_that_is_terminated_sends_with_the_opt_in(tmp_path: Path) -> None:
    """`with Pool()` ends its workers by SIGTERM, which they inherit the handler of."""
    with FakeCollector() as collector:
        source = _TASKS.replace("METHOD", "fork") + _TERMINATED
        opt_in = {"AMEIDE_TELEMETRY_HANDLE_SIGTERM": "true"}
        ended = ran(source, tmp_path, **collector.environment(), **opt_in)
        assert ended.status == 0, ended.told
        assert _arrived(collector) == (8, 8, 8)


@pytest.mark.parametrize("name", ["gunicorn-config", "gunicorn-sync"])
def test_recycled_workers_of_gunicorn_lose_nothing(name: str) -> None:
    """Workers end after four requests each, twelve are made: all arrive, from as many processes."""
    setup = SETUPS[name]
    with FakeCollector() as collector:
        command = (*setup.argv, "--max-requests", "4")
        with run_server(command, environment=environment(**collector.environment(), **PATIENT)) as server:
            made = [exchange(server.port, Step("/sync/structured")) for _ in range(12)]
            ended = server.stop(signal.SIGTERM)
        assert {each.trace_id for each in made} == {span.trace_id.hex() for span in collector.spans()}
        # The question for readiness is a request too.
        assert len(instances(collector, "traces")) >= 3
    assert ended.status == 0


_CELERY: Final = """
import os, signal, threading, time
from pathlib import Path
from celery import Celery
from opentelemetry import metrics
from ameide_telemetry import init_telemetry

init_telemetry(instrument=["celery"])
counter = metrics.get_meter("t").create_counter("work.done")
app = Celery("jobs", broker="memory://", backend="cache+memory://")
app.conf.worker_max_tasks_per_child = 1
done = Path(__file__).parent

@app.task
def job(number):
    counter.add(1)
    (done / f"done{number}").touch()

def stop():
    limit = time.monotonic() + 60
    while len(list(done.glob("done*"))) < 10 and time.monotonic() < limit:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

for number in range(10):
    job.delay(number)
threading.Thread(target=stop, daemon=True).start()
app.worker_main(["worker", "--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle"])
"""


def test_recycled_processes_of_celery_lose_nothing(tmp_path: Path) -> None:
    """Ten tasks in ten pool processes of one task each: ten spans and ten measurements arrive."""
    with FakeCollector() as collector:
        ended = ran(_CELERY, tmp_path, **collector.environment())
        spans = [span for span in collector.spans() if span.name.startswith("run/")]
        assert len(spans) == 10, ended.stdout[-3000:].decode()
        assert sum(counted(collector, "work.done").values()) == 10


_GRPC: Final = """
import os
from opentelemetry import trace
from ameide_telemetry import init_telemetry
from faults.kit.forks import run_children

telemetry = init_telemetry(instrument=False, logs=False)

def work(number):
    trace.get_tracer("t").start_span("work").end()
    telemetry.force_flush(5)

if os.environ["CHANNEL"] == "used":
    work("first")
assert run_children("os.fork", work, 4) == [0, 0, 0, 0]
work("last")
"""


@pytest.mark.parametrize(
    ("support", "channel"),
    [
        ("", "used"),
        ("0", "idle"),
        pytest.param("", "idle", marks=pytest.mark.full),
        pytest.param("1", "used", marks=pytest.mark.full),
        pytest.param("1", "idle", marks=pytest.mark.full),
    ],
)
def test_a_fork_is_survived_by_grpc(support: str, channel: str, tmp_path: Path) -> None:
    """Children open channels of their own: none crashes or hangs, whatever the parent did with its own.

    Only a parent that has used gRPC and told it not to prepare for forks cannot have children that use it.
    """
    from support.grpc_collector import GrpcCollector  # noqa: PLC0415 gRPC's threads start with its import

    variables = {"GRPC_ENABLE_FORK_SUPPORT": support} if support else {}
    with GrpcCollector() as collector:
        ended = ran(_GRPC, tmp_path, **collector.environment(), **variables, CHANNEL=channel)
        assert ended.status == 0, ended.told
        assert collector.count("traces") == (6 if channel == "used" else 5)


def test_the_hooks_of_gunicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's threads start after its fork; it sends when it ends, and nobody does that for it."""
    gunicorn = pytest.importorskip("ameide_telemetry.integrations.gunicorn")
    calls: list[str] = []
    monkeypatch.setattr(gunicorn.lifecycle, "resume", lambda: calls.append("resume"))
    monkeypatch.setattr(gunicorn.lifecycle, "flush_now", lambda: calls.append("flush"))
    worker, gone = SimpleNamespace(pid=os.getpid()), SimpleNamespace(pid=1)
    gunicorn.post_fork(None, worker)
    gunicorn.worker_exit(None, gone)
    gunicorn.worker_exit(None, worker)
    assert calls == ["resume", "flush"]
