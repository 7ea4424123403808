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

__all__ = ["Conformance", "absent", "fault", "faults", "incomplete", "json_type"]


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
        yield fault("type", field, key, value)
        return
    if field.enum and value not in field.enum:
        yield fault("enum", field, key, value)
    if isinstance(value, str):
        if field.regex and re.fullmatch(field.regex, value) is None:
            yield fault("pattern", field, key, value)
        if field.min_length is not None and len(value) < field.min_length:
            yield fault("minLength", field, key, value)
    elif isinstance(value, (int, float)):
        if field.minimum is not None and value < field.minimum:
            yield fault("minimum", field, key, value)
        if field.maximum is not None and value > field.maximum:
            yield fault("maximum", field, key, value)


def fault(keyword: str, field: Field, key: str, value: object) -> Finding:
    """Return the finding about a value that breaks one keyword of the JSON Schema.

    Args:
        keyword: `type`, `enum`, `pattern`, `minLength`, `minimum` or `maximum`.
        field: the field.
        key: the spelling under which the value stands.
        value: what stands there; its type and form are told, never the value.
    """
    code = "TEL531" if keyword == "type" else "TEL532"
    message, hint = _SAYINGS[keyword](field, value)
    return Finding(code, message, key, hint)


class Conformance:
    """Judges records by one contract; made once and used for many lines.

    Args:
        contract: a contract that was loaded without findings.
    """

    __slots__ = (
        "_access",
        "_access_logger",
        "_everywhere",
        "_required",
        "_required_on_access",
        "_spellings",
        "_together",
    )

    def __init__(self, contract: Contract) -> None:
        reserved = [field for field in contract.fields if field.reserved]
        access = [field for field in contract.fields if not field.reserved]
        self._everywhere = [(key, field) for field in reserved for key in field.log]
        self._access = [(key, field) for field in access for key in field.log]
        self._required = [key for key, field in self._everywhere if field.required == "always"]
        on_access = [key for key, field in self._access if field.required == "on_access_line"]
        self._required_on_access = self._required + on_access
        self._spellings = [field.log for field in contract.fields if len(field.log) > 1]
        self._together = contract.together
        self._access_logger = contract.access_logger

    def check(self, record: object) -> list[Finding]:
        """Return what is wrong with one parsed log line; empty when it conforms."""
        if not isinstance(record, dict):
            return [Finding("TEL502", f"the line is {json_type(record)}, not a JSON object")]
        return [*self._missing(record), *self._faulty(record), *self.relations(record)]

    def fields_of(self, record: Mapping[str, object]) -> list[tuple[str, Field]]:
        """Return the keys that are the contract's on this line, with their fields, in its order."""
        if record.get("logger") == self._access_logger:
            return self._everywhere + self._access
        return self._everywhere

    def required_of(self, record: Mapping[str, object]) -> list[str]:
        """Return the keys that this line must have."""
        return self._required_on_access if record.get("logger") == self._access_logger else self._required

    def relations(self, record: Mapping[str, object]) -> Iterator[Finding]:
        """Yield what is wrong between fields: half of a group, two values for one field."""
        for group in self._together:
            missing = [key for key in group if key not in record]
            if 0 < len(missing) < len(group):
                yield incomplete(group, missing)
        yield from self.differing(record)

    def differing(self, record: Mapping[str, object]) -> Iterator[Finding]:
        """Yield the spellings whose value is another than that of the canonical one."""
        for first, *further in self._spellings:
            for key in further:
                if key in record and first in record and record[key] != record[first]:
                    yield Finding("TEL534", f"differs from {first}", key, f"write the value of `{first}`")

    def _missing(self, record: Mapping[str, object]) -> Iterator[Finding]:
        for key in self.required_of(record):
            if key not in record:
                yield absent(key)

    def _faulty(self, record: Mapping[str, object]) -> Iterator[Finding]:
        for key, field in self.fields_of(record):
            if key in record:
                yield from faults(field, key, record[key])


def absent(key: str) -> Finding:
    """Return the finding about a key that must stand on the line."""
    return Finding("TEL530", "is missing", key, f"write `{key}` on every such line")


def incomplete(group: tuple[str, ...], missing: list[str]) -> Finding:
    """Return the finding about a group of which some are missing."""
    others = ", ".join(key for key in group if key not in missing)
    hint = f"write {', '.join(group)} together, or none of them"
    return Finding("TEL533", f"is missing beside {others}", ", ".join(missing), hint)


def json_type(value: object) -> str:
    """Return what JSON calls the type of a value, with its article."""
    return _JSON_TYPES.get(type(value), "an object")


def _type_saying(field: Field, value: object) -> tuple[str, str]:
    return f"is {json_type(value)}, not {_WANTED[field.type]}", f"write {_WANTED[field.type]}"


def _enum_saying(field: Field, _: object) -> tuple[str, str]:
    return f"is not one of {', '.join(field.enum)}", f"write one of {', '.join(field.enum)}"


def _pattern_saying(field: Field, value: object) -> tuple[str, str]:
    """Say what is wrong with an id in words where it is one of the two things that go wrong with ids."""
    text = str(value)
    if _ZEROS.fullmatch(text) is not None and re.fullmatch(field.regex, text.replace("0", "1")) is not None:
        return "is all zeros, which means that there is none", "leave the field out"
    if re.fullmatch(field.regex, text.lower()) is not None:
        return "has upper-case letters", "write it in lower case"
    return f"does not match the pattern {field.pattern}", f"write what matches {field.regex}"


def _length_saying(field: Field, _: object) -> tuple[str, str]:
    return f"is shorter than {field.min_length}", "write a value that says something"


def _minimum_saying(field: Field, _: object) -> tuple[str, str]:
    return f"is below {field.minimum}", f"write {field.minimum} or more"


def _maximum_saying(field: Field, _: object) -> tuple[str, str]:
    return f"is above {field.maximum}", f"write {field.maximum} or less"


_ZEROS: Final = re.compile("0+")
_JSON_TYPES: Final[Mapping[type, str]] = {
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    type(None): "null",
}
_WANTED: Final[Mapping[str, str]] = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
}
_SAYINGS: Final[Mapping[str, Callable[[Field, object], tuple[str, str]]]] = {
    "type": _type_saying,
    "enum": _enum_saying,
    "pattern": _pattern_saying,
    "minLength": _length_saying,
    "minimum": _minimum_saying,
    "maximum": _maximum_saying,
}
