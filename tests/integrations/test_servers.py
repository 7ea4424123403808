"""The middleware below real servers, as processes, over raw sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROGRAM = """
import json, os, sys, threading
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from ameide_telemetry import propagation
from ameide_telemetry.context import bind_context, current_bindings, current_context
from ameide_telemetry.integrations.application import instrument_app
from ameide_telemetry.integrations.server import ServerTelemetry
from ameide_telemetry.settings import TelemetrySettings

propagation.install(("tracecontext", "baggage"))
lock = threading.Lock()


def say(kind, **fields):
    with lock, open(os.environ["SEEN"], "a") as file:
        print(json.dumps({"kind": kind, **fields}), file=file)


class Exporter(SpanExporter):
    def export(self, spans):
        for span in spans:
            say("span", name=span.name, span_kind=span.kind.name, trace=span.context.trace_id)
        return SpanExportResult.SUCCESS


tracers = TracerProvider(shutdown_on_exit=False)
tracers.add_span_processor(SimpleSpanProcessor(Exporter()))


def access(level, message, fields):
    say("line", message=message, bound=dict(current_bindings().values), fields=dict(fields))


telemetry = ServerTelemetry.build(
    TelemetrySettings(), access=access, flush=lambda: say("flush"), tracer_provider=tracers,
    meter_provider=MeterProvider(shutdown_on_exit=False),
)


async def plain(scope, receive, send):
    assert scope["type"] == "http"
    seen = current_context().tenant_id
    bind_context(tenant_id=scope["path"][1:])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": str(seen)[:4].encode()})


def classic(environ, start_response):
    seen = current_context().tenant_id
    bind_context(tenant_id=environ["PATH_INFO"][1:])
    if environ["PATH_INFO"] == "/file":
        start_response("200 OK", [("Content-Length", "4")])
        return environ["wsgi.file_wrapper"](open(os.environ["FILE"], "rb"))
    if environ["PATH_INFO"] == "/stream":
        start_response("200 OK", [])
        return (b"x" * 65536 for _ in range(2000))
    start_response("200 OK", [("Content-Length", "4")])
    return [str(seen)[:4].encode()]


if os.environ["APP"] == "fastapi":
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/orders/{order}")
    async def order(order: str):
        bind_context(tenant_id=order)
        return None

    instrument_app(app, telemetry)
else:
    app = instrument_app({"plain": plain, "classic": classic}[os.environ["APP"]], telemetry)
"""


class Server:
    """A server process, where it listens and what its application wrote down."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, seen: Path, file: Path) -> None:
        self.process = process
        self.port = port
        self.seen = seen
        self.file = file

    def exchange(self, data: bytes, until: bytes, count: int = 1) -> bytes:
        """Send bytes, read until `until` came `count` times or the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            got = b""
            while got.count(until) < count:
                piece = connection.recv(65536)
                if not piece:
                    break
                got += piece
            return got

    def records(self, kind: str, count: int = 0) -> list[dict[str, Any]]:
        """Return what was written down, waiting until there are `count` of it."""
        found: list[dict[str, Any]] = []
        for _ in range(200):
            text = self.seen.read_text() if self.seen.exists() else ""
            found = [each for each in map(json.loads, text.splitlines()) if each["kind"] == kind]
            if len(found) >= count:
                break
            time.sleep(0.05)
        return found

    def stop(self) -> int:
        """Ask the server to stop as an orchestrator does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@contextmanager
def running(tmp_path: Path, app: str, command: Sequence[str]) -> Iterator[Server]:
    """Run a server with the program above until the block ends."""
    (tmp_path / "service.py").write_text(PROGRAM)
    (tmp_path / "file").write_bytes(b"file")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    seen = tmp_path / "seen"
    environ = {"APP": app, "SEEN": str(seen), "FILE": str(tmp_path / "file"), "PYTHONPATH": str(tmp_path)}
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", *(each.format(port=port) for each in command)],
            cwd=tmp_path,
            env={**os.environ, **environ},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        for _ in range(200):
            assert process.poll() is None, (tmp_path / "stderr").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield Server(process, port, seen, tmp_path / "stderr")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def get(path: str, *headers: str) -> bytes:
    """Return a request as bytes."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: h.test", *headers, "", ""]).encode()


UVICORN = ("uvicorn", "service:app", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning")
GUNICORN = (
    "gunicorn",
    "service:app",
    "--bind",
    "127.0.0.1:{port}",
    "--log-level",
    "warning",
    "--timeout",
    "20",
)


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_pipelined_requests_do_not_inherit(tmp_path: Path, parser: str) -> None:
    """uvicorn starts a pipelined request inside the one before: ours are three traces, three tenants."""
    with running(tmp_path, "plain", [*UVICORN, "--http", parser]) as server:
        answer = server.exchange(get("/a") + get("/b") + get("/c"), b"None", 3)
        assert answer.count(b"None") == 3, answer
        assert answer.lower().count(b"x-request-id: ") == 3
        spans = server.records("span", 3)
        assert [each["span_kind"] for each in spans] == ["SERVER"] * 3
        assert len({each["trace"] for each in spans}) == 3
        assert [each["bound"]["tenant_id"] for each in server.records("line", 3)] == ["a", "b", "c"]


@pytest.mark.parametrize("app", ["plain", "fastapi"])
def test_uvicorn_flushes_before_it_is_gone(tmp_path: Path, app: str) -> None:
    """SIGTERM ends in a flush, with a lifespan and without; the exit code is uvicorn's own."""
    with running(tmp_path, app, UVICORN) as server:
        server.exchange(get("/orders/7", "connection: close"), b"never")
        assert server.stop() in {0, -signal.SIGTERM}
        assert len(server.records("flush", 1)) == 1
        assert len(server.records("span", 1)) == 1
        assert server.file.read_text() == ""


def test_fastapi_below_uvicorn_has_its_route(tmp_path: Path) -> None:
    """The module-level application, found by its import string, is the instrumented one."""
    with running(tmp_path, "fastapi", UVICORN) as server:
        answer = server.exchange(get("/orders/7", "x-request-id: r-1", "connection: close"), b"never")
        assert b"x-request-id: r-1" in answer
        assert [each["name"] for each in server.records("span", 1)] == ["GET /orders/{order}"]


@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_gunicorn_worker_leaks_nothing(tmp_path: Path, worker: str) -> None:
    """Requests on one worker thread do not see each other's tenant; a file goes out whole and is counted."""
    command = [*GUNICORN, "--worker-class", worker, "--threads", "1"]
    with running(tmp_path, "classic", command) as server:
        for path in ("/a", "/b", "/c"):
            assert server.exchange(get(path, "connection: close"), b"never").endswith(b"None")
        assert server.exchange(get("/file", "connection: close"), b"never").endswith(b"file")
        lines = server.records("line", 4)
        assert [each["bound"]["tenant_id"] for each in lines] == ["a", "b", "c", "file"]
        assert {each["fields"]["http_response_body_size"] for each in lines} == {4}


def test_client_that_leaves_gunicorn_is_named(tmp_path: Path) -> None:
    """A client that closes in the middle of a long body leaves a line that says so."""
    with running(tmp_path, "classic", [*GUNICORN, "--worker-class", "gthread"]) as server:
        server.exchange(get("/stream"), b"x")
        (line,) = server.records("line", 1)
        assert line["fields"]["client_disconnected"] is True
        assert len(server.records("span", 1)) == 1
