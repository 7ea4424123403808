"""Lines that belong to a request say which one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ameide_telemetry.contract import names
from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ameide_telemetry.logcheck.rules import Rules

__all__ = ["without_context"]


def without_context(record: Mapping[str, Any], rules: Rules) -> Iterator[Finding]:
    """Yield the keys that a line of a request lacks; other lines need none of them."""
    on_access = record.get(names.LOG_LOGGER) == names.ACCESS_LOGGER
    if on_access or (rules.in_trace and names.LOG_TRACE_ID in record):
        line = "an access line" if on_access else "a line in a trace"
        for key in rules.required_in_request:
            if key not in record:
                hint = f"bind `{key}` where the request comes in"
                yield Finding("TEL514", f"is missing on {line}", key, hint)
