"""A FastAPI service; telemetry starts while this module is imported."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Header, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel

from ameide_telemetry import init_telemetry
from services.apps import provocations
from services.apps.provocations import Marks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["app"]

log = logging.getLogger("orders.api")
app = FastAPI()


class Order(BaseModel):
    """What may be ordered."""

    item: str
    count: int


def marks_of(x_token: Annotated[str, Header()], x_tenant: Annotated[str | None, Header()] = None) -> Marks:
    """Bind the tenant in a dependency that runs in a worker thread."""
    provocations.bind(x_tenant)
    return Marks(x_token)


Given = Annotated[Marks, Depends(marks_of)]


@app.get("/ready")
async def ready() -> str:
    """Answer."""
    return "ready"


@app.get("/async/{name}", response_class=PlainTextResponse)
async def provoke_async(name: str, marks: Given) -> str:
    """Run a provocation on the event loop."""
    await provocations.provoke_async(name, marks)
    return marks.text


@app.get("/sync/{name}", response_class=PlainTextResponse)
def provoke(name: str, marks: Given) -> str:
    """Run a provocation in the thread pool."""
    provocations.provoke(name, marks)
    return marks.text


@app.post("/orders", response_class=PlainTextResponse)
async def order(order: Order, marks: Given) -> str:
    """Take a valid order only."""
    log.info("%s %s", marks("order"), order.item)
    return marks.text


@app.get("/background", response_class=PlainTextResponse)
async def background(marks: Given, tasks: BackgroundTasks) -> str:
    """Work on after the response."""
    tasks.add_task(log.info, marks("background_sync"))
    tasks.add_task(provocations.early_structlog.ainfo, marks("background_async"))
    return marks.text


@app.get("/stream")
async def stream(marks: Given) -> StreamingResponse:
    """Answer in pieces, with a line for each."""

    async def pieces() -> AsyncIterator[str]:
        for number in range(3):
            log.info(marks(f"piece_{number}"))
            yield f"piece_{number} "

    return StreamingResponse(pieces())


@app.websocket("/socket")
async def socket(websocket: WebSocket, marks: Given) -> None:
    """Echo one text."""
    await websocket.accept()
    await websocket.receive_text()
    log.info(marks("socket"))
    await websocket.send_text(marks.text)
    await websocket.close()


if not os.environ.get("WITHOUT_TELEMETRY"):
    init_telemetry(app=app)
