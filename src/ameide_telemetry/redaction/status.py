"""The settings as `status()` and the command line show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.redactor import redactor_of

if TYPE_CHECKING:
    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["shown_settings"]

# Whatever a deployment says of itself; the settings know which of their own values are secret.
_FREE: Final = "resource_attributes"
# They leave the process under no other name either.
_NEVER: Final = frozenset({"process.command", "process.command_args", "process.command_line"})


def shown_settings(settings: TelemetrySettings) -> dict[str, dict[str, object]]:
    """Return value and origin of every setting; attributes of the resource are redacted as where they go."""
    status = settings.as_status()
    if _FREE in status:
        entry = status[_FREE]
        shown = redactor_of(settings).field(_FREE, entry["value"], {})
        if isinstance(shown, dict):
            shown = {name: value for name, value in shown.items() if name not in _NEVER}
        status[_FREE] = {**entry, "value": shown}
    return status
