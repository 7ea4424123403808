"""Serves the FastAPI service as programs do that start uvicorn themselves."""

from __future__ import annotations

import os

import uvicorn

if __name__ == "__main__":
    uvicorn.run("faults.baseline.api:app", host="127.0.0.1", port=int(os.environ["PORT"]))
