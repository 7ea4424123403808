"""Telemetry for the programs beside: the parts wired by hand as their documentation shows, or ours.

`WIRING` in the environment says which. Everything else - endpoint, protocol, intervals - comes from the
standard `OTEL_*` variables, which both read.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any, Final

__all__ = ["bind_tenant", "resident_kib", "say", "wire"]

# Only one of them is loaded: what the other brings along must not be in the memory that is measured.
_MODULES: Final = {"hand": "faults.baseline.by_hand", "ours": "faults.baseline.by_ours"}


def wire(app: Any = None, *, exported_logs: bool = True) -> Any:
    """Start telemetry, put it around an application if there is one, and return the handle of ours.

    Args:
        app: a FastAPI or Flask application.
        exported_logs: whether log records leave over OTLP too.
    """
    return _wiring().wire(app, exported_logs=exported_logs)


def bind_tenant(tenant: str) -> None:
    """Have the lines of this request name its tenant."""
    _wiring().bind_tenant(tenant)


def say(result: object) -> None:
    """Write what was found where whoever started this program will look."""
    Path(os.environ["BASELINE_RESULT"]).write_text(json.dumps(result), encoding="utf-8")


def resident_kib() -> int:
    """Return the memory of this process that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def _wiring() -> Any:
    return import_module(_MODULES[os.environ["WIRING"]])
