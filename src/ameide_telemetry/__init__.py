"""One call that gives a Python service correlated JSON logs, traces and metrics.

    from ameide_telemetry import init_telemetry

    telemetry = init_telemetry("orders")
    app = telemetry.instrument_app(app)

The names below are resolved when they are first used, so that importing this package costs next to nothing
and tools that only need a part of it never load the OpenTelemetry SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ameide_telemetry.bootstrap import Telemetry, init_telemetry
    from ameide_telemetry.context import bind_context, bound_context, clear_context, current_context
    from ameide_telemetry.exceptions import TelemetryError
    from ameide_telemetry.logs.structured import get_logger
    from ameide_telemetry.settings import TelemetrySettings

__all__ = [
    "Telemetry",
    "TelemetryError",
    "TelemetrySettings",
    "bind_context",
    "bound_context",
    "clear_context",
    "current_context",
    "get_logger",
    "init_telemetry",
]

_HOMES: Final = {
    "Telemetry": "bootstrap",
    "TelemetryError": "exceptions",
    "TelemetrySettings": "settings",
    "bind_context": "context",
    "bound_context": "context",
    "clear_context": "context",
    "current_context": "context",
    "get_logger": "logs.structured",
    "init_telemetry": "bootstrap",
}
_WITHOUT_OPENTELEMETRY: Final = ("exceptions", "settings")


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home not in _WITHOUT_OPENTELEMETRY:
        import_module(f"{__name__}.upstream").prepare()
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
