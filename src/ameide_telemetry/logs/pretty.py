"""The same event for a person at a terminal, by structlog's console renderer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ameide_telemetry.context import current_context
from ameide_telemetry.contract import names
from ameide_telemetry.logs.event import level_name
from ameide_telemetry.redaction import RedactionPolicy, Redactor
from ameide_telemetry.values.failure import failure_of
from ameide_telemetry.values.plain import JsonValue, plain

if TYPE_CHECKING:
    from ameide_telemetry.logs.event import Event
    from ameide_telemetry.redaction import Found

__all__ = ["PrettyRenderer"]

# What the renderer puts in a place of its own, or takes for something that it is not.
_OURS: Final = names.RESERVED_LOG_KEYS - {names.LOG_EXTRA} | {"logger_name", "event", "exception", "exc_info"}


class PrettyRenderer:
    """Renders events as coloured text; only ever used when stdout is a terminal.

    Args:
        colors: whether to use terminal colours (https://no-color.org asks to honour `NO_COLOR`).
        redactor: takes out what must not leave the process, as from lines of JSON.
    """

    __slots__ = ("_console", "_redactor")

    def __init__(self, *, colors: bool = True, redactor: Redactor | None = None) -> None:
        from structlog.dev import ConsoleRenderer  # noqa: PLC0415 brings rich along, which production never needs

        self._redactor = redactor or Redactor(RedactionPolicy())
        self._console = ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=0)

    def render(self, event: Event) -> bytes:
        """Return the event as UTF-8 text, newline included."""
        bound = {key: plain(value) for key, value in current_context().items()}
        known = {key: bound.pop(key) for key in names.CONTEXT_LOG_KEYS if key in bound}
        own = {**bound, **_fields(event)}
        # As on a line of JSON: a field of such a name is shown apart.
        taken = {key: own.pop(key) for key in _OURS & own.keys()}
        found: Found = {}
        redact = self._redactor
        fields = {
            redact.name(key, found): redact.field(key, value, found)
            for key, value in {**known, **own}.items()
        }
        values: dict[str, object] = {
            "timestamp": time.strftime("%H:%M:%S", time.localtime(event.created)),
            "level": level_name(event.level),
            "logger": event.logger,
            "event": redact.text(event.message, found),
            **fields,
        }
        if taken:
            # Not the contract's fields: they are searched like all others.
            apart = redact.field(names.LOG_EXTRA, dict(sorted(taken.items())), found)
            values[names.LOG_EXTRA] = {**_mapping(fields.get(names.LOG_EXTRA)), **apart}
        if event.stack:
            values["stack"] = redact.text(event.stack, found)
        if event.exc_info:
            values["exception"] = redact.text(failure_of(event.exc_info).stacktrace, found)
        return f"{self._console(None, '', values)}\n".encode("utf-8", "backslashreplace")


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return {} if value is None else value if isinstance(value, dict) else {names.LOG_EXTRA: value}


def _fields(event: Event) -> dict[str, JsonValue]:
    fields = plain(dict(event.fields)) if event.fields else {}
    if not isinstance(fields, dict):
        return {}
    return {key: value for key, value in fields.items() if not key.startswith("_")}
