"""Any Python value -> a value that JSON can hold, within a budget and without ever raising.

Scalars pass as they are. Containers are walked with limits on depth, nodes and text length, so that a
cycle, a million items or a fifty-megabyte string cost little and cannot hurt the line. Everything else
is turned into text by python-json-logger's own rules for dates, enums, dataclasses, exceptions and types.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pythonjsonlogger.json import JsonEncoder

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_TEXT", "JsonValue", "key_text", "plain", "text_of"]

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

MAX_TEXT: Final = 16_000
_MAX_DEPTH: Final = 8
_MAX_NODES: Final = 1_000
_MAX_INT: Final = 2**63
# str() of an int refuses more than 4,300 digits, CPython's guard against quadratic time.
_MAX_BITS: Final = 10_000
_ENCODER: Final = JsonEncoder()
_SITE: Final = guard.site("logs.value", foreign=True)
_SEQUENCES: Final = (list, tuple, AbstractSet)


@dataclass(slots=True)
class _Budget:
    """What is left for one value of one line."""

    nodes: int = _MAX_NODES
    path: list[int] = field(default_factory=list)


def plain(value: object) -> JsonValue:
    """Return `value` as something `json.dumps(allow_nan=False)` accepts.

    NaN and infinities become the texts `NaN`, `Infinity`, `-Infinity`, and integers beyond 64 bits
    become decimal text, because RFC 8259 parsers differ on both. What is left out is marked in place.
    """
    return _walk(value, _Budget(), 0)


def key_text(key: object) -> str:
    """Return a mapping key as text of at most 256 characters."""
    return key[:256] if isinstance(key, str) else text_of(key)[:256]


def text_of(value: object) -> str:
    """Return `str(value)`, or a marker with the type's name where that raises or is no text."""
    text: object = None
    with _SITE:
        text = str(value)
    return text if type(text) is str else f"<unprintable {type(value).__name__}>"


def _walk(value: object, budget: _Budget, depth: int) -> JsonValue:
    budget.nodes -= 1
    if budget.nodes < 0:
        return "<more left out>"
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        return scalar(value)
    if isinstance(value, (Mapping, *_SEQUENCES)):
        return _container(value, budget, depth)
    return _leaf(value, budget, depth)


def _container(value: object, budget: _Budget, depth: int) -> JsonValue:
    if depth >= _MAX_DEPTH:
        return "<too deep>"
    if id(value) in budget.path:
        return "<cycle>"
    budget.path.append(id(value))
    result: JsonValue = f"<unreadable {type(value).__name__}>"
    with _SITE:
        result = (
            _mapping(value, budget, depth) if isinstance(value, Mapping) else _items(value, budget, depth)
        )
    budget.path.pop()
    return result


def _mapping(value: Mapping[object, object], budget: _Budget, depth: int) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    for key, item in value.items():
        if budget.nodes <= 0:
            result["<more left out>"] = True
            break
        result[key_text(key)] = _walk(item, budget, depth + 1)
    return result


def _items(value: object, budget: _Budget, depth: int) -> list[JsonValue]:
    result: list[JsonValue] = []
    for item in value:  # type: ignore[attr-defined]
        result.append(_walk(item, budget, depth + 1))
        if budget.nodes < 0:
            break
    return result


def _leaf(value: object, budget: _Budget, depth: int) -> JsonValue:
    if isinstance(value, str):
        return _text(str.__str__(value))
    if isinstance(value, (bytes, bytearray)):
        return _text(bytes(value[:MAX_TEXT]).decode("utf-8", "backslashreplace"))
    encoded: object = value
    with _SITE:
        encoded = _ENCODER.default(value)
    if encoded is value or depth >= _MAX_DEPTH:
        return _text(text_of(value))
    return _walk(encoded, budget, depth + 1)


def _text(value: str) -> str:
    return (
        value
        if len(value) <= MAX_TEXT
        else f"{value[:MAX_TEXT]}<{len(value) - MAX_TEXT} characters left out>"
    )


def _integer(value: int) -> JsonValue:
    if -_MAX_INT <= value < _MAX_INT:
        return value
    return str(value) if value.bit_length() < _MAX_BITS else f"<integer of {value.bit_length()} bits>"


def _float(value: float) -> JsonValue:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _same(value: JsonValue) -> JsonValue:
    return value


# By exact type: a subclass may override anything, and is a leaf.
_SCALARS: Final[dict[type, Callable[[Any], JsonValue]]] = {
    str: _text,
    int: _integer,
    float: _float,
    bool: _same,
    type(None): _same,
}
