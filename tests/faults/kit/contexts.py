"""A FastAPI service that binds its tenant in every place where services do, below a `BaseHTTPMiddleware`.

Each place writes a line `[token:place]`, which must bear the ids of the request with that token.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import BackgroundTasks, Depends, FastAPI, Header, Request, WebSocket
from fastapi.responses import StreamingResponse
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from ameide_telemetry import bind_context, init_telemetry
from ameide_telemetry.integrations.threads import ContextThreadPoolExecutor, carry_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

__all__ = ["app"]

_log = logging.getLogger("shop.contexts")
_tracer = trace.get_tracer("shop")
_pool: Final = ContextThreadPoolExecutor(2)
app = FastAPI()


class _Counter(SpanProcessor):
    """Counts spans by name."""

    def __init__(self) -> None:
        self.open = 0
        self.ended = 0

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.open += span.name == "held"

    def on_end(self, span: Any) -> None:
        if span.name == "held":
            self.open -= 1
            self.ended += 1


_counter = _Counter()


def _here(place: str, request: Request) -> None:
    """Bind the tenant if this is the place that the request names, and write a line."""
    if request.path_params.get("place") == place:
        bind_context(tenant_id=request.headers["x-tenant"])
    _log.info("[%s:%s]", request.headers["x-token"], place)


def _sync_dependency(request: Request) -> None:
    _here("sync_dependency", request)


async def _async_dependency(request: Request) -> None:
    _here("async_dependency", request)


@app.middleware("http")
async def _through(request: Request, call_next: Callable[[Request], Awaitable[Any]]) -> Any:
    return await call_next(request)


@app.get("/bind/{place}", dependencies=[Depends(_sync_dependency), Depends(_async_dependency)])
async def bind(request: Request, place: str, tasks: BackgroundTasks) -> str:
    """Run through every place."""
    _here("endpoint", request)
    await asyncio.get_running_loop().run_in_executor(_pool, _here, "executor", request)
    thread = threading.Thread(target=carry_context(_here), args=("thread", request))
    thread.start()
    await asyncio.to_thread(thread.join)
    await asyncio.create_task(_async_here("task", request))
    tasks.add_task(_here, "background", request)
    return place


async def _async_here(place: str, request: Request) -> None:
    _here(place, request)


@app.get("/stream")
async def stream(x_token: Annotated[str, Header()], x_tenant: Annotated[str, Header()]) -> StreamingResponse:
    """Answer without end, with a span held across each piece."""
    bind_context(tenant_id=x_tenant)

    async def pieces() -> AsyncIterator[str]:
        with _tracer.start_as_current_span("held"):
            while True:
                _log.info("[%s:piece]", x_token)
                yield "piece "
                await asyncio.sleep(0.005)

    return StreamingResponse(pieces())


@app.get("/sync_stream")
def sync_stream(x_token: Annotated[str, Header()], x_tenant: Annotated[str, Header()]) -> StreamingResponse:
    """Answer in pieces, each made in a worker thread."""
    bind_context(tenant_id=x_tenant)

    def pieces() -> Iterator[str]:
        for _ in range(3):
            _log.info("[%s:piece]", x_token)
            yield "piece "

    return StreamingResponse(pieces())


@app.websocket("/ws")
async def ws(
    socket: WebSocket, x_token: Annotated[str, Header()], x_tenant: Annotated[str, Header()]
) -> None:
    """Say back one text."""
    bind_context(tenant_id=x_tenant)
    await socket.accept()
    _log.info("[%s:socket]", x_token)
    await socket.send_text(await socket.receive_text())
    await socket.close()


@app.get("/held")
def held() -> dict[str, int]:
    """Tell how many spans of streams are open, and how many have ended."""
    # A generator that was left while it was sending ends when it is collected.
    gc.collect()
    return {"open": _counter.open, "ended": _counter.ended}


@app.get("/ready")
def ready() -> str:
    """Answer."""
    return "ready"


init_telemetry(app=app)
_provider = trace.get_tracer_provider()
assert isinstance(_provider, TracerProvider)
_provider.add_span_processor(_counter)
