"""Telemetry for FastAPI and Starlette applications, in place and outermost.

The application object changes its class to a subclass made for it, whose `__call__` passes through the
middleware. So whoever holds the object (uvicorn's import string, a test client) gets telemetry, and the
middleware is outside of `ServerErrorMiddleware` and of FastAPI's own telemetry, where `add_middleware`
cannot reach. `isinstance` and `repr` do not change.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ameide_telemetry.integrations.asgi import TelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette

    from ameide_telemetry.integrations.asgi import Receive, Scope, Send
    from ameide_telemetry.integrations.server import ServerTelemetry

__all__ = ["instrument_app"]

App = TypeVar("App", bound="Starlette")

_MIDDLEWARE: Final = "__telemetry_middleware__"
_CONTRIB: Final = "opentelemetry.instrumentation"
_logger = logging.getLogger("ameide_telemetry")


def instrument_app(app: App, telemetry: ServerTelemetry) -> tuple[App, Callable[[], None]]:
    """Add telemetry to `app` in place.

    Args:
        app: a FastAPI or Starlette application, before or after its first request.
        telemetry: what to use. On an application that has telemetry already, it replaces the former.

    Returns:
        The same object, and a callable that takes the telemetry off again.
    """
    middleware = getattr(type(app), _MIDDLEWARE, None)
    if middleware is None:
        _report_contrib(app)
        middleware = _subclass(app)
    middleware.telemetry = telemetry

    def undo() -> None:
        middleware.telemetry = None
        if getattr(type(app), _MIDDLEWARE, None) is middleware:
            app.__class__ = type(app).__base__  # type: ignore[assignment]

    return app, undo


def _subclass(app: Starlette) -> TelemetryMiddleware:
    original = type(app)
    middleware = TelemetryMiddleware(original.__call__.__get__(app), None)

    # A coroutine function: uvicorn tells ASGI 3 from ASGI 2 by that.
    async def call(_: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
        await middleware(scope, receive, send)

    members: dict[str, Any] = {
        "__call__": call,
        "__doc__": original.__doc__,
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        _MIDDLEWARE: middleware,
    }
    app.__class__ = type(original.__name__, (original,), members)
    return middleware


def _report_contrib(app: Starlette) -> None:
    """Say that a second server instrumentation is on the application: there will be two SERVER spans."""
    added = [getattr(each.cls, "__module__", "") for each in app.user_middleware]
    if getattr(app, "_is_instrumented_by_opentelemetry", False) or any(
        module.startswith(_CONTRIB) for module in added
    ):
        _logger.warning(
            "the application is instrumented by opentelemetry-instrumentation too: expect two server spans"
            " per request; remove FastAPIInstrumentor, StarletteInstrumentor or OpenTelemetryMiddleware"
        )
