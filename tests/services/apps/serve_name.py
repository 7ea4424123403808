"""Has uvicorn import the FastAPI service, which starts telemetry when uvicorn has set up its logging."""

from __future__ import annotations

import os

import uvicorn

if __name__ == "__main__":
    uvicorn.run("services.apps.api:app", port=int(os.environ["PORT"]))
