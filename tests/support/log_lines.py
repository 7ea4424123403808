"""Log lines as services write them, good ones and bad ones."""

from __future__ import annotations

import json
from typing import Final

__all__ = ["BAD", "BASE", "GOOD", "line"]

BASE: Final[dict[str, object]] = {
    "timestamp": "2026-01-31T12:34:56.789012Z",
    "level": "info",
    "message": "order placed",
    "logger": "orders.checkout",
    "service": "orders",
    "version": "1.4.2",
    "env": "production",
    "schema_version": "1.0",
}


def line(**fields: object) -> str:
    """Return a good line with these fields too."""
    return json.dumps({**BASE, **fields}, separators=(",", ":"))


GOOD: Final = "".join(f"{line(order_id=number)}\n" for number in range(10))
"""Ten good lines."""

_BAD_LINES: Final = {2: "Traceback:", 4: line(level="INFO"), 5: line(level="INFO"), 6: line(traceId="x")}
BAD: Final = "".join(f"{_BAD_LINES.get(number, line(order_id=number))}\n" for number in range(10))
"""Ten lines: the third is not JSON, the fifth and sixth have a wrong level, the seventh a misspelt key."""
