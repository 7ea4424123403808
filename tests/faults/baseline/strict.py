"""What a reader of lines insists on: one strict JSON object in valid UTF-8 that no runtime splits."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["fault_of"]

# Container runtimes cut what is longer than 16 KiB.
_LONGEST: Final = 16_000


def fault_of(line: bytes) -> str:
    """Return what is wrong with a line, without its newline; empty when nothing is."""
    if len(line) >= _LONGEST:
        return f"{len(line)} bytes"
    try:
        record = json.loads(line.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)
        json.dumps(record, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        return f"no strict JSON: {error}"
    return "" if isinstance(record, dict) else "no object"


def _refuse(constant: str) -> None:
    # Python's own parser takes NaN, Infinity, repeated names and lone surrogates; others refuse the line.
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found
