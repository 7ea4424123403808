"""What does telemetry add to a request?

    python benchmarks/request.py

A FastAPI application with one route, called through ASGI in one process without a server. Every variant
exports its spans over OTLP to the same collector process, which answers at once.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rounds import Variant, measure, serve_rounds, table

VARIANTS = {
    "bare FastAPI": "bare",
    "hand-written server span": "hand",
    "contrib instrumentor, no send/receive spans": "contrib-quiet",
    "contrib instrumentor, default": "contrib",
    "FastAPI's native telemetry": "native",
    "logfire": "logfire",
    "ours: span, metrics, ids, access line": "ours",
}
ROUNDS = 15
REQUESTS = 400


def _application(**options: Any) -> Any:
    from fastapi import FastAPI

    app = FastAPI(**options)

    @app.get("/orders/{number}")
    async def order(number: int) -> dict[str, int]:
        return {"number": number}

    return app


def _provider() -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _hand() -> Any:
    from opentelemetry import propagate, trace
    from opentelemetry.trace import SpanKind

    _provider()
    app = _application(telemetry={"tracing": False, "metrics": False, "logs": False})
    tracer = trace.get_tracer("bench")

    async def traced(scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        attributes = {
            "http.request.method": scope["method"],
            "url.path": scope["path"],
            "url.scheme": scope["scheme"],
            "server.address": headers.get("host", ""),
            "http.route": "/orders/{number}",
        }
        parent = propagate.extract(headers)
        with tracer.start_as_current_span(
            "GET /orders/{number}", parent, SpanKind.SERVER, attributes
        ) as span:

            async def sending(message: Any) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await app(scope, receive, sending)

    return traced


def _contrib(*, quiet: bool) -> Any:
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    _provider()
    app = _application()
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"] if quiet else None)
    return app


def _native() -> Any:
    _provider()
    return _application()


def _logfire() -> Any:
    import logfire

    logfire.configure(send_to_logfire=False, console=False, metrics=False)
    app = _application()
    logfire.instrument_fastapi(app)
    return app


def _ours() -> Any:
    from ameide_telemetry import init_telemetry

    app = _application()
    return init_telemetry("orders", instrument=False).instrument_app(app)


MAKERS = {
    "bare": lambda: _application(telemetry={"tracing": False, "metrics": False, "logs": False}),
    "hand": _hand,
    "contrib-quiet": lambda: _contrib(quiet=True),
    "contrib": lambda: _contrib(quiet=False),
    "native": _native,
    "logfire": _logfire,
    "ours": _ours,
}


def _worker(name: str) -> None:
    app = MAKERS[name]()
    headers = [
        (b"host", b"orders.local"),
        (b"user-agent", b"bench"),
        (b"accept", b"*/*"),
        (b"x-request-id", b"r-1"),
    ]

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Any) -> None:
        return None

    async def many(count: int) -> None:
        for number in range(count):
            path = f"/orders/{number}"
            await app(
                {
                    "type": "http",
                    "asgi": {"version": "3.0", "spec_version": "2.3"},
                    "http_version": "1.1",
                    "method": "GET",
                    "scheme": "http",
                    "path": path,
                    "raw_path": path.encode(),
                    "query_string": b"",
                    "root_path": "",
                    "headers": headers,
                    "client": ("127.0.0.1", 50_000),
                    "server": ("127.0.0.1", 8_000),
                },
                receive,
                send,
            )

    loop = asyncio.new_event_loop()
    serve_rounds(lambda count: loop.run_until_complete(many(count)), REQUESTS)


def _installed(key: str) -> bool:
    needs = {
        "contrib": "opentelemetry.instrumentation.fastapi",
        "contrib-quiet": "opentelemetry.instrumentation.fastapi",
        "logfire": "logfire",
    }
    try:
        return key not in needs or find_spec(needs[key]) is not None
    except ModuleNotFoundError:
        return False


def main() -> None:
    """Measure all variants and print what each adds, beside the hand-written span."""
    collector = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "collector.py")], stdout=subprocess.PIPE, text=True
    )
    assert collector.stdout is not None
    endpoint = f"http://127.0.0.1:{collector.stdout.readline().strip()}"
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_SERVICE_NAME": "orders",
    }
    try:
        present = {name: key for name, key in VARIANTS.items() if _installed(key)}
        found = measure(
            [Variant(name, "request.py", key, environment) for name, key in present.items()], rounds=ROUNDS
        )
    finally:
        collector.kill()
        collector.communicate()
    bare, hand = found["bare FastAPI"], found["hand-written server span"] - found["bare FastAPI"]
    rows = [
        (name, f"{value:.0f}", f"{value - bare:.0f}", f"{(value - bare) / hand:.2f}x")
        for name, value in found.items()
    ]
    print(table("One request (median microseconds)", rows, ("variant", "us", "added", "of the span")))
    print("\naim: ours adds <= 1.5x of the hand-written span, though it gives metrics, ids and a line too")
    for name in VARIANTS.keys() - present.keys():
        print(f"not installed, not measured: {name}")


if __name__ == "__main__":
    _worker(sys.argv[1]) if len(sys.argv) > 1 else main()
