"""The backend as a real gunicorn process, called as the gateway would call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from worker.jobs import Job, JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_CALLER = {
    "traceparent": f"00-{_TRACE_ID}-00f067aa0ba902b7-01",
    "baggage": "tenant_id=acme,request_id=req-1",
    "x-request-id": "req-1",
}


@pytest.fixture
def backend(run_example: Callable[..., Any], port: int, tmp_path: Path) -> Any:
    """Return the running backend with its address and its queue."""
    jobs = str(tmp_path / "jobs.sqlite3")
    command = ("gunicorn", "backend.app:app", "--bind", f"127.0.0.1:{port}", "--no-control-socket")
    logger = ("--logger-class", "ameide_telemetry.integrations.gunicorn.Logger")
    program = run_example(*command, *logger, JOBS_FILE=jobs, OTEL_SERVICE_NAME="backend")
    program.wait_for("backend ready")
    program.address, program.jobs = f"http://127.0.0.1:{port}/reservations", JobQueue(jobs)
    return program


def test_job_carries_the_callers_context(backend: Any) -> None:
    """The queued job continues the caller's trace, under the backend's own span, for the same tenant."""
    assert httpx2.post(backend.address, json={"sku": "lamp"}, headers=_CALLER).status_code == 202
    line = backend.wait_for("shipment queued")
    (job,) = backend.jobs.take()
    assert job == Job({"sku": "lamp"}, job.headers)
    assert job.headers["traceparent"].split("-")[1:3] == [_TRACE_ID, line["span_id"]]
    assert set(job.headers["baggage"].split(",")) == {"tenant_id=acme", "request_id=req-1"}


def test_unknown_article_fails_with_its_exception(backend: Any) -> None:
    """The answer is a 500; the reason is one line of the caller's trace, and nothing is queued."""
    assert httpx2.post(backend.address, json={"sku": "unobtainium"}, headers=_CALLER).status_code == 500
    line = backend.wait_for("Exception on /reservations [POST]")
    assert (line["exception_type"], line["trace_id"]) == ("LookupError", _TRACE_ID)
    assert (line["tenant_id"], line["request_id"]) == ("acme", "req-1")
    assert list(backend.jobs.take()) == []


def test_master_writes_lines_too(backend: Any) -> None:
    """From the first line of gunicorn's master to its last, everything is a line of this service."""
    assert backend.stop() == 0
    assert backend.lines[0]["message"].startswith("Starting gunicorn")
    assert backend.lines[-1]["message"] == "Shutting down: Master"
    assert {line["service"] for line in backend.lines} == {"backend"}
