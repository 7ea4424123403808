"""The settings as `status()` and the command line show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.redactor import redactor_of

if TYPE_CHECKING:
    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["shown_settings"]

# Whatever a deployment says of itself; the settings know which of their own values are secret.
_FREE: Final = "resource_attributes"


def shown_settings(settings: TelemetrySettings) -> dict[str, dict[str, object]]:
    """Return value and origin of every setting; attributes of the resource are redacted as where they go."""
    status = settings.as_status()
    if _FREE in status:
        entry = status[_FREE]
        status[_FREE] = {**entry, "value": redactor_of(settings).field(_FREE, entry["value"], {})}
    return status
