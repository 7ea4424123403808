"""Applications joined under names, from the outside: a user's project, in a pytest of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testing.cases import ALONE, PLUGIN, run_pytest

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

_SHOP: Final = """\
import aiohttp, httpx, httpx2, requests, urllib3
from fastapi import FastAPI
from flask import Flask
from opentelemetry import baggage, context
from ameide_telemetry import bind_context, get_logger, init_telemetry

handle = init_telemetry("shop")
a, b = FastAPI(), Flask("b")
log = get_logger("shop")
URL = "http://b/stock"
held = httpx2.AsyncClient()
pool = urllib3.PoolManager()

async def by_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(URL) as reply:
        return await reply.text()

async def by_httpx():
    async with httpx.AsyncClient() as client:
        return (await client.get(URL)).text

async def by_held():
    return (await held.get(URL)).text

SYNC = {
    "httpx": lambda: httpx.get(URL).text,
    "httpx2": lambda: httpx2.get(URL).text,
    "requests": lambda: requests.get(URL).text,
    "urllib3": lambda: pool.request("GET", URL).data.decode(),
}
ASYNC = {"aiohttp": by_aiohttp, "httpx.AsyncClient": by_httpx, "held": by_held, "held-again": by_held}

@a.get("/sync/{name}")
def order_sync(name: str):
    bind_context(tenant_id="acme")
    return SYNC[name]()

@a.get("/async/{name}")
async def order_async(name: str):
    bind_context(tenant_id="acme")
    return await ASYNC[name]()

@a.get("/own")
async def own():
    token = context.attach(baggage.set_baggage("color", "red"))
    try:
        return await by_held()
    finally:
        context.detach(token)

@a.get("/outside")
async def outside():
    bind_context(tenant_id="acme")
    await held.post("http://api.partner.example/pay", content=b"x")
    return await by_held()

@a.get("/alone")
async def alone():
    return 1

@b.get("/stock")
def stock():
    log.info("stock looked up")
    return "7"

handle.instrument_app(a)
handle.instrument_app(b)
"""
_CLIENTS: Final = """\
import pytest
import shop

PATHS = [f"/sync/{name}" for name in shop.SYNC] + [f"/async/{name}" for name in shop.ASYNC]

@pytest.mark.parametrize("path", PATHS)
def test_client(telemetry_topology, telemetry, path):
    topology = telemetry_topology(a=shop.a, b=shop.b)
    answer = topology.request("a", "GET", path, headers={"x-request-id": "req-1"})
    assert (answer.status, answer.json()) == (200, "7")
    topology.assert_propagated(tenant="acme", request_id="req-1")
    telemetry.assert_correlated()
    telemetry.assert_no_orphans()
    assert [each.path for each in topology.b.received] == ["/stock"]
    assert telemetry.logs.one("stock looked up")["tenant_id"] == "acme"

def test_other_baggage_does_not_arrive(telemetry_topology):
    topology = telemetry_topology(a=shop.a, b=shop.b)
    assert topology.a.get("/own").status == 200
    assert "color=red" in topology.b.received[0].headers["baggage"]
    topology.assert_propagated()

def test_hosts_outside_are_told_nothing(telemetry_topology):
    topology = telemetry_topology(a=shop.a, b=shop.b, strangers=["api.partner.example"])
    assert topology.a.get("/outside").status == 200
    (paid,) = topology["api.partner.example"].received
    assert not {"traceparent", "tracestate", "baggage"} & paid.headers.keys()
    topology.assert_propagated(tenant="acme")

def test_the_text_has_the_traces_and_what_differs(telemetry_topology):
    topology = telemetry_topology(a=shop.a, b=shop.b)
    topology.a.get("/async/held", headers={"x-request-id": "req-1"})
    with pytest.raises(AssertionError) as told:
        topology.assert_propagated(tenant="globex", request_id="req-1")
    assert 'GET /stock of b: tenant_id: "acme" arrived, expected "globex"' in str(told.value)
    assert "request_id:" not in str(told.value)
    assert "  [a] GET /async/{name} (server" in str(told.value)
    assert "      [b] GET /stock (server" in str(told.value)
    assert "  a -> b  GET /stock  traceparent=" in str(told.value)
    with pytest.raises(AssertionError, match="goes on in the trace of its caller"):
        topology.assert_not_propagated("b")

def test_no_call_is_no_success(telemetry_topology):
    topology = telemetry_topology(a=shop.a, b=shop.b)
    topology.a.get("/alone")
    with pytest.raises(AssertionError, match="no application has called another one"):
        topology.assert_propagated()
    with pytest.raises(AssertionError, match="no request with trace context or baggage came to b"):
        topology.assert_not_propagated("b")
"""
_EDGE: Final = """\
import os
os.environ["AMEIDE_TELEMETRY_TRUST"] = "edge"
import pytest
import shop

def test_edge(telemetry_topology):
    topology = telemetry_topology(a=shop.a, b=shop.b)
    headers = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "baggage": "tenant_id=x"}
    topology.a.get("/async/held", headers=headers)
    topology.assert_not_propagated("a")
    topology.assert_not_propagated("b")
    with pytest.raises(AssertionError, match="callers are only linked") as told:
        topology.assert_propagated(tenant="acme")
    assert "tenant_id did not arrive" in str(told.value)
"""
_BROKEN: Final = """\
import os
os.environ["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] = "httpx,httpx2"
import pytest
import shop

def test_a_client_without_instrumentation(telemetry_topology):
    topology = telemetry_topology(a=shop.a, b=shop.b)
    topology.a.get("/async/held")
    with pytest.raises(AssertionError, match="did not arrive: is the client library instrumented"):
        topology.assert_propagated()
"""
_KINDS: Final = """\
import gc, os, socket, sys, threading
import httpx2, pytest, requests
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from ameide_telemetry import init_telemetry

handle = init_telemetry("shop")

async def asgi(scope, receive, send):
    async with httpx2.AsyncClient() as client:
        body = (await client.get("http://c/")).content
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

def wsgi(environ, start_response):
    start_response("200 OK", [("content-length", "4")])
    return [b"wsgi"]

async def homepage(request):
    # Blocks its event loop, as no service should: in production too, but only its own.
    return PlainTextResponse(requests.get("http://b/").text)

def test_kinds(telemetry_topology):
    before = socket.getaddrinfo, dict(os.environ)
    a = Starlette(routes=[Route("/", homepage)])
    apps = {"a": a, "b": handle.instrument_app(asgi), "c": handle.instrument_app(wsgi)}
    topology = telemetry_topology(**apps)
    topology_of_others = telemetry_topology(d=wsgi)
    handle.instrument_app(a)
    assert topology.a.get("/", headers={"x-request-id": "req-1"}).text == "wsgi"
    topology.assert_propagated(request_id="req-1")
    with pytest.raises(AttributeError, match="no application 'x'; there are a, b, c"):
        topology.x
    with pytest.raises(ValueError, match="'d' is a name of another topology"):
        telemetry_topology(d=wsgi)
    telemetry_topology.close()
    assert (socket.getaddrinfo, dict(os.environ)) == before
    assert "connect" not in vars(socket.socket)

def test_an_application_without_telemetry(telemetry_topology):
    silent = lambda environ, start: wsgi(environ, start)
    topology = telemetry_topology(b=handle.instrument_app(asgi), c=silent)
    topology.b.get("/")
    with pytest.raises(AssertionError, match="c has no server span for it: is the application instrumented"):
        topology.assert_propagated()

def test_what_is_no_application(telemetry_topology):
    for wrong in ("app:app", 7, lambda: None):
        with pytest.raises(TypeError, match="is no application"):
            telemetry_topology(a=wrong)
    with pytest.raises(ValueError, match="at least one"):
        telemetry_topology()

@asynccontextmanager
async def failing(app):
    raise OSError("no database")
    yield

@pytest.mark.telemetry(contract="off")
def test_a_lifespan_that_fails(telemetry_topology):
    with pytest.raises(AssertionError, match="does not start: its lifespan has failed"):
        telemetry_topology(a=Starlette(lifespan=failing))

def test_threads_end(telemetry_topology):
    topology = telemetry_topology(a=Starlette(), c=wsgi)
    assert topology.a.get("/").status == 404
    telemetry_topology.close()
    del topology
    gc.collect()
    assert not [each for each in threading.enumerate() if each.name == "topology-c"]
"""


def _run(folder: Path, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "shop.py").write_text(_SHOP, encoding="utf-8")
    (folder / "test_it.py").write_text(source, encoding="utf-8")
    return run_pytest(folder, *arguments)


def test_every_client_is_joined(tmp_path: Path) -> None:
    """All client libraries reach the other application by its name, and what they carry is seen."""
    done = _run(tmp_path, _CLIENTS, *ALONE)
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout


def test_with_workers_and_in_random_order(tmp_path: Path) -> None:
    """The same with two workers, in a random order."""
    own = (*PLUGIN, "-p", "no:ameide_telemetry", "-p", "no:logfire")
    done = _run(tmp_path, _CLIENTS, *own, "-n2", "-p", "randomly")
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout


def test_an_edge_takes_nothing(tmp_path: Path) -> None:
    """With `trust="edge"` nothing of a caller is taken, which is asserted by itself; the text says why."""
    done = _run(tmp_path, _EDGE, *ALONE)
    assert done.returncode == 0, done.stdout


def test_a_call_without_instrumentation_is_told(tmp_path: Path) -> None:
    """A client library that carries nothing is named as what is missing."""
    done = _run(tmp_path, _BROKEN, *ALONE)
    assert done.returncode == 0, done.stdout


def test_kinds_of_applications_and_bad_input(tmp_path: Path) -> None:
    """Starlette and bare applications of both kinds are joined; what cannot be is told; nothing stays."""
    done = _run(tmp_path, _KINDS, *ALONE)
    assert done.returncode == 0, done.stdout
