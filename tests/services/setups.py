"""The ways to serve that the library supports, as their operators start them."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from support.servers import service_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LOG_CONFIG", "SETUPS", "STATUS", "Setup", "environment"]

_API: Final = "services.apps.api:app"
_SHOP: Final = "services.apps.shop:app"
_UVICORN: Final = ("uvicorn", _API, "--port", "{port}")
# What `ameide-telemetry uvicorn-log-config` prints.
LOG_CONFIG: Final = str(files("ameide_telemetry.logs").joinpath("uvicorn.json"))
# gunicorn's control socket is one per user, whoever runs how many servers.
_GUNICORN: Final = ("gunicorn", "--bind", "127.0.0.1:{port}", "--access-logfile", "-", "--no-control-socket")
_ROOM: Final = "ameide_telemetry.integrations.gunicorn"
_LOGGER: Final = ("--logger-class", f"{_ROOM}.Logger")


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to serve one application.

    Attributes:
        name: for reports.
        app: `api` (FastAPI), `shop` (Flask) or `bare` (ASGI without framework and lifespan).
        command: what follows `python -m`.
        setting: the one setting that the documentation asks of whoever has a parent process.
        traceback: whether the server, or Flask, logs the exception behind a 500.
    """

    name: str
    app: str
    command: tuple[str, ...]
    setting: tuple[str, ...] = ()
    traceback: bool = True

    @property
    def argv(self) -> tuple[str, ...]:
        """The whole command."""
        return (*self.argv_without, *self.setting)

    @property
    def argv_without(self) -> tuple[str, ...]:
        """The command of somebody who has no telemetry."""
        return (sys.executable, "-m", *self.command)

    def __str__(self) -> str:
        return self.name


_ALL: Final = (
    Setup("uvicorn", "api", _UVICORN),
    Setup("uvicorn-h11-asyncio", "api", (*_UVICORN, "--http", "h11", "--loop", "asyncio")),
    Setup("uvicorn-workers", "api", (*_UVICORN, "--workers", "2"), ("--log-config", LOG_CONFIG)),
    Setup("uvicorn-run-object", "bare", ("services.apps.serve_object",)),
    Setup("uvicorn-run-name", "api", ("services.apps.serve_name",)),
    Setup("gunicorn-sync", "shop", (*_GUNICORN, _SHOP), _LOGGER),
    Setup("gunicorn-gthread", "shop", (*_GUNICORN, "--workers", "2", "--threads", "4", _SHOP), _LOGGER),
    Setup("gunicorn-preload", "shop", (*_GUNICORN, "--workers", "2", "--preload", _SHOP), _LOGGER),
    Setup("gunicorn-config", "shop", (*_GUNICORN, _SHOP), ("-c", f"python:{_ROOM}")),
    Setup("gunicorn-uvicorn", "api", (*_GUNICORN, "-k", "uvicorn_worker.UvicornWorker", _API), _LOGGER),
    # Its own ASGI worker drops an exception that comes after a complete response, as Starlette's do.
    Setup("gunicorn-asgi", "api", (*_GUNICORN, "-k", "asgi", _API), _LOGGER, traceback=False),
    Setup("flask-run", "shop", ("flask", "--app", "services.apps.shop", "run", "--port", "{port}")),
    Setup("hypercorn", "api", ("hypercorn", _API, "--bind", "127.0.0.1:{port}", "--access-logfile", "-")),
)
# How SIGTERM ends them: uvicorn raises it again when it is done, werkzeug's server knows nothing of it.
STATUS: Final[Mapping[str, int]] = {
    **dict.fromkeys((setup.name for setup in _ALL), 0),
    **dict.fromkeys(("uvicorn", "uvicorn-h11-asyncio"), -signal.SIGTERM),
    **dict.fromkeys(("uvicorn-run-object", "uvicorn-run-name"), -signal.SIGTERM),
    "flask-run": -signal.SIGTERM,
}
SETUPS: Final[Mapping[str, Setup]] = {setup.name: setup for setup in _ALL}


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a service called `orders` whose `/ready` is not worth a line."""
    own = {"OTEL_SERVICE_NAME": "orders", "AMEIDE_TELEMETRY_EXCLUDED_PATHS": "/ready"}
    return service_environment(**own, **variables)
