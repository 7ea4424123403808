"""Requests, each with a host, method, path and article of its own: `hosts.py REQUESTS`; how memory grew.

The series are counted where they are sent to.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, Final

from fastapi import FastAPI
from opentelemetry import metrics

from faults.baseline.wiring import resident_kib, say, wire

__all__: list[str] = []

_FIRST: Final = 100


def main(requests: int) -> None:
    """Serve them without a server, then send the metrics once."""
    app = FastAPI()

    @app.get("/orders")
    async def orders() -> str:
        return "done"

    handle = wire(app, exported_logs=False)
    served = app if handle is None else handle.app
    priced = metrics.get_meter("orders").create_counter("orders.priced")
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_serve(served, priced, range(_FIRST)))
    before = resident_kib()
    loop.run_until_complete(_serve(served, priced, range(_FIRST, requests)))
    say({"growth_kib": resident_kib() - before})
    if handle is not None:
        handle.force_flush(30.0)
    else:
        provider: Any = metrics.get_meter_provider()
        provider.force_flush(30_000)
    os._exit(0)


async def _serve(app: Any, priced: metrics.Counter, numbers: range) -> None:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Any) -> None:
        return None

    for number in numbers:
        await app(_scope(number), receive, send)
        priced.add(1, {"article": f"article-{number}"})


def _scope(number: int) -> dict[str, Any]:
    host = f"host-{number}.example.test"
    # Every other one asks for what exists; the rest has a method and a path that nobody knows.
    path = "/orders" if number % 2 else f"/missing/{number}"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET" if number % 2 else f"METHOD{number}",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", host.encode())],
        "client": ("127.0.0.1", 50_000),
        "server": (host, 80),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
