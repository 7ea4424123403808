"""Telemetry for Flask applications, in place: `app.wsgi_app` passes through the middleware."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import flask

from ameide_telemetry import guard
from ameide_telemetry.integrations.exchange import Exchange
from ameide_telemetry.integrations.wsgi import COMPLETE, MARK, TelemetryMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.integrations.server import ServerTelemetry

__all__ = ["instrument_app"]

_EXTENSION: Final = "ameide_telemetry"
_ERROR: Final = guard.site("flask.error")
_logger = logging.getLogger("ameide_telemetry")


def instrument_app(app: flask.Flask, telemetry: ServerTelemetry) -> tuple[flask.Flask, Callable[[], None]]:
    """Add telemetry to `app` in place.

    Middleware that is put around `app.wsgi_app` later, such as `ProxyFix`, stays outside of it.

    Args:
        app: the application.
        telemetry: what to use. On an application that has telemetry already, it replaces the former.

    Returns:
        The same object, and a callable that takes the telemetry off again.
    """
    middleware = app.extensions.get(_EXTENSION)
    if not isinstance(middleware, TelemetryMiddleware):
        _report_contrib(app)
        middleware = TelemetryMiddleware(app.wsgi_app, None)
        app.extensions[_EXTENSION] = middleware
        app.wsgi_app = middleware  # type: ignore[method-assign]  # as Flask documents it
        flask.got_request_exception.connect(_remember_error, app)
        flask.request_finished.connect(_tell_complete, app)
    middleware.telemetry = telemetry
    return app, lambda: _undo(app, middleware)


def _undo(app: flask.Flask, middleware: TelemetryMiddleware) -> None:
    """Take the middleware out, or leave it in and silent where somebody wrapped it."""
    middleware.telemetry = None
    current: object = app.wsgi_app
    if current is middleware:
        app.wsgi_app = middleware.app  # type: ignore[assignment,method-assign]
        app.extensions.pop(_EXTENSION, None)
        flask.got_request_exception.disconnect(_remember_error, app)
        flask.request_finished.disconnect(_tell_complete, app)


def _remember_error(_: flask.Flask, exception: BaseException, **__: Any) -> None:
    """Keep the exception that Flask turns into a 500: it never leaves the application."""
    with _ERROR:
        exchange = flask.request.environ.get(MARK)
        if isinstance(exchange, Exchange):
            exchange.fail(exception)


def _tell_complete(_: flask.Flask, response: flask.Response, **__: Any) -> None:
    """Say that the whole body is there: nothing is left to wait for.

    Flask's test client does not close a response that nobody reads, and a server may hold one for long.
    """
    with _ERROR:
        if not response.is_streamed and not response.direct_passthrough:
            flask.request.environ[COMPLETE] = True


def _report_contrib(app: flask.Flask) -> None:
    """Say that a second server instrumentation is on the application: there will be two SERVER spans."""
    if getattr(app, "_is_instrumented_by_opentelemetry", False):
        _logger.warning(
            "the application is instrumented by opentelemetry-instrumentation-flask too: expect two server"
            " spans per request; remove FlaskInstrumentor"
        )
