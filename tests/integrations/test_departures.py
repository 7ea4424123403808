"""Exceptions that leave the application, as a server sees them that logs what it catches."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

from ameide_telemetry.context import bind_context, current_bindings, remembered
from ameide_telemetry.integrations import asgi, wsgi
from support.rig import wsgi_environ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.rig import Rig

_SHARED = ConnectionError("the pool is exhausted")


def _tenant(error: BaseException) -> str | None:
    found = remembered(error)
    bindings = None if found is None else current_bindings(found)
    return None if bindings is None else bindings.values.get("tenant_id")


class _AsyncServer:
    """Calls an ASGI application as a server does, and keeps whose request each exception was of."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.seen: list[str | None] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 the server's place
            self.seen.append(_tenant(error))


class _ThreadServer:
    """Does the same for WSGI, in the thread that calls it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.seen: list[str | None] = []

    def get(self, path: str) -> None:
        try:
            body = self.app(wsgi_environ(path, "GET", (), b""), lambda *_: lambda _: None)
            try:
                list(body)
            finally:
                body.close()
        except Exception as error:  # noqa: BLE001 the server's place
            self.seen.append(_tenant(error))


class _Kept:
    """Something that a weak reference can follow."""


def _fail(environ: Any, start_response: Any) -> list[bytes]:
    bind_context(tenant_id=environ["PATH_INFO"][1:])
    raise _SHARED


def _fail_in_the_body(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    bind_context(tenant_id=environ["PATH_INFO"][1:])
    yield b"1"
    raise _SHARED


class _FailingClose(list[bytes]):
    def close(self) -> None:
        raise _SHARED


def _fail_at_the_end(environ: Any, start_response: Any) -> _FailingClose:
    start_response("200 OK", [])
    bind_context(tenant_id=environ["PATH_INFO"][1:])
    return _FailingClose([b"1"])


@pytest.mark.parametrize("app", [_fail, _fail_in_the_body, _fail_at_the_end])
def test_requests_of_one_thread_that_raise_the_same_exception(rig: Rig, app: Any) -> None:
    """The server's line has the ids of the request that failed last, wherever in the request that was."""
    server = _ThreadServer(wsgi.TelemetryMiddleware(app, rig.telemetry()))
    server.get("/acme")
    server.get("/globex")
    assert server.seen == ["acme", "globex"]
    assert _tenant(_SHARED) == "globex"
    assert vars(_SHARED) == {}


def test_the_next_request_of_a_thread_clears_the_note(rig: Rig) -> None:
    """What comes after it has no ids of a request that was before it."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/acme":
            return _fail(environ, start_response)
        start_response("200 OK", [])
        return [b""]

    server = _ThreadServer(wsgi.TelemetryMiddleware(app, rig.telemetry()))
    server.get("/acme")
    server.get("/plain")
    assert _tenant(_SHARED) is None


def test_requests_of_one_loop_that_raise_the_same_exception(rig: Rig) -> None:
    """Two wait for one future: each server line has its own request's ids, and outside there are none."""

    async def serve() -> list[str | None]:
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            bind_context(tenant_id=scope["path"][1:])
            await broken

        server = _AsyncServer(asgi.TelemetryMiddleware(app, rig.telemetry()))
        requests = [asyncio.create_task(rig.asgi_call(server, f"/{name}")) for name in "abc"]
        await asyncio.sleep(0)
        broken.set_exception(_SHARED)
        await asyncio.gather(*requests)
        assert _tenant(_SHARED) is None
        return server.seen

    assert sorted(map(str, asyncio.run(serve()))) == ["a", "b", "c"]
    assert vars(_SHARED) == {}


def test_a_server_that_starts_a_request_where_another_failed(rig: Rig) -> None:
    """A pipelined request begins in the context of the one before: the note of that one is not its own."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bind_context(tenant_id="acme")
        if scope["path"] == "/fail":
            raise _SHARED

    server = _AsyncServer(asgi.TelemetryMiddleware(app, rig.telemetry()))

    async def serve() -> None:
        await rig.asgi_call(server, "/fail")
        assert _tenant(_SHARED) == "acme"
        await rig.asgi_call(server, "/plain")
        assert _tenant(_SHARED) is None

    asyncio.run(serve())
    assert server.seen == ["acme"]


@pytest.mark.parametrize("instrumented", [False, True])
def test_a_failed_request_goes_when_its_exception_goes(rig: Rig, *, instrumented: bool) -> None:
    """What the application held is freed at once, without the collector, with telemetry as without."""
    telemetry = rig.telemetry() if instrumented else None
    held: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        kept = _Kept()
        held.append(ref(kept))
        raise ValueError

    def classic(environ: Any, start_response: Any) -> list[bytes]:
        kept = _Kept()
        held.append(ref(kept))
        raise ValueError

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(_: Any) -> None:
        pass

    async def serve() -> None:
        server = _AsyncServer(asgi.TelemetryMiddleware(app, telemetry))
        scope = {"type": "http", "path": "/", "headers": [], "method": "GET"}
        await server(scope, receive, send)
        assert held[0]() is None
        _ThreadServer(wsgi.TelemetryMiddleware(classic, telemetry)).get("/")
        assert held[1]() is None

    gc.collect()
    gc.disable()
    try:
        asyncio.run(serve())
    finally:
        gc.enable()
    assert len(rig.lines) == (2 if instrumented else 0)
