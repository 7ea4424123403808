"""A Flask service that logs what it is asked, and hands it to every sink."""

from __future__ import annotations

import os
from typing import Any, Final

from flask import Flask, request

from ameide_telemetry import init_telemetry
from faults.kit.canaries import described
from faults.kit.canary_sinks import prepare, put, seen

__all__ = ["app"]

prepare()
app: Final = Flask(__name__)


@app.get("/ready")
def ready() -> str:
    """Answer."""
    return "ready"


@app.get("/status")
def status() -> dict[str, Any]:
    """Send what waits, and say how telemetry stands."""
    telemetry.force_flush(30)
    return {"status": telemetry.status(), "repr": f"{telemetry!r} {telemetry.settings!r}"}


@app.post("/items/<path:item>")
def take(item: str) -> str:
    """Log the request in all the ways that services do."""
    seen(
        url=request.url,
        path=item,
        query=request.args.to_dict(),
        headers=dict(request.headers),
        cookies=dict(request.cookies),
        body=request.get_data(),
    )
    put(request.headers["x-number"])
    return "taken"


@app.post("/fail")
def fail() -> str:
    """Fail, with what was sent in the exception."""
    raise ValueError(request.get_data(as_text=True))


_attributes: Final = {each.name: each.value for each in described(os.environ["CANARY_SALT"])}
telemetry: Final = init_telemetry(app=app, resource=_attributes)
