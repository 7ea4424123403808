"""Two services, FastAPI and Flask, whose requests fail with one exception that they share.

Each keeps it in its module, as a pool does whose connection broke, and writes nothing itself.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from flask import Flask

from ameide_telemetry import bind_context, init_telemetry

__all__ = ["api", "shop"]

_SHARED: Final = ConnectionError("the pool is exhausted")
api = FastAPI()
shop = Flask(__name__)
shop.config["PROPAGATE_EXCEPTIONS"] = True


@api.get("/ready")
async def ready() -> str:
    """Answer."""
    return "ready"


@api.get("/shared/{tenant}")
async def shared(tenant: str) -> None:
    """Fail."""
    bind_context(tenant_id=tenant)
    raise _SHARED


@shop.get("/ready")
def shop_ready() -> str:
    """Answer."""
    return "ready"


@shop.get("/shared/<tenant>")
def shop_shared(tenant: str) -> str:
    """Fail."""
    bind_context(tenant_id=tenant)
    raise _SHARED


_telemetry = init_telemetry("shop")
_telemetry.instrument_app(api)
_telemetry.instrument_app(shop)
