"""Applications that answer with what they were asked, with telemetry or (`ECHO_BARE`) without.

`/status-of-telemetry` answers with `telemetry.status()`, where there is telemetry.
"""

from __future__ import annotations

import json
import os
from typing import Any, Final

import flask

from ameide_telemetry import init_telemetry
from faults.kit.hostile_requests import STATUS_PATH

__all__ = ["asgi", "wsgi"]

_MOST: Final = 3000
_METHODS: Final = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "QUERY")
_telemetry: Final = None if os.environ.get("ECHO_BARE") else init_telemetry()
_flask: Final = flask.Flask("echo")


def _status() -> bytes:
    return json.dumps(None if _telemetry is None else _telemetry.status(), default=repr).encode()


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http", scope["type"]
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    said = (scope["method"], scope["path"], scope["query_string"], list(scope["headers"]), size)
    body = _status() if scope["path"] == STATUS_PATH else repr(said).encode()[:_MOST]
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


@_flask.route(STATUS_PATH)
def _status_of_telemetry() -> flask.Response:
    return flask.Response(_status())


@_flask.route("/", defaults={"rest": ""}, methods=_METHODS)
@_flask.route("/<path:rest>", methods=_METHODS)
def _echo(rest: str) -> flask.Response:
    request = flask.request
    headers = sorted((name, value) for name, value in request.headers.items() if name != "Host")
    said = (request.method, rest, request.query_string, headers, len(request.get_data()))
    return flask.Response(repr(said).encode("utf-8", "surrogateescape")[:_MOST], mimetype="text/plain")


asgi: Any = _asgi
wsgi: Any = _flask
if _telemetry is not None:
    asgi = _telemetry.instrument_app(_asgi)
    wsgi = _telemetry.instrument_app(_flask)
