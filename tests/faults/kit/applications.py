"""The applications of the scenarios: raw ASGI and WSGI, FastAPI, Starlette and Flask."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import flask
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from ameide_telemetry import bind_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["WSGI_PATHS", "Apps", "NotServedError"]

_log = logging.getLogger("shop.kit")


class NotServedError(Exception):
    """What the applications raise."""


class Apps:
    """The applications of all scenarios, with telemetry or without.

    Args:
        instrument: makes an application one with telemetry; returns what to serve.
    """

    def __init__(self, instrument: Callable[[Any], Any]) -> None:
        self.calls: list[str] = []
        self.raw_asgi = instrument(self._raw_asgi)
        self.no_lifespan = instrument(self._no_lifespan)
        self.raw_wsgi = instrument(self._raw_wsgi)
        self.fastapi = instrument(_fastapi(self.calls))
        self.starlette = instrument(_starlette(self.calls))
        self.flask = instrument(_flask(self.calls))

    async def _raw_asgi(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _raw_lifespan(receive, send)
            return
        self.calls.append(scope["path"])
        await {"http": _raw_http, "websocket": _raw_websocket}[scope["type"]](scope, receive, send)

    async def _no_lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls.append(scope["type"])
        if scope["type"] != "http":
            raise NotServedError("what is a lifespan?")
        await _raw_http(scope, receive, send)

    def _raw_wsgi(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.calls.append(environ["PATH_INFO"])
        answer = _WSGI[environ["PATH_INFO"]]
        return answer(environ, start_response)


async def _raw_lifespan(receive: Any, send: Any) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _raw_http(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/early_error":
        raise NotServedError("early")
    body = (await receive()).get("body", b"")
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % (len(body) + 4))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"echo", "more_body": True})
    if scope["path"] == "/late_error":
        raise NotServedError("late")
    await send({"type": "http.response.body", "body": body})
    if scope["path"] == "/disconnect":
        await receive()


async def _raw_websocket(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
    await send({"type": "websocket.close", "code": 1000})


def _wsgi_list(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return [b"echo"]


def _wsgi_generator(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    yield b"one"
    yield b"two"


def _wsgi_write(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("201 Created", [])(b"written")
    return [b"rest"]


def _wsgi_error(_: Any, _start_response: Any) -> Iterable[bytes]:
    raise NotServedError("early")


def _wsgi_body_error(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    yield b"one"
    raise NotServedError("late")


def _wsgi_exc_info(_: Any, start_response: Any) -> Iterable[bytes]:
    try:
        raise NotServedError("again")
    except NotServedError:
        start_response("500 Oh", [("Content-Type", "text/plain")], sys.exc_info())
    return [b"failed"]


def _wsgi_file(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    body: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(b"file"))
    return body


_WSGI: Final[dict[str, Callable[[Any, Any], Iterable[bytes]]]] = {
    "/list": _wsgi_list,
    "/generator": _wsgi_generator,
    "/write": _wsgi_write,
    "/error": _wsgi_error,
    "/body_error": _wsgi_body_error,
    "/exc_info": _wsgi_exc_info,
    "/file": _wsgi_file,
    "/left": _wsgi_generator,
}
WSGI_PATHS: Final = tuple(_WSGI)
"""What the raw WSGI application knows."""


def _fastapi(calls: list[str]) -> FastAPI:
    app = FastAPI()

    def tenant() -> str:
        bind_context(tenant_id="acme")
        return "acme"

    @app.get("/items/{number}")
    async def item(number: int, who: Annotated[str, Depends(tenant)]) -> dict[str, Any]:
        calls.append("item")
        _log.info("item %s", number)
        return {"number": number, "who": who}

    @app.get("/threads/{number}")
    def in_thread(number: int) -> dict[str, Any]:
        calls.append("thread")
        return {"number": number}

    @app.get("/error")
    async def error() -> None:
        calls.append("error")
        raise NotServedError("fastapi")

    @app.get("/missing")
    async def missing() -> None:
        calls.append("missing")
        raise HTTPException(404, "nothing here")

    @app.get("/background")
    async def background(tasks: BackgroundTasks) -> str:
        tasks.add_task(calls.append, "background")
        return "ok"

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(str(each) for each in range(3))

    return app


def _starlette(calls: list[str]) -> Starlette:
    async def leaf(request: Any) -> PlainTextResponse:
        calls.append("leaf")
        return PlainTextResponse(request.path_params["name"])

    async def through(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    inner = Starlette(routes=[Route("/leaf/{name}", leaf)])
    app = Starlette(routes=[Mount("/inner", inner)])
    app.add_middleware(BaseHTTPMiddleware, dispatch=through)
    return app


def _flask(calls: list[str]) -> flask.Flask:
    app = flask.Flask("shop")

    @app.get("/items/<int:number>")
    def item(number: int) -> dict[str, int]:
        calls.append("item")
        bind_context(tenant_id="acme")
        return {"number": number}

    @app.get("/error")
    def error() -> str:
        calls.append("error")
        raise NotServedError("flask")

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(str(each) for each in range(3))

    return app
