"""The same event for a person at a terminal, by structlog's console renderer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ameide_telemetry.context import current_context
from ameide_telemetry.logs.failure import failure_of
from ameide_telemetry.logs.line import level_name
from ameide_telemetry.logs.sanitise import plain

if TYPE_CHECKING:
    from ameide_telemetry.logs.line import Event

__all__ = ["PrettyRenderer"]


class PrettyRenderer:
    """Renders events as coloured text; only ever used when stdout is a terminal.

    Args:
        colors: whether to use terminal colours (https://no-color.org asks to honour `NO_COLOR`).
    """

    __slots__ = ("_console",)

    def __init__(self, *, colors: bool = True) -> None:
        from structlog.dev import ConsoleRenderer  # noqa: PLC0415 brings rich along, which production never needs

        self._console = ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=0)

    def render(self, event: Event) -> bytes:
        """Return the event as UTF-8 text, newline included."""
        values: dict[str, object] = {
            "timestamp": time.strftime("%H:%M:%S", time.localtime(event.created)),
            "level": level_name(event.level),
            "logger": event.logger,
            "event": event.message,
            **current_context(),
            **{
                str(key): plain(value)
                for key, value in (event.fields or {}).items()
                if not str(key).startswith("_")
            },
        }
        if event.stack:
            values["stack"] = event.stack
        if event.exc_info:
            values["exception"] = failure_of(event.exc_info).stacktrace
        return f"{self._console(None, '', values)}\n".encode("utf-8", "backslashreplace")
