"""A line as the strictest reader sees it: RFC 8259, UTF-8, bounded, nothing that a terminal obeys."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from ameide_telemetry.contract import names

__all__ = ["BROKEN", "UnfitLineError", "strict"]

MAX_LINE: Final = 16_000
# Control characters (C0, DEL, C1), bidirectional controls, line separators, BOM, noncharacters.
BROKEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_MAX_INT: Final = 2**63
_ALWAYS: Final = {
    "schema_version": names.SCHEMA_VERSION,
    "service": "orders",
    "version": "1.2.3",
    "env": "test",
}
_TIMESTAMP: Final = re.compile(names.TIMESTAMP_PATTERN)


class UnfitLineError(AssertionError):
    """A line that some reader would refuse."""


def strict(line: bytes) -> dict[str, Any]:
    """Parse one line, without its newline, and check everything that the contract says of any line."""
    _check(len(line) < MAX_LINE, f"{len(line)} bytes and a newline", line)
    text = line.decode("utf-8", "strict")
    found = BROKEN.search(text)
    _check(found is None, f"raw {found!r}", line)
    value = json.loads(
        text,
        parse_constant=_refuse,
        parse_int=_integer,
        parse_float=_float,
        object_pairs_hook=_without_doubles,
    )
    _check(isinstance(value, dict), "no object", line)
    # An escaped lone surrogate is legal JSON, and no Unicode text.
    json.dumps(value, ensure_ascii=False).encode("utf-8", "strict")
    for key, expected in _ALWAYS.items():
        _check(value.get(key) == expected, f"{key} is {value.get(key)!r}", line)
    _check(value.get("level") in names.LEVELS, "level", line)
    _check(isinstance(value.get("message"), str), "message", line)
    _check(isinstance(value.get("logger"), str), "logger", line)
    _check(_TIMESTAMP.fullmatch(str(value.get("timestamp"))) is not None, "timestamp", line)
    return value  # type: ignore[no-any-return]


def _check(holds: bool, what: str, line: bytes) -> None:
    if not holds:
        raise UnfitLineError(f"{what}: {line[:2_000]!r}")


def _refuse(constant: str) -> None:
    raise UnfitLineError(f"{constant} is no JSON")


def _integer(text: str) -> int:
    value = int(text)
    if not -_MAX_INT <= value < _MAX_INT:
        raise UnfitLineError(f"{text} does not fit into 64 bits")
    return value


def _float(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise UnfitLineError(f"{text} does not fit into a double")
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise UnfitLineError(f"a key stands twice: {sorted(key for key, _ in pairs)}")
    return value
