"""A bare ASGI application without lifespan. Telemetry starts in whoever serves it."""

from __future__ import annotations

from typing import Any

from services.apps import provocations
from services.apps.provocations import Marks

__all__ = ["application"]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/ready` and `/async/<name>`; nothing else."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    status, body = 200, "ready"
    kind, _, name = scope["path"].removeprefix("/").partition("/")
    if kind == "async":
        headers = dict(scope["headers"])
        marks = Marks(headers[b"x-token"].decode())
        provocations.bind(headers[b"x-tenant"].decode())
        await provocations.provoke_async(name, marks)
        body = marks.text
    elif kind != "ready":
        status, body = 404, ""
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body.encode()})
