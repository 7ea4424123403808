"""The dispatcher behind `instrument_app`: tells what it was given, without importing a framework."""

from __future__ import annotations

import inspect
import logging
import reprlib
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.exceptions import ApplicationError
from ameide_telemetry.integrations import asgi, wsgi

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.integrations.server import ServerTelemetry

__all__ = ["check_application", "instrument_app"]

# Class to look for, if its module is imported at all -> our module that knows it.
_FRAMEWORKS: Final = (
    ("starlette.applications", "Starlette", "ameide_telemetry.integrations.fastapi"),
    ("flask", "Flask", "ameide_telemetry.integrations.flask"),
)
_MIDDLEWARE: Final = (asgi.TelemetryMiddleware, wsgi.TelemetryMiddleware)
_ASGI3_PARAMETERS: Final = 3
_WSGI_PARAMETERS: Final = 2
_ASGI2_PARAMETERS: Final = 1
_CONTEXT_LOGGER: Final = "opentelemetry.context"
_DETACH_FAILED: Final = "Failed to detach context"
_ACCEPTED: Final = (
    "FastAPI, Starlette, Flask, an ASGI callable (scope, receive, send) or a WSGI callable"
    " (environ, start_response)"
)
_POSITIONAL: Final = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})


def instrument_app(
    app: Any, telemetry: ServerTelemetry, *, on_undo: Callable[[Callable[[], None]], object] | None = None
) -> Any:
    """Return the object to serve: `app` itself for FastAPI, Starlette and Flask, else a wrapper around it.

    Args:
        app: the application.
        telemetry: what to use. An application that has telemetry already is returned as it is, and uses
            this one from now on.
        on_undo: is given one callable that takes the telemetry off again.

    Raises:
        ApplicationError: `app` is neither an ASGI nor a WSGI application.
    """
    served, undo = _instrument(app, telemetry)
    logging.getLogger(_CONTEXT_LOGGER).addFilter(_not_detached_elsewhere)
    if on_undo is not None:
        on_undo(undo)
        on_undo(lambda: logging.getLogger(_CONTEXT_LOGGER).removeFilter(_not_detached_elsewhere))
    return served


def _not_detached_elsewhere(record: logging.LogRecord) -> bool:
    """Count, instead of logging as an error, that a generator was closed in another context than it ran in.

    When a client leaves a stream, the event loop or the collector closes the generator behind it. A span
    that it held across a `yield` ends all the same; only its context cannot be detached there, nor need be.
    """
    if not (isinstance(record.msg, str) and record.msg.startswith(_DETACH_FAILED)):
        return True
    guard.note("context.detached_elsewhere")
    return False


def check_application(app: Any) -> None:
    """Raise what `instrument_app` would raise for `app`, and change nothing.

    Raises:
        ApplicationError: `app` is neither an ASGI nor a WSGI application.
    """
    if not isinstance(app, _MIDDLEWARE) and _framework(app) is None:
        _wrapped(app)


def _instrument(app: Any, telemetry: ServerTelemetry) -> tuple[Any, Callable[[], None]]:
    if isinstance(app, _MIDDLEWARE):
        return _armed(app, telemetry)
    framework = _framework(app)
    if framework is not None:
        served: tuple[Any, Callable[[], None]] = import_module(framework).instrument_app(app, telemetry)
        return served
    return _armed(_wrapped(app), telemetry)


def _framework(app: Any) -> str | None:
    """Return our module for the framework that `app` is of, if it is of one."""
    for module, name, ours in _FRAMEWORKS:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and isinstance(app, kind):
            return ours
    return None


def _armed(
    middleware: asgi.TelemetryMiddleware | wsgi.TelemetryMiddleware, telemetry: ServerTelemetry
) -> tuple[Any, Callable[[], None]]:
    middleware.telemetry = telemetry

    def undo() -> None:
        middleware.telemetry = None

    return middleware, undo


def _wrapped(app: Any) -> asgi.TelemetryMiddleware | wsgi.TelemetryMiddleware:
    """Tell the protocol by what the callable takes."""
    if not callable(app):
        raise _refused(app)
    count = _parameters(app)
    if _is_coroutine_function(app) or count == _ASGI3_PARAMETERS:
        return asgi.TelemetryMiddleware(app, None)
    if count == _WSGI_PARAMETERS:
        return wsgi.TelemetryMiddleware(app, None)
    if count == _ASGI2_PARAMETERS:
        return asgi.TelemetryMiddleware(_asgi3(app), None)
    raise _refused(app)


def _is_coroutine_function(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or (
        not inspect.isclass(app) and inspect.iscoroutinefunction(type(app).__call__)
    )


def _parameters(app: Any) -> int | None:
    """Return how many arguments the callable needs; None when it does not tell or takes any number."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return None
    return sum(each.kind in _POSITIONAL and each.default is inspect.Parameter.empty for each in parameters)


def _asgi3(app: Callable[[asgi.Scope], Any]) -> asgi.ASGIApplication:
    """Adapt the two calls of ASGI 2 to the one of ASGI 3."""

    async def call(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        await app(scope)(receive, send)

    return call


def _refused(app: object) -> ApplicationError:
    kind = type(app)
    return ApplicationError(
        f"instrument_app was given {kind.__module__}.{kind.__qualname__}: {reprlib.repr(app)};"
        f" accepted is {_ACCEPTED}"
    )
