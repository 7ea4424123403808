"""The wiring that this package needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ameide_telemetry import bind_context, init_telemetry

if TYPE_CHECKING:
    from ameide_telemetry.bootstrap import Telemetry

__all__ = ["bind_tenant", "wire"]


def wire(app: Any, *, exported_logs: bool) -> Telemetry:
    """Start telemetry and return its handle."""
    return init_telemetry(app=app, logs={"sink": "both" if exported_logs else "stdout"})


def bind_tenant(tenant: str) -> None:
    """Bind it for the request."""
    bind_context(tenant_id=tenant)
