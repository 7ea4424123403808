"""Shipments are made here, each in the trace of the request that asked for it."""

from __future__ import annotations

import os
import signal
import time

from opentelemetry import context
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind

from ameide_telemetry import get_logger, init_telemetry
from worker.jobs import Job, JobQueue

telemetry = init_telemetry("worker", version="1.0.0")
log = get_logger("worker.shipments")
tracer = telemetry.tracer("worker")
stop_asked: list[int] = []


def ship(job: Job) -> None:
    token = context.attach(extract(job.headers))  # work on behalf of whoever queued the job
    try:
        with tracer.start_as_current_span("process shipments", kind=SpanKind.CONSUMER):
            time.sleep(0.005)
            log.info("order shipped", sku=job.body["sku"])
    finally:
        context.detach(token)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: stop_asked.append(number))
    jobs = JobQueue(os.environ.get("JOBS_FILE", "jobs.sqlite3"))
    with telemetry:
        log.info("worker ready")
        while not stop_asked:
            for job in jobs.take():
                ship(job)
            time.sleep(0.02)
