"""The nine ways to serve in which nothing may be lost at SIGTERM."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from faults.kit.programs import PATIENT
from services.setups import SETUPS, Setup, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.collector import FakeCollector

__all__ = ["NINE", "variables"]

_UVICORN_WORKER: Final = SETUPS["gunicorn-uvicorn"]
_PRELOADED: Final = dataclasses.replace(
    _UVICORN_WORKER, name="gunicorn-uvicorn-preload", command=(*_UVICORN_WORKER.command, "--preload")
)
_OPT_IN: Final[Mapping[str, str]] = {"AMEIDE_TELEMETRY_HANDLE_SIGTERM": "true"}
NINE: Final[Mapping[Setup, Mapping[str, str]]] = {
    SETUPS["uvicorn"]: {},
    SETUPS["uvicorn-run-name"]: {},
    SETUPS["uvicorn-workers"]: {},
    SETUPS["gunicorn-sync"]: {},
    SETUPS["gunicorn-gthread"]: {},
    SETUPS["gunicorn-preload"]: {},
    _UVICORN_WORKER: {},
    _PRELOADED: {},
    SETUPS["flask-run"]: _OPT_IN,
}
"""Each way with the settings that the documentation asks for."""


def variables(setup: Setup, collector: FakeCollector) -> dict[str, str]:
    """Return the environment of a service under that server, which sends nothing before it ends."""
    return environment(**collector.environment(), **PATIENT, **NINE[setup], AMEIDE_TELEMETRY_LOG_SINK="both")
