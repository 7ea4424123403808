"""Goods are reserved here; what is to be shipped goes into the worker's queue."""

from __future__ import annotations

import os
import time

from flask import Flask, request
from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind

from ameide_telemetry import get_logger, init_telemetry
from worker.jobs import JobQueue

STOCK_SECONDS = {"lamp": 0.0, "chair": 0.0, "piano": 1.2}  # how long it takes to look an article up
telemetry = init_telemetry("backend", version="1.0.0")
log = get_logger("backend.stock")
tracer = telemetry.tracer("backend")
jobs = JobQueue(os.environ.get("JOBS_FILE", "jobs.sqlite3"))
app = Flask(__name__)
telemetry.instrument_app(app)
log.info("backend ready")


@app.post("/reservations")
def reserve() -> tuple[dict[str, str], int]:
    sku = request.get_json()["sku"]
    time.sleep(look_up(sku))
    with tracer.start_as_current_span("send shipments", kind=SpanKind.PRODUCER):
        headers: dict[str, str] = {}
        inject(headers)  # the trace, the tenant and the request id travel with the job
        jobs.put({"sku": sku}, headers)
        log.info("shipment queued", sku=sku)
    return {"sku": sku}, 202


def look_up(sku: str) -> float:
    if sku not in STOCK_SECONDS:
        raise LookupError(f"no article {sku!r} in stock")
    return STOCK_SECONDS[sku]
