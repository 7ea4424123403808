"""A service whose requests take a second, and whose handlers of signals are those of whoever serves it."""

from __future__ import annotations

import asyncio
import signal

from fastapi import FastAPI

from ameide_telemetry import get_logger, init_telemetry

__all__ = ["app"]

app = FastAPI()


@app.get("/ready")
async def ready() -> str:
    """Answer."""
    return "ready"


@app.get("/slow")
async def slow() -> str:
    """Answer after a second."""
    get_logger("slow").info("slow begins")
    await asyncio.sleep(1)
    return "slow"


_before = signal.getsignal(signal.SIGTERM)
telemetry = init_telemetry(app=app)
if not telemetry.settings.handle_sigterm:
    assert signal.getsignal(signal.SIGTERM) is _before or signal.getsignal(signal.SIGTERM) == _before
