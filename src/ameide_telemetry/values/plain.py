"""Any Python value -> a value that JSON can hold, within a budget and without ever raising.

Scalars pass as they are. Containers are walked with limits on depth, nodes and text, so that a cycle, a
million items or a fifty-megabyte string cost little and cannot hurt the line. Everything else is turned into
text by python-json-logger's own rules for dates, enums, exceptions and types.
"""

from __future__ import annotations

import array
import dataclasses
import math
import traceback
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from pythonjsonlogger.json import JsonEncoder

from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.sketch import is_light, sketch
from ameide_telemetry.values.text import exact, key_text, type_name, word_end

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_TEXT", "JsonValue", "plain"]

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

MAX_TEXT: Final = 16_000
_MAX_DEPTH: Final = 8
_MAX_NODES: Final = 1_000
_MAX_INT: Final = 2**63
# str() of an int refuses more than 4,300 digits, CPython's guard against quadratic time.
_MAX_BITS: Final = 10_000
_MAX_FRAMES: Final = 20
_MORE: Final = "<more left out>"
_ENCODER: Final = JsonEncoder()
_SEQUENCES: Final = (list, tuple, AbstractSet, deque, array.array)


@dataclass(slots=True)
class _Budget:
    """What is left for one value of one line."""

    nodes: int = _MAX_NODES
    characters: int = MAX_TEXT
    path: list[int] = field(default_factory=list)


class _Pairs(list[Any]):
    """The items of a mapping, taken out of it; a mapping may change while its values are looked at."""


class _Items(list[Any]):
    """The items of a sequence or a set, taken out of it."""


def plain(value: object) -> JsonValue:
    """Return `value` as something `json.dumps(allow_nan=False)` accepts.

    NaN and infinities become the texts `NaN`, `Infinity`, `-Infinity`, and integers beyond 64 bits
    become decimal text, because RFC 8259 parsers differ on both. What is left out is marked in place.
    """
    return _walk(value, _Budget(), 0)


def _walk(value: object, budget: _Budget, depth: int) -> JsonValue:
    budget.nodes -= 1
    if budget.nodes < 0:
        return _MORE
    scalar = _scalar(value, budget)
    if scalar is not _NOT_SCALAR:
        return scalar  # type: ignore[return-value]
    if id(value) in budget.path:
        return "<cycle>"
    shape = contained(_shape, value, budget.nodes + 1)
    if isinstance(shape, (_Pairs, _Items)):
        return _container(value, shape, budget, depth)
    if shape is None:
        return f"<unreadable {type_name(value)}>"
    return "<too deep>" if depth > _MAX_DEPTH else _walk(shape, budget, depth + 1)


_NOT_SCALAR: Final = object()


def _scalar(value: Any, budget: _Budget) -> object:
    # By identity of the type: a subclass may override anything, its metaclass even its hash.
    kind = type(value)
    if kind is str:
        return _text(value, budget)
    if kind is int:
        return _integer(value)
    if kind is float:
        return _float(value)
    return value if kind is bool or value is None else _NOT_SCALAR


def _container(value: object, shape: _Pairs | _Items, budget: _Budget, depth: int) -> JsonValue:
    if depth >= _MAX_DEPTH:
        return "<too deep>"
    budget.path.append(id(value))
    result = _mapping(shape, budget, depth) if isinstance(shape, _Pairs) else _sequence(shape, budget, depth)
    budget.path.pop()
    return result


def _mapping(pairs: _Pairs, budget: _Budget, depth: int) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    for key, item in pairs:
        if budget.nodes <= 0 or budget.characters <= 0:
            result[_MORE] = True
            break
        name = key_text(key)
        budget.characters -= len(name)
        result[name] = _walk(item, budget, depth + 1)
    return result


def _sequence(items: _Items, budget: _Budget, depth: int) -> list[JsonValue]:
    result: list[JsonValue] = []
    for item in items:
        if budget.characters <= 0:
            budget.nodes = 0
        result.append(_walk(item, budget, depth + 1))
        if budget.nodes < 0:
            break
    return result


def _shape(value: Any, most: int) -> object:
    """Take a value apart by running its own code; returns something that has none, or is nearer to it."""
    kind = type(value)
    for base, take in _SHAPES:
        if issubclass(kind, base):
            return take(value, most)
    if dataclasses.is_dataclass(kind):
        # Not by `asdict`, which copies everything behind it first.
        return _Pairs((each.name, getattr(value, each.name)) for each in dataclasses.fields(value)[:most])
    return _ENCODER.default(value) if is_light(value) else sketch(value)


def _take_pairs(value: Mapping[object, object], most: int) -> _Pairs:
    return _Pairs((key, item) for key, item in list(islice(value.items(), most)))


def _take_items(value: Any, most: int) -> _Items:
    return _Items(islice(value, most))


def _take_bytes(value: bytes | bytearray, _: int) -> str:
    return bytes(memoryview(value)[:MAX_TEXT]).decode("utf-8", "backslashreplace")


def _take_traceback(value: TracebackType, _: int) -> str:
    return "".join(traceback.format_tb(value, limit=-_MAX_FRAMES)).strip()


def _text(value: str, budget: _Budget) -> str:
    keep = max(0, min(MAX_TEXT, budget.characters))
    budget.characters -= len(value)
    if len(value) <= keep:
        return value
    end = word_end(value, keep)
    return f"{value[:end]}<{len(value) - end} characters left out>"


def _integer(value: int) -> JsonValue:
    if -_MAX_INT <= value < _MAX_INT:
        return value
    return str(value) if value.bit_length() < _MAX_BITS else f"<integer of {value.bit_length()} bits>"


def _float(value: float) -> JsonValue:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


# Asked in this order; an enum that is an `int` or a `str` too says its value by the same road.
_SHAPES: Final[tuple[tuple[Any, Callable[[Any, int], object]], ...]] = (
    (str, lambda value, _: exact(value)),
    (int, lambda value, _: int.__index__(value)),
    (float, lambda value, _: float.__float__(value)),
    ((bytes, bytearray), _take_bytes),
    (TracebackType, _take_traceback),
    (Mapping, _take_pairs),
    (_SEQUENCES, _take_items),
)
