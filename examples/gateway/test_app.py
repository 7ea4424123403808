"""The gateway as a real uvicorn process, with a stand-in for the backend."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ameide_telemetry.testing.process import TelemetryProcess


class _Backend(BaseHTTPRequestHandler):
    """Keeps the headers of each request and answers what the test asked for."""

    received: list[dict[str, str]]
    status = 202

    def do_POST(self) -> None:
        """Answer one reservation."""
        self.rfile.read(int(self.headers["content-length"]))
        self.received.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the parent's name
        """Stay quiet."""


@pytest.fixture
def backend() -> Iterator[tuple[str, type[_Backend]]]:
    """Yield the address of a stand-in for the backend, and the class that answers there."""
    handler = type("Handler", (_Backend,), {"received": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


@pytest.fixture
def gateway(
    run_example: Callable[..., TelemetryProcess], backend: tuple[str, type[_Backend]]
) -> TelemetryProcess:
    """Return the running gateway."""
    command = ("uvicorn", "gateway.app:app", "--port", "{port}")
    return run_example(command, ready="/openapi.json", env={"BACKEND_URL": backend[0]})


def test_tenant_comes_from_the_verified_key(
    gateway: TelemetryProcess, backend: tuple[str, type[_Backend]]
) -> None:
    """The key's tenant is in every line and travels on; a header that claims one does not count."""
    claimed = {"x-api-key": "acme-demo-key", "x-request-id": "req-1", "x-tenant-id": "globex"}
    reply = gateway.post("/orders/lamp", headers=claimed)
    assert (reply.status, reply.headers["x-request-id"]) == (202, "req-1")
    gateway.wait_for("POST /orders/{sku} 202")
    lines = [line for line in gateway.records if line.get("request_id") == "req-1"]
    assert {(line["tenant_id"], line["saas.tenant"]) for line in lines} == {("acme", "acme")}
    (received,) = backend[1].received
    assert received["traceparent"].split("-")[1] == lines[0]["trace_id"]
    assert set(received["baggage"].split(",")) == {"tenant_id=acme", "request_id=req-1"}


def test_unknown_key_reaches_nobody(gateway: TelemetryProcess, backend: tuple[str, type[_Backend]]) -> None:
    """Without a known key there is no tenant, and the backend is not called."""
    assert gateway.post("/orders/lamp", headers={"x-api-key": "stolen"}).status == 401
    assert "tenant_id" not in gateway.wait_for("POST /orders/{sku} 401")
    assert backend[1].received == []


def test_failure_of_the_backend_is_passed_on(
    gateway: TelemetryProcess, backend: tuple[str, type[_Backend]]
) -> None:
    """The caller sees the backend's status, and so does the access line."""
    backend[1].status = 500
    assert gateway.post("/orders/lamp", headers={"x-api-key": "globex-demo-key"}).status == 500
    line = gateway.wait_for("POST /orders/{sku} 500")
    assert (line["level"], line["tenant_id"], line["http_route"]) == ("error", "globex", "/orders/{sku}")
