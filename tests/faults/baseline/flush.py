"""Asks for a flush within half a second: `flush.py`; says how long it took and what was answered."""

from __future__ import annotations

import os
import time
from typing import Any, Final

from opentelemetry import trace

from faults.baseline.wiring import say, wire

__all__: list[str] = []

_SECONDS: Final = 0.5


def main() -> None:
    """End one span and flush it."""
    handle = wire(exported_logs=False)
    trace.get_tracer("orders").start_span("work").end()
    began = time.monotonic()
    if handle is not None:
        answer = bool(handle.force_flush(_SECONDS))
    else:
        provider: Any = trace.get_tracer_provider()
        answer = bool(provider.force_flush(int(_SECONDS * 1000)))
    say({"seconds": time.monotonic() - began, "answer": answer})
    os._exit(0)


if __name__ == "__main__":
    main()
