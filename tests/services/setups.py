"""The ways to serve that the library supports, as their operators start them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from support.servers import service_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SETUPS", "Setup", "environment"]

_API: Final = "services.apps.api:app"
_SHOP: Final = "services.apps.shop:app"
_UVICORN: Final = ("uvicorn", _API, "--port", "{port}")
# What `ameide-telemetry uvicorn-log-config` prints.
_LOG_CONFIG: Final = str(files("ameide_telemetry.logs").joinpath("uvicorn.json"))
# gunicorn's control socket is one per user, whoever runs how many servers.
_GUNICORN: Final = ("gunicorn", "--bind", "127.0.0.1:{port}", "--access-logfile", "-", "--no-control-socket")
_LOGGER: Final = ("--logger-class", "ameide_telemetry.integrations.gunicorn.Logger")


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to serve one application.

    Attributes:
        name: for reports.
        command: what follows `python -m`.
        app: `api` (FastAPI), `shop` (Flask) or `bare` (ASGI without framework and lifespan).
        traceback: whether the server, or Flask, logs the exception behind a 500.
    """

    name: str
    command: tuple[str, ...]
    app: str
    traceback: bool = True

    @property
    def argv(self) -> tuple[str, ...]:
        """The whole command."""
        return (sys.executable, "-m", *self.command)

    def __str__(self) -> str:
        return self.name


_ALL: Final = (
    Setup("uvicorn", _UVICORN, "api"),
    Setup("uvicorn-h11-asyncio", (*_UVICORN, "--http", "h11", "--loop", "asyncio"), "api"),
    Setup("uvicorn-workers", (*_UVICORN, "--workers", "2", "--log-config", _LOG_CONFIG), "api"),
    Setup("uvicorn-run-object", ("services.apps.serve_object",), "bare"),
    Setup("uvicorn-run-name", ("services.apps.serve_name",), "api"),
    Setup("gunicorn-sync", (*_GUNICORN, *_LOGGER, _SHOP), "shop"),
    Setup("gunicorn-gthread", (*_GUNICORN, *_LOGGER, "--workers", "2", "--threads", "4", _SHOP), "shop"),
    Setup("gunicorn-preload", (*_GUNICORN, *_LOGGER, "--preload", "--workers", "2", _SHOP), "shop"),
    Setup("gunicorn-config", (*_GUNICORN, "-c", "python:ameide_telemetry.integrations.gunicorn", _SHOP), "shop"),
    Setup("gunicorn-uvicorn", (*_GUNICORN, *_LOGGER, "-k", "uvicorn_worker.UvicornWorker", _API), "api"),
    # Its own ASGI worker drops an exception that comes after a complete response, as Starlette's do.
    Setup("gunicorn-asgi", (*_GUNICORN, *_LOGGER, "-k", "asgi", _API), "api", traceback=False),
    Setup("flask-run", ("flask", "--app", "services.apps.shop", "run", "--port", "{port}"), "shop"),
    Setup("hypercorn", ("hypercorn", _API, "--bind", "127.0.0.1:{port}", "--access-logfile", "-"), "api"),
)
SETUPS: Final[Mapping[str, Setup]] = {setup.name: setup for setup in _ALL}


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a service called `orders` whose `/ready` is not worth a line."""
    own = {"OTEL_SERVICE_NAME": "orders", "AMEIDE_TELEMETRY_EXCLUDED_PATHS": "/ready"}
    return service_environment(**own, **variables)
