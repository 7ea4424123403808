"""A FastAPI service with the telemetry that `WIRING` names."""

from __future__ import annotations

import logging
import warnings

from fastapi import FastAPI

from faults.baseline.wiring import bind_tenant, wire

__all__ = ["app"]

app = FastAPI()
log = logging.getLogger("orders.api")


@app.get("/ready")
async def ready() -> str:
    """Answer."""
    return "ready"


@app.get("/work")
async def work() -> str:
    """Log one line."""
    log.info("order priced", extra={"sku": "chair"})
    return "done"


@app.get("/odd")
async def odd() -> str:
    """Do what services do to their streams."""
    print("printed")
    warnings.warn("warned", stacklevel=1)
    log.warning("not a number %s", float("nan"), extra={"price": float("nan")})
    raise LookupError("no such order")


@app.get("/tenant/{number}")
async def tenant(number: int) -> str:
    """Log one line for a tenant whom the service knows, or for nobody: every other request is anonymous."""
    if number % 2:
        bind_tenant(f"tenant-{number}")
    log.info("served", extra={"number": number})
    return "done"


wire(app)
