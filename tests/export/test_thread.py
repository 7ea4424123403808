"""The worker thread."""

from __future__ import annotations

import threading
from typing import Final

import pytest

from ameide_telemetry import guard
from ameide_telemetry.export import thread
from ameide_telemetry.export.thread import WorkerThread
from support.pipelines import run_program, wait_until


def nothing() -> None:
    """Do it."""


def test_one_thread_however_many_start_it() -> None:
    """Twenty threads start it at once; it runs once, and nobody waits for the others."""
    release, runs = threading.Event(), []

    def work() -> None:
        runs.append(1)
        release.wait(30)

    worker = WorkerThread("worker", work, again=nothing)
    starters = [threading.Thread(target=worker.start) for _ in range(20)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(30)
    assert wait_until(lambda: runs == [1])
    assert (worker.alive, worker.died, worker.restarts) == (True, False, 0)
    worker.join(0)
    release.set()
    worker.join(30)
    assert wait_until(lambda: worker.died)


def test_who_comes_in_the_midst_of_a_start_leaves_it() -> None:
    """As a signal handler does that interrupts the thread that starts the worker: it must not wait for it."""
    worker = WorkerThread("worker", nothing, again=nothing)
    with worker._starting:
        worker.start()
    assert not worker.running


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("by_itself", [False, True])
def test_a_thread_that_died_is_replaced_and_that_is_counted(
    monkeypatch: pytest.MonkeyPatch, *, by_itself: bool
) -> None:
    """Whatever ended it, it is seen to be dead; the next start makes another, or soon it does so itself."""
    monkeypatch.setattr(thread, "_PAUSE_SECONDS", 0.3 if by_itself else 0.5)
    guard.reset()
    ways = iter([ValueError("no"), SystemExit()])
    release = threading.Event()

    def work() -> None:
        for way in ways:
            raise way
        release.wait(30)

    worker = WorkerThread("worker", work, again=lambda: worker.start() if by_itself else None)
    for deaths in range(2):
        if not by_itself:
            worker.start()
            assert wait_until(lambda: worker.died)
            assert worker.restarts == deaths
    worker.start()
    assert wait_until(lambda: worker.alive and worker.restarts == 2)
    assert guard.counts()["export.worker_restarted"] == 2
    release.set()
    worker.join(30)
    assert wait_until(lambda: not any(each.name == "worker" for each in threading.enumerate()))
    assert worker.restarts == 2, "work that has ended is not begun again"


_KILLED: Final = """
    import ctypes, threading
    from ameide_telemetry import guard, metrics
    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.resource import build_resource
    from support.collector import FakeCollector
    from support.pipelines import collector_settings, deadline, wait_until

    with FakeCollector() as collector:
        settings = collector_settings(collector, metrics={"interval": 0.05})
        points = metrics.install(settings, build_resource(settings), Ledger())
        pipeline = points.pipeline
        points.meter("test").create_counter("work.done").add(1)
        assert collector.wait("metrics", 3) >= 3
        (worker,) = (each for each in threading.enumerate() if each.name == "ameide-telemetry-metrics")

        def kill():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(worker.ident), ctypes.py_object(SystemExit)
            )

        def killed():
            if not pipeline._thread.died:
                kill()
            return pipeline._thread.died

        assert wait_until(killed)
        sent = collector.count("metrics")
        status = pipeline.status()
        assert (status["state"], status["last_error"]) == ("failing", "worker_died"), status
        # Once more, in the pause before it is replaced.
        kill()
        assert collector.wait("metrics", sent + 3, 20) >= sent + 3
        status = pipeline.status()
        assert (status["state"], status["restarts"]) == ("ok", 1), status
        assert guard.counts()["export.worker_restarted"] == 1
        assert pipeline.shutdown(deadline(5))
        print("done")
"""


def test_metrics_go_on_by_themselves() -> None:
    """Nobody puts a measurement or asks: the worker that was killed is replaced, and the status says so."""
    assert run_program(_KILLED).strip() == "done"


def test_a_refused_thread_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that ends starts no thread; there is none then, and none has died."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    worker = WorkerThread("worker", nothing, again=nothing)
    worker.start()
    assert (worker.running, worker.alive, worker.died, worker.restarts) == (False, False, False, 0)
