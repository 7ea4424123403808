"""A Flask service with the telemetry that `WIRING` names."""

from __future__ import annotations

import logging

from flask import Flask

from faults.baseline.wiring import bind_tenant, wire

__all__ = ["app"]

app = Flask(__name__)
log = logging.getLogger("orders.shop")


@app.get("/ready")
def ready() -> str:
    """Answer."""
    return "ready"


@app.get("/work")
def work() -> str:
    """Log one line."""
    log.info("order priced", extra={"sku": "chair"})
    return "done"


@app.get("/tenant/<int:number>")
def tenant(number: int) -> str:
    """Log one line for a tenant whom the service knows, or for nobody: every other request is anonymous."""
    if number % 2:
        bind_tenant(f"tenant-{number}")
    log.info("served", extra={"number": number})
    return "done"


wire(app)
