"""Starts telemetry, then serves a bare ASGI application object with `uvicorn.run`."""

from __future__ import annotations

import os

import uvicorn

from ameide_telemetry import init_telemetry
from services.apps.bare import application

if __name__ == "__main__":
    served = application
    if not os.environ.get("WITHOUT_TELEMETRY"):
        served = init_telemetry().instrument_app(application)
    uvicorn.run(served, port=int(os.environ["PORT"]))
