"""Outbound calls carry the trace, lazily, where library and instrumentor are installed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.dependencies import DependencyConflict, DependencyConflictError
from opentelemetry.instrumentation.requests import RequestsInstrumentor

from ameide_telemetry.context import bound_context
from ameide_telemetry.integrations import clients
from ameide_telemetry.integrations.clients import CLIENTS, instrument_clients
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARENT = trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))


@pytest.fixture
def echo() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A real server on loopback that keeps the headers it gets."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({key.lower(): value for key, value in self.headers.items()})
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", seen
    server.shutdown()
    server.server_close()
    thread.join(5)


def call_requests(url: str) -> None:
    """GET by requests."""
    import requests  # noqa: PLC0415

    requests.get(url, timeout=5)


def call_urllib3(url: str) -> None:
    """GET by urllib3."""
    import urllib3  # noqa: PLC0415

    with urllib3.PoolManager() as pool:
        pool.request("GET", url, timeout=5)


def call_httpx(url: str) -> None:
    """GET by httpx."""
    import httpx  # noqa: PLC0415

    httpx.get(url, timeout=5)


def call_httpx2(url: str) -> None:
    """GET by httpx2."""
    import httpx2  # noqa: PLC0415

    httpx2.get(url, timeout=5)


def call_aiohttp(url: str) -> None:
    """GET by aiohttp."""
    import aiohttp  # noqa: PLC0415

    async def get() -> None:
        async with aiohttp.ClientSession() as session, session.get(url):
            pass

    asyncio.run(asyncio.wait_for(get(), 5))


CALLS: dict[str, Callable[[str], None]] = {
    "aiohttp-client": call_aiohttp,
    "httpx": call_httpx,
    "httpx2": call_httpx2,
    "requests": call_requests,
    "urllib3": call_urllib3,
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_call_carries_trace_and_tenant_until_undone(
    name: str, echo: tuple[str, list[dict[str, str]]]
) -> None:
    """traceparent and baggage are on the wire; after undo they are not."""
    url, seen = echo
    CALLS[name](url)
    result = instrument_clients(TelemetrySettings(instrument=(name,)))
    span = trace.NonRecordingSpan(PARENT)
    token = otel_context.attach(trace.set_span_in_context(span))
    try:
        with bound_context(tenant_id="acme"):
            CALLS[name](url)
            assert result.active == [name]
            result.undo()
            CALLS[name](url)
    finally:
        result.undo()
        otel_context.detach(token)
    before, during, after = seen
    assert during["traceparent"].split("-")[1] == f"{0xABC:032x}"
    assert "tenant_id=acme" in during["baggage"]
    assert "traceparent" not in before
    assert "traceparent" not in after
    assert (result.active, result.waiting) == ([], [])


def test_suppressed_calls_are_not_traced(echo: tuple[str, list[dict[str, str]]]) -> None:
    """What an export worker sends, under OTel's suppression key, makes no span and carries no header."""
    from opentelemetry.instrumentation.utils import suppress_instrumentation  # noqa: PLC0415

    url, seen = echo
    result = instrument_clients(TelemetrySettings(instrument=("requests", "urllib3")))
    try:
        with suppress_instrumentation():
            call_requests(url)
    finally:
        result.undo()
    assert "traceparent" not in seen[0]


def run(program: str, **environ: str) -> Any:
    """Run a program in a fresh interpreter and return what it printed as JSON."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environ},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


LAZY = """
import json, os, sys
from ameide_telemetry.integrations.clients import instrument_clients
from ameide_telemetry.settings import TelemetrySettings
result = instrument_clients(TelemetrySettings(), flush=lambda: None)
early = sorted(set(sys.modules) & {"httpx", "requests", "aiohttp", "celery", "grpc", "urllib3"})
waiting = list(result.waiting)
import httpx
late, semconv = list(result.active), os.environ.get("OTEL_SEMCONV_STABILITY_OPT_IN")
result.undo()
import requests
after = os.environ.get("OTEL_SEMCONV_STABILITY_OPT_IN")
print(json.dumps([early, waiting, late, semconv, result.active, after]))
"""


def test_nothing_is_imported_for_the_service() -> None:
    """Start-up imports no client library; the service's own import instruments it; after undo none is."""
    early, waiting, late, semconv, active, after = run(LAZY)
    assert early == []
    assert waiting == [each.name for each in CLIENTS]
    # The contrib module serves both and imports both.
    assert late == ["httpx", "httpx2"]
    assert (semconv, active, after) == ("http", [], None)


def test_own_choice_of_conventions_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one write to the environment is a default."""
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http/dup")
    result = instrument_clients(TelemetrySettings(instrument=("httpx",)))
    assert result.wrote_environment is False
    result.undo()
    assert os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] == "http/dup"


def test_unknown_name_is_a_finding() -> None:
    """A name that is in no table is reported with the names that are."""
    result = instrument_clients(TelemetrySettings(instrument=("htpx", "aiohttp")))
    result.undo()
    (finding,) = result.findings
    assert (finding.code, finding.level) == ("TEL050", "warning")
    assert "'htpx'" in finding.message
    assert "httpx" in finding.hint


@pytest.mark.parametrize(("disabled", "left"), [(("*",), []), (("httpx",), ["httpx2"])])
def test_disabled_instrumentations_are_left_alone(disabled: tuple[str, ...], left: list[str]) -> None:
    """OTEL_PYTHON_DISABLED_INSTRUMENTATIONS names what is not touched, or everything."""
    settings = TelemetrySettings(instrument=("httpx", "httpx2"), disabled_instrumentations=disabled)
    result = instrument_clients(settings)
    assert [*result.active, *result.waiting] == left
    result.undo()


def test_library_without_instrumentor_is_reported_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library whose calls will carry nothing is said, with the line that installs the missing part."""
    installed = clients._installed
    monkeypatch.setattr(
        clients,
        "_installed",
        lambda name: installed(name) and not name.endswith(("mentation.httpx", "tion.grpc")),
    )
    result = instrument_clients(TelemetrySettings(instrument=("httpx", "httpx2", "grpc")))
    assert [(each.code, each.location, each.hint) for each in result.findings] == [
        ("TEL051", "grpc", "pip install opentelemetry-instrumentation-grpc"),
        ("TEL051", "httpx", "pip install opentelemetry-instrumentation-httpx"),
        ("TEL051", "httpx2", "pip install opentelemetry-instrumentation-httpx"),
    ]
    assert (result.active, result.waiting, result.wrote_environment) == ([], [], False)


def test_absent_library_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not installed is neither reported nor waited for."""
    monkeypatch.setattr(clients, "CLIENTS", (clients.Client("nothing", "no_such_library", "no.such", "No"),))
    result = instrument_clients(TelemetrySettings())
    assert (result.active, result.waiting, result.findings) == ([], [], [])
    assert clients._installed("no_such_library.inner") is False


def test_instrumentation_of_the_service_itself_is_respected() -> None:
    """What the service instrumented by its own hand is not done twice and not undone."""
    import requests  # noqa: F401, PLC0415

    RequestsInstrumentor().instrument()
    try:
        result = instrument_clients(TelemetrySettings(instrument=("requests",)))
        assert result.active == []
        result.undo()
        assert RequestsInstrumentor().is_instrumented_by_opentelemetry
    finally:
        RequestsInstrumentor().uninstrument()


def test_too_old_and_conflicting_instrumentors_are_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An instrumentor that does not know the library, or this version of it, gives one warning with why."""
    import requests  # noqa: F401, PLC0415

    old = clients.Client("requests", "requests", "requests", "NewerInstrumentor")
    monkeypatch.setattr(clients, "CLIENTS", (old,))
    result = instrument_clients(TelemetrySettings())
    assert result.active == []
    result.undo()
    assert "pip install opentelemetry-instrumentation-requests --upgrade" in caplog.text
    monkeypatch.undo()

    def conflict(*_: object, **__: object) -> None:
        raise DependencyConflictError(DependencyConflict(required="requests ~= 9.0", found="requests 2.0"))

    monkeypatch.setattr(RequestsInstrumentor, "instrument", conflict)
    result = instrument_clients(TelemetrySettings(instrument=("requests",)))
    assert result.active == []
    result.undo()
    assert "requests ~= 9.0" in caplog.text
