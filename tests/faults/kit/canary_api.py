"""A FastAPI service that logs what it is asked, and hands it to every sink."""

from __future__ import annotations

import os
from typing import Any, Final

from fastapi import FastAPI, Request

from ameide_telemetry import init_telemetry
from faults.kit.canaries import described
from faults.kit.canary_sinks import prepare, put, seen

__all__ = ["app"]

prepare()
app: Final = FastAPI()


@app.get("/ready")
async def ready() -> str:
    """Answer."""
    return "ready"


@app.get("/status")
def status() -> dict[str, Any]:
    """Send what waits, and say how telemetry stands."""
    telemetry.force_flush(30)
    return {"status": telemetry.status(), "repr": f"{telemetry!r} {telemetry.settings!r}"}


@app.post("/items/{item:path}")
async def take(item: str, request: Request) -> str:
    """Log the request in all the ways that services do."""
    body = await request.body()
    seen(
        url=str(request.url),
        path=item,
        query=dict(request.query_params),
        headers=dict(request.headers),
        cookies=dict(request.cookies),
        body=body,
    )
    put(request.headers["x-number"])
    return "taken"


@app.post("/fail")
async def fail(request: Request) -> None:
    """Fail, with what was sent in the exception."""
    raise ValueError((await request.body()).decode())


_attributes: Final = {each.name: each.value for each in described(os.environ["CANARY_SALT"])}
telemetry: Final = init_telemetry(app=app, resource=_attributes)
