"""Starts telemetry, then serves a bare ASGI application object with `uvicorn.run`."""

from __future__ import annotations

import os

import uvicorn

from ameide_telemetry import init_telemetry
from services.apps.bare import application

if __name__ == "__main__":
    telemetry = init_telemetry()
    uvicorn.run(telemetry.instrument_app(application), port=int(os.environ["PORT"]))
