"""Where the figures were measured: versions and the kind of machine, nothing that names one."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Final

__all__ = ["machine", "versions"]

_DISTRIBUTIONS: Final = (
    "ameide-telemetry",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation-fastapi",
    "grpcio",
    "requests",
    "urllib3",
    "fastapi",
    "starlette",
    "flask",
    "uvicorn",
    "uvicorn-worker",
    "gunicorn",
    "structlog",
    "python-json-logger",
    "hypothesis",
    "logfire",
    "sentry-sdk",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of everything that takes part."""
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine() -> dict[str, str]:
    """Return what decides how fast it is: processors, memory, system, and what else was running."""
    return {
        "processors": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {_release()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _release() -> str:
    """Return the version of the system's kernel without the builder's own suffix."""
    return platform.release().partition("-")[0]
