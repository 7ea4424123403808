"""One parsed log record -> findings.

Accepts exactly what the JSON Schema accepts, without a third-party validator, and adds the one rule that
JSON Schema cannot express: the spellings of one field have one value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ameide_telemetry.contract.model import Contract, Field

__all__ = ["Conformance", "faults"]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    # JSON knows one kind of number: 1.0 is an integer to JSON Schema.
    return _is_number(value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


_IS: Final[Mapping[str, Callable[[object], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
}


def faults(field: Field, key: str, value: object) -> Iterator[Finding]:
    """Yield what is wrong with one value of a field, without quoting the value.

    Args:
        field: the field; its words and its pattern must be sound.
        key: the spelling under which the value stands.
        value: a value as `json.loads` returns it.
    """
    if not _IS[field.type](value):
        yield Finding("TEL531", f"is {type(value).__name__}, not {field.type}", key)
        return
    if field.enum and value not in field.enum:
        yield Finding("TEL532", f"is not one of {', '.join(field.enum)}", key)
    if isinstance(value, str):
        yield from _text_faults(field, key, value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number_faults(field, key, value)


class Conformance:
    """Judges records by one contract; made once and used for many lines.

    Args:
        contract: a contract that was loaded without findings.
    """

    __slots__ = ("_access", "_access_logger", "_everywhere", "_required", "_spellings", "_together")

    def __init__(self, contract: Contract) -> None:
        reserved = [field for field in contract.fields if field.reserved]
        access = [field for field in contract.fields if not field.reserved]
        self._everywhere = [(key, field) for field in reserved for key in field.log]
        self._access = [(key, field) for field in access for key in field.log]
        self._required = [key for key, field in self._everywhere if field.required == "always"]
        self._spellings = [field.log for field in contract.fields if len(field.log) > 1]
        self._together = contract.together
        self._access_logger = contract.access_logger

    def check(self, record: object) -> list[Finding]:
        """Return what is wrong with one parsed log line; empty when it conforms."""
        if not isinstance(record, dict):
            return [Finding("TEL502", f"the line is {type(record).__name__}, not a JSON object")]
        return list(self._findings(record))

    def _findings(self, record: Mapping[str, object]) -> Iterator[Finding]:
        fields, required = self._everywhere, self._required
        if record.get("logger") == self._access_logger:
            fields = fields + self._access
            required = required + [key for key, field in self._access if field.required == "on_access_line"]
        for key in required:
            if key not in record:
                yield Finding("TEL530", "is missing", key)
        for key, field in fields:
            if key in record:
                yield from faults(field, key, record[key])
        yield from self._relations(record)

    def _relations(self, record: Mapping[str, object]) -> Iterator[Finding]:
        for group in self._together:
            missing = [key for key in group if key not in record]
            if 0 < len(missing) < len(group):
                yield Finding("TEL533", f"is missing beside {_others(group, missing)}", ", ".join(missing))
        for first, *further in self._spellings:
            for key in further:
                if key in record and first in record and record[key] != record[first]:
                    yield Finding("TEL534", f"differs from {first}", key)


def _text_faults(field: Field, key: str, value: str) -> Iterator[Finding]:
    if field.regex and re.fullmatch(field.regex, value) is None:
        yield Finding("TEL532", f"does not match the pattern {field.pattern}", key, field.regex)
    if field.min_length is not None and len(value) < field.min_length:
        yield Finding("TEL532", f"is shorter than {field.min_length}", key)


def _number_faults(field: Field, key: str, value: float) -> Iterator[Finding]:
    if field.minimum is not None and value < field.minimum:
        yield Finding("TEL532", f"is below {field.minimum}", key)
    if field.maximum is not None and value > field.maximum:
        yield Finding("TEL532", f"is above {field.maximum}", key)


def _others(group: tuple[str, ...], missing: list[str]) -> str:
    return ", ".join(key for key in group if key not in missing)
