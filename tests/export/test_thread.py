"""The worker thread."""

from __future__ import annotations

import threading

import pytest

from ameide_telemetry import guard
from ameide_telemetry.export.thread import WorkerThread
from support.pipelines import wait_until


def test_one_thread_however_many_start_it() -> None:
    """Twenty threads start it at once; it runs once, and nobody waits for the others."""
    release, runs = threading.Event(), []

    def work() -> None:
        runs.append(1)
        release.wait(30)

    worker = WorkerThread("worker", work)
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
    worker = WorkerThread("worker", lambda: None)
    with worker._starting:
        worker.start()
    assert not worker.running


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced_and_that_is_counted() -> None:
    """Whatever ended it, it is seen to be dead, and the next start makes another."""
    guard.reset()
    ways = iter([ValueError("no"), SystemExit()])
    release = threading.Event()

    def work() -> None:
        for way in ways:
            raise way
        release.wait(30)

    worker = WorkerThread("worker", work)
    for deaths in range(2):
        worker.start()
        assert wait_until(lambda: worker.died)
        for thread in threading.enumerate():
            if thread.name == "worker":
                thread.join(30)
        assert worker.restarts == deaths
    worker.start()
    assert (worker.alive, worker.restarts) == (True, 2)
    assert guard.counts()["export.worker_restarted"] == 2
    release.set()
    worker.join(30)


def test_a_refused_thread_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that ends starts no thread; there is none then, and none has died."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    worker = WorkerThread("worker", lambda: None)
    worker.start()
    assert (worker.running, worker.alive, worker.died, worker.restarts) == (False, False, False, 0)
