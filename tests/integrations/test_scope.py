"""The scope of an ASGI application is the server's own; afterwards it is as it would be without telemetry."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from ameide_telemetry.integrations.asgi import TelemetryMiddleware
from support.rig import http_scope

if TYPE_CHECKING:
    from support.rig import Answer, Rig


def _ask(rig: Rig, app: Any, scope: Any) -> Answer:
    """Make one request with this very scope."""

    async def with_scope(_: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return rig.asgi(with_scope)


async def _tell(send: Any, *values: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": repr(values).encode()})


def _headers_of(headers: Any) -> dict[str, Any]:
    return {**http_scope("/x", "GET", ()), "headers": headers}


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_the_application_reads_the_servers_own_headers(rig: Rig, kind: Any) -> None:
    """The same object, which a middleware may add to; what can be read once is read by both all the same."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if kind is list:
            scope["headers"].append((b"x-user", b"7"))
        await _tell(send, list(scope["headers"]), kind is iter or scope["headers"] is given)

    pairs = [(b"host", b"shop.test"), (b"x-request-id", b"r-1")]
    given = kind(list(pairs))
    bare = _ask(rig, app, _headers_of(given)).body
    given = kind(list(pairs))
    answer = _ask(rig, TelemetryMiddleware(app, rig.telemetry()), _headers_of(given))
    assert answer.body == bare
    assert answer.header("x-request-id") == ["r-1"]


def test_whoever_wraps_the_application_reads_what_it_found_out(rig: Rig) -> None:
    """Route, endpoint and path parameters are in the caller's scope after the call, and no mark of ours."""

    def shop() -> FastAPI:
        app = FastAPI()

        @app.get("/orders/{number}")
        async def order(number: int) -> int:
            return number

        return app

    bare, scope = (http_scope("/orders/7", "GET", ()) for _ in range(2))
    _ask(rig, shop(), bare)
    _ask(rig, TelemetryMiddleware(shop(), rig.telemetry()), scope)
    assert scope.keys() == bare.keys()
    assert scope["path_params"] == bare["path_params"] == {"number": "7"}
    assert scope["route"].path == "/orders/{number}"
    assert rig.line().fields["http_route"] == "/orders/{number}"


def test_a_scope_that_is_used_twice_is_two_requests(rig: Rig) -> None:
    """A wrapper may try again; what another had put there is put back."""
    theirs = object()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _tell(send, scope["fastapi.telemetry"] is theirs)

    scope = {**http_scope("/x", "GET", ()), "fastapi.telemetry": theirs}
    before = dict(scope)
    middleware = TelemetryMiddleware(app, rig.telemetry())
    for _ in range(2):
        assert _ask(rig, middleware, scope).body == b"(False,)"
    assert scope == before
    assert len(rig.spans()) == len(rig.lines) == 2


def test_marks_go_when_the_application_raises(rig: Rig) -> None:
    """The exception leaves nothing of ours in the scope either."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    scope = http_scope("/x", "GET", ())
    before = dict(scope)
    assert isinstance(_ask(rig, TelemetryMiddleware(app, rig.telemetry()), scope).error, ValueError)
    assert scope == before


@pytest.mark.usefixtures("fail_open")
def test_a_scope_that_cannot_be_written_passes_untouched(rig: Rig) -> None:
    """No server gives one, and the application is served all the same, without telemetry."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _tell(send, scope["path"])

    scope = MappingProxyType(http_scope("/x", "GET", ()))
    assert _ask(rig, TelemetryMiddleware(app, rig.telemetry()), scope).body == b"('/x',)"
    assert rig.lines == []
    assert asyncio.run(rig.asgi_call(TelemetryMiddleware(app, rig.telemetry()))).status == 200
