"""The backend as a real gunicorn process, called as the gateway would call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.jobs import Job, JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ameide_telemetry.testing.process import TelemetryProcess

_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_CALLER = {
    "traceparent": f"00-{_TRACE_ID}-00f067aa0ba902b7-01",
    "baggage": "tenant_id=acme,request_id=req-1",
    "x-request-id": "req-1",
}


@pytest.fixture
def jobs(tmp_path: Path) -> str:
    """Return the file of the queue."""
    return str(tmp_path / "jobs.sqlite3")


@pytest.fixture
def backend(run_example: Callable[..., TelemetryProcess], jobs: str) -> TelemetryProcess:
    """Return the running backend."""
    command = ("gunicorn", "backend.app:app", "--bind", "127.0.0.1:{port}", "--no-control-socket")
    logger = ("--logger-class", "ameide_telemetry.integrations.gunicorn.Logger")
    return run_example((*command, *logger), env={"JOBS_FILE": jobs, "OTEL_SERVICE_NAME": "backend"})


def test_job_carries_the_callers_context(backend: TelemetryProcess, jobs: str) -> None:
    """The queued job continues the caller's trace, under the backend's own span, for the same tenant."""
    assert backend.post("/reservations", json={"sku": "lamp"}, headers=_CALLER).status == 202
    line = backend.wait_for("shipment queued")
    (job,) = JobQueue(jobs).take()
    assert job == Job({"sku": "lamp"}, job.headers)
    assert job.headers["traceparent"].split("-")[1:3] == [_TRACE_ID, line["span_id"]]
    assert set(job.headers["baggage"].split(",")) == {"tenant_id=acme", "request_id=req-1"}


def test_unknown_article_fails_with_its_exception(backend: TelemetryProcess, jobs: str) -> None:
    """The answer is a 500; the reason is one line of the caller's trace, and nothing is queued."""
    assert backend.post("/reservations", json={"sku": "unobtainium"}, headers=_CALLER).status == 500
    line = backend.wait_for("Exception on /reservations [POST]")
    assert (line["exception_type"], line["trace_id"]) == ("LookupError", _TRACE_ID)
    assert (line["tenant_id"], line["request_id"]) == ("acme", "req-1")
    assert list(JobQueue(jobs).take()) == []


def test_master_writes_lines_too(backend: TelemetryProcess) -> None:
    """From the first line of gunicorn's master to its last, everything is a line of this service."""
    assert backend.stop() == 0
    assert backend.records[0]["message"].startswith("Starting gunicorn")
    assert backend.records[-1]["message"] == "Shutting down: Master"
    assert {line["service"] for line in backend.records} == {"backend"}
