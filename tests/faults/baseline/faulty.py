"""A request while a part of telemetry raises: `faulty.py PART`; what the client saw.

The parts are three that the SDK lets a service bring along: `sampler`, `on_start` and `on_end`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from faults.baseline.wiring import say, wire

__all__: list[str] = []


class BrokenPartError(RuntimeError):
    """What a broken part raises."""


class BrokenSampler(Sampler):
    """Raises whenever it is asked."""

    def should_sample(self, *_: Any, **__: Any) -> Any:
        """Fail."""
        raise BrokenPartError

    def get_description(self) -> str:
        """Name it."""
        return "broken"


class BrokenProcessor(SpanProcessor):
    """Raises at one of the two ends of a span."""

    def __init__(self, part: str) -> None:
        self._part = part

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Fail, if this is the end."""
        if self._part == "on_start":
            raise BrokenPartError

    def on_end(self, span: Any) -> None:
        """Fail, if this is the end."""
        if self._part == "on_end":
            raise BrokenPartError


def main(part: str) -> None:
    """Make one request and say what the client saw."""
    provider = TracerProvider(sampler=BrokenSampler() if part == "sampler" else ALWAYS_ON)
    provider.add_span_processor(BrokenProcessor(part))
    trace.set_tracer_provider(provider)
    app = FastAPI()

    @app.get("/work")
    async def work() -> str:
        return "done"

    handle = wire(app, exported_logs=False)
    served = app if handle is None else handle.app
    answer = TestClient(served, raise_server_exceptions=False).get("/work")
    say({"status": answer.status_code, "body": answer.text})
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
