"""Applications that answer with what they were asked, with telemetry or (`ECHO_BARE`) without.

They refuse the lifespan, as an application does that knows nothing of it.
"""

from __future__ import annotations

import os
from typing import Any, Final

from ameide_telemetry import init_telemetry

__all__ = ["asgi", "wsgi"]

_LEFT_OUT: Final = frozenset({"REMOTE_PORT", "SERVER_PORT", "HTTP_HOST"})
_MOST: Final = 3000


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _talk(scope, receive, send)
        return
    assert scope["type"] == "http", scope["type"]
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    said = (scope["method"], scope["path"], scope["query_string"], list(scope["headers"]), size)
    body = repr(said).encode()[:_MOST]
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _talk(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    if scope["path"] == "/refused":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.accept", "headers": [(b"x-said", b"accepted")]})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "asked to"})
            return
        await send({"type": "websocket.send", "text": repr(message.get("text"))})


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    size = len(environ["wsgi.input"].read())
    given = sorted(
        (name, value)
        for name, value in environ.items()
        if name.isupper() and isinstance(value, str) and name not in _LEFT_OUT
    )
    body = repr((given, size)).encode()[:_MOST]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


asgi: Any = _asgi
wsgi: Any = _wsgi
if not os.environ.get("ECHO_BARE"):
    _telemetry = init_telemetry()
    asgi = _telemetry.instrument_app(_asgi)
    wsgi = _telemetry.instrument_app(_wsgi)
