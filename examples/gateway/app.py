"""Orders come in here: the caller is identified, then the backend reserves the goods."""

from __future__ import annotations

import os
from typing import Annotated

import httpx2
from fastapi import Depends, FastAPI, Header, HTTPException, Response

from ameide_telemetry import bind_context, get_logger, init_telemetry

TENANT_BY_KEY = {f"{tenant}-demo-key": tenant for tenant in ("acme", "globex", "initech")}
telemetry = init_telemetry("gateway", version="1.0.0")
log = get_logger("gateway.orders")
backend = httpx2.AsyncClient(base_url=os.environ.get("BACKEND_URL", "http://127.0.0.1:8001"))
app = FastAPI()
telemetry.instrument_app(app)


def identify(x_api_key: Annotated[str, Header()] = "") -> None:
    if x_api_key not in TENANT_BY_KEY:
        raise HTTPException(401, "unknown API key")
    bind_context(tenant_id=TENANT_BY_KEY[x_api_key])  # in every line and span of the request from here on


@app.post("/orders/{sku}", dependencies=[Depends(identify)])
async def place_order(sku: str) -> Response:
    log.info("order received", sku=sku)
    reply = await backend.post("/reservations", json={"sku": sku})
    return Response(reply.content, reply.status_code, media_type=reply.headers["content-type"])
