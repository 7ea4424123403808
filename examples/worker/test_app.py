"""The worker as a real process, with jobs as the backend would queue them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.jobs import JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ameide_telemetry.testing.process import TelemetryProcess


def _headers(digit: str, tenant: str) -> dict[str, str]:
    trace_id, span_id = digit * 32, digit * 16
    return {
        "traceparent": f"00-{trace_id}-{span_id}-01",
        "baggage": f"tenant_id={tenant},request_id=req-{digit}",
    }


def test_each_job_runs_in_its_own_context(
    run_example: Callable[..., TelemetryProcess], tmp_path: Path
) -> None:
    """Lines of a job carry the trace, tenant and request that queued it; then nothing is left of them."""
    path = str(tmp_path / "jobs.sqlite3")
    queue = JobQueue(path)
    queue.put({"sku": "lamp"}, _headers("1", "acme"))
    queue.put({"sku": "chair"}, _headers("2", "globex"))
    worker = run_example(["python", "-m", "worker.app"], ready=None, env={"JOBS_FILE": path})
    worker.wait_for("order shipped", count=2)
    queue.put({"sku": "piano"}, {})
    worker.wait_for("order shipped", count=3)
    lamp, chair, piano = (line for line in worker.records if line["message"] == "order shipped")
    assert (lamp["trace_id"], lamp["tenant_id"], lamp["request_id"]) == ("1" * 32, "acme", "req-1")
    assert (chair["trace_id"], chair["tenant_id"], chair["request_id"]) == ("2" * 32, "globex", "req-2")
    assert not {"tenant_id", "request_id"} & piano.keys()


def test_sigterm_ends_it_cleanly(run_example: Callable[..., TelemetryProcess], tmp_path: Path) -> None:
    """The worker leaves its loop and exits 0."""
    queue = {"JOBS_FILE": str(tmp_path / "jobs.sqlite3")}
    worker = run_example(["python", "-m", "worker.app"], ready=None, env=queue)
    worker.wait_for("worker ready")
    assert worker.stop() == 0


def test_queue_hands_out_each_job_once(tmp_path: Path) -> None:
    """Two ends of one queue share its jobs, oldest first."""
    one, other = JobQueue(str(tmp_path / "jobs")), JobQueue(str(tmp_path / "jobs"))
    for sku in ("lamp", "chair", "piano"):
        one.put({"sku": sku}, {"traceparent": sku})
    first = next(other.take())
    assert (first.body, first.headers) == ({"sku": "lamp"}, {"traceparent": "lamp"})
    assert [job.body["sku"] for job in one.take()] == ["chair", "piano"]
    assert list(other.take()) == []
