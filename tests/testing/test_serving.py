"""Applications of a topology keep their event loop, and share it with no other one."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from typing import Any

from ameide_telemetry.testing.calls import ask
from ameide_telemetry.testing.serving import serve

_ROUNDS = 200


class _App:
    """An ASGI application that keeps in mind where it ran."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, asyncio.AbstractEventLoop, int]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append((scope["type"], asyncio.get_running_loop(), threading.get_ident()))
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    @property
    def loops(self) -> set[asyncio.AbstractEventLoop]:
        """The event loops of everything: requests, start and end."""
        return {loop for _, loop, _ in self.seen}


class _Unlisted(_App):
    """One that nothing can be looked up by."""

    __hash__ = None  # type: ignore[assignment]


def _served(*apps: _App) -> None:
    """Serve applications together, with two requests to each."""
    servers = [serve(app, app, f"app{number}") for number, app in enumerate(apps)]
    for server in (*servers, *servers):
        assert ask(server.port, "GET", "/").status == 204
    for server in servers:
        server.close()


def test_each_application_has_one_event_loop_for_life() -> None:
    """Start, requests and end run on one loop in one thread, in every topology; another one has its own."""
    a, b = _App(), _App()
    _served(a, b)
    _served(b, a)
    for app in (a, b):
        assert [kind for kind, _, _ in app.seen] == ["lifespan", "http", "http"] * 2
        assert len(app.loops) == len({thread for _, _, thread in app.seen}) == 1
    assert a.loops != b.loops
    assert threading.get_ident() not in {thread for app in (a, b) for _, _, thread in app.seen}


def test_the_loop_ends_with_its_application() -> None:
    """Nothing keeps the application, and without it the loop is closed and its thread is gone."""
    app = _App()
    _served(app)
    (loop,), gone = app.loops, weakref.ref(app)
    del app
    for _ in range(_ROUNDS):
        gc.collect()
        if gone() is None and loop.is_closed():
            break
        time.sleep(0.01)
    assert gone() is None
    assert loop.is_closed()


def test_an_application_that_cannot_be_looked_up_has_a_loop_in_each_topology() -> None:
    """Its start, requests and end run on one loop; the next topology has another one."""
    app = _Unlisted()
    _served(app)
    first = app.loops
    assert len(first) == 1
    app.seen.clear()
    _served(app)
    assert len(app.loops) == 1
    assert app.loops != first
