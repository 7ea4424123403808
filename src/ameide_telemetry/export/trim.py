"""The scissors behind `fit`: values of a record, trimmed to a limit per text and to 1 MiB in all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from ameide_telemetry.contract import names
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact, text_of, type_name, valid

__all__ = ["MAX_DEPTH", "MAX_RECORD", "TRUNCATED", "TooLargeError", "Trim", "moment"]

MAX_RECORD: Final = 2**20
# A protobuf reader refuses more than a hundred nested messages, and one level here makes three or four.
MAX_DEPTH: Final = 10
TRUNCATED: Final = names.SPAN_TRUNCATED_BYTES
_ITEM: Final = 16
_PAIR: Final = 100
_MAX_INT: Final = 2**63
_MAX_TIME: Final = 2**64
# str() of an int refuses more than 4,300 digits, CPython's guard against quadratic time.
_MAX_BITS: Final = 10_000


class TooLargeError(ValueError):
    """The record is larger than 1 MiB with this limit per text."""


class Trim:
    """One attempt to make a record fit.

    Args:
        cap: characters that are kept of one text at most.
        patient: whether what does not fit is left out; else `TooLargeError` is raised.

    Attributes:
        used: estimated bytes so far.
        removed: how many bytes were cut off or left out, about.
    """

    __slots__ = ("_cap", "_patient", "removed", "used")

    def __init__(self, cap: int, *, patient: bool) -> None:
        self._cap = cap
        self._patient = patient
        self.used = 0
        self.removed = 0

    def room(self, size: int) -> bool:
        """Take so many bytes, if they are left.

        Raises:
            TooLargeError: they are not, and another attempt follows.
        """
        if self.used + size <= MAX_RECORD:
            self.used += size
            return True
        if not self._patient:
            raise TooLargeError
        self.removed += size
        return False

    def text(self, value: object) -> str:
        """Return a value as text within the limit."""
        text = exact(value) if issubclass(type(value), str) else text_of(value)  # type: ignore[arg-type]
        if len(text) > self._cap:
            self.removed += len(text) - self._cap
            text = text[: self._cap]
        text = valid(text)
        return text if self.room(len(text) if text.isascii() else 2 * len(text.encode())) else ""

    def mapping(self, values: Mapping[Any, Any] | None, depth: int = 0) -> dict[str, Any]:
        """Return attributes, or a mapping among their values, within the limit."""
        result: dict[str, Any] = {}
        for key, value in dict(values or {}).items():
            if not self.room(_PAIR):
                break
            result[self.text(key)] = self.value(value, depth + 1)
        return result

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return one value as a type that OTLP has."""
        kind = type(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, int):
            return self._integer(int.__index__(value))
        if issubclass(kind, float):
            return float.__float__(value)
        if issubclass(kind, bytes):
            return self._bytes(bytes.__getitem__(value, slice(None)))
        if not issubclass(kind, str) and contained(issubclass, kind, (Mapping, Sequence)):
            return self._container(value, depth)
        return self.text(value)

    def _container(self, value: Mapping[Any, Any] | Sequence[Any], depth: int) -> Any:
        if depth > MAX_DEPTH:
            return f"<{type_name(value)} nested too deep>"
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        most = MAX_RECORD // _ITEM
        self.removed += max(0, len(value) - most) * _ITEM
        kept = []
        for item in islice(value, most):
            if not self.room(_ITEM):
                break
            kept.append(self.value(item, depth + 1))
        return tuple(kept)

    def _integer(self, value: int) -> int | str:
        if -_MAX_INT <= value < _MAX_INT:
            return value
        bits = value.bit_length()
        return self.text(str(value) if bits < _MAX_BITS else f"<integer of {bits} bits>")

    def _bytes(self, value: bytes) -> bytes:
        if len(value) > self._cap:
            self.removed += len(value) - self._cap
            value = value[: self._cap]
        return bytes(value) if self.room(len(value)) else b""


def moment(value: object, instead: int | None = None) -> int:
    """Return a time in nanoseconds since the epoch; one that is none becomes another, or now."""
    kind = type(value)
    if issubclass(kind, int):
        number: float = int.__index__(value)  # type: ignore[arg-type]
    else:
        number = float.__float__(value) if issubclass(kind, float) else -1  # type: ignore[arg-type]
    if 0 <= number < _MAX_TIME:
        return int(number)
    return time.time_ns() if instead is None else instead
