"""Lines that were found good, as patterns: one match tells that another line is as good.

A service writes few shapes of lines: the same keys in the same order with values of the same types. From a
line without findings a pattern is made that only lines of its shape match whose values the contract accepts.
What matches is JSON, has no key twice, no odd character and every field it needs; no parser is asked. What
does not match is judged the long way, so that a pattern can be as narrow as it likes.
"""

from __future__ import annotations

import json
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.contract import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ameide_telemetry.contract.conformance import Conformance
    from ameide_telemetry.contract.model import Contract, Field

__all__ = ["Shape", "Shapes"]

# Raw characters of a string, then escapes of what needs one: no control characters, no code points.
_RAW: Final = r'[^"\\\x00-\x1f\x7f-\x9f]'
_TEXT: Final = rf'{_RAW}*+(?:\\["\\/nrt]{_RAW}*+)*+'
_WHOLE: Final = r"(?:0|[1-9][0-9]{0,14}+)"
_END: Final = "(?![0-9.eE])"
_NUMBER: Final = rf"-?{_WHOLE}(?:\.[0-9]{{1,20}}+)?+{_END}"
_COUNT: Final = f"{_WHOLE}{_END}"
# Days that not every year or month has are judged the long way.
_NO_ODD_DAY: Final = '(?!"0000|"[0-9]{4}-(?:02-(?:29|3[01])|(?:0[469]|11)-31))'
_MARKER: Final = r"(?:\[redacted:[a-z_]{1,32}\])?"
_PLAIN: Final[Mapping[type, str]] = {
    str: f'"{_TEXT}"',
    int: _NUMBER,
    float: _NUMBER,
    bool: "(?:true|false)",
    type(None): "null",
}
# How often a shape is seen before a pattern is made of it, which takes as long as many lines.
_SEEN: Final = 3
_MAX_SHAPES: Final = 256
_MAX_COUNTED: Final = 4_096
_MAX_ALIKE: Final = 8
_MAX_KEYS: Final = 60
# Newlines part the texts.
_UNESCAPE: Final = json.JSONDecoder(strict=False).decode
_QUOTES: Final = re.compile(r'[\\"]')


class Shape:
    """The lines of one shape.

    Args:
        pattern: matches them.
        timestamp: the group of that field, counted from 0.
        service: the group of that field.
        searched: groups with text that is searched for data of people.
    """

    __slots__ = ("_searched", "match", "service", "services", "timestamp")

    def __init__(self, pattern: str, timestamp: int, service: int, searched: list[int]) -> None:
        self.match = re.compile(pattern).fullmatch
        self.timestamp = timestamp
        self.service = service
        # For which no key has values of another type.
        self.services: set[str] = set()
        self._searched: Callable[[tuple[str, ...]], tuple[str, ...]] | None = (
            itemgetter(*searched, searched[0]) if searched else None
        )

    def text(self, groups: tuple[str, ...]) -> str:
        """Return all text of a line that is searched for data of people, as one text."""
        if self._searched is None:
            return ""
        text = "\n".join(self._searched(groups)[:-1])
        return str(_UNESCAPE(f'"{text}"')) if "\\" in text else text


class Shapes:
    """All shapes that were seen often enough.

    Args:
        contract: what lines are judged by.
        conformance: the same, as a judge.
        treatment: tells whether the value under a key is `kept`, `searched` or `hidden`.
    """

    __slots__ = ("_conformance", "_counts", "_made", "_spellings", "_treatment", "by_quotes", "left_out")

    def __init__(self, contract: Contract, conformance: Conformance, treatment: Callable[[str], str]) -> None:
        self._conformance = conformance
        self._treatment = treatment
        self._spellings = {key: field.log[0] for field in contract.fields for key in field.log[1:]}
        self._counts: dict[object, int] = {}
        self._made: dict[object, Shape | None] = {}
        self.by_quotes: dict[int, list[Shape]] = {}
        self.left_out = 0

    def learn(self, record: Mapping[str, Any], text: str) -> None:
        """Remember a line without any finding, whose record is flat."""
        service = record[names.LOG_SERVICE]
        on_access = record[names.LOG_LOGGER] == names.ACCESS_LOGGER
        key = (tuple(record), tuple(map(type, record.values())), on_access)
        shape = self._made.get(key)
        if shape is None:
            if key in self._made or not self._is_often(key):
                return
            shape = self._made[key] = self._shape(record)
            if shape is None:
                return
        if len(shape.services) < _MAX_COUNTED:
            shape.services.add(service)
        alike = self.by_quotes.setdefault(text.count('"'), [])
        if shape not in alike:
            # The shape that was seen last is tried first.
            alike.insert(0, shape)
            del alike[_MAX_ALIKE:]

    def _is_often(self, key: object) -> bool:
        if len(self._made) >= _MAX_SHAPES:
            self.left_out += 1
            return False
        if key not in self._counts and len(self._counts) >= _MAX_COUNTED:
            self._counts.clear()
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] >= _SEEN

    def _shape(self, record: Mapping[str, Any]) -> Shape | None:
        if len(record) > _MAX_KEYS or any(_QUOTES.search(key) for key in record):
            return None
        fields = dict(self._conformance.fields_of(record))
        parts: list[str] = []
        groups: list[str] = []
        searched: list[int] = []
        repeated = {self._spellings[key] for key in record if key in self._spellings}
        for key, value in record.items():
            treatment = self._treatment(key)
            pattern = self._pattern(key, value, fields.get(key), treatment, groups)
            if pattern is None:
                return None
            if type(value) is str and key not in self._spellings:
                if treatment == "searched":
                    searched.append(len(groups))
                if treatment == "searched" or key in _TAKEN or key in repeated:
                    groups.append(key)
                    pattern = f'"({pattern[1:-1]})"'
            if key == names.LOG_TIMESTAMP:
                pattern = _NO_ODD_DAY + pattern
            parts.append(f'"{re.escape(key)}": ?{pattern}')
        pattern = rf"\{{{', ?'.join(parts)}\}}"
        return Shape(pattern, groups.index(names.LOG_TIMESTAMP), groups.index(names.LOG_SERVICE), searched)

    def _pattern(
        self, key: str, value: object, field: Field | None, treatment: str, groups: list[str]
    ) -> str | None:
        """Return what the value under a key has to match; None where no pattern can say it."""
        if key in self._spellings:
            first = self._spellings[key]
            return f'"\\{groups.index(first) + 1}"' if first in groups else None
        if treatment == "hidden":
            return f'"{_MARKER}"' if type(value) is str else _CONSTANTS.get(type(value))
        if key == names.LOG_LOGGER:
            access = re.escape(names.ACCESS_LOGGER)
            return f'"{access}"' if value == names.ACCESS_LOGGER else f'"(?!{access}"){_SOME}"'
        return _PLAIN.get(type(value)) if field is None else _contract_pattern(field)


def _contract_pattern(field: Field) -> str | None:
    if field.type == "string":
        return _string_pattern(field)
    if field.type in ("integer", "number"):
        return _number_pattern(field)
    return _PLAIN[bool] if field.type == "boolean" else None


def _string_pattern(field: Field) -> str | None:
    if field.enum:
        return f'"(?:{"|".join(map(re.escape, field.enum))})"' if all(map(_is_bare, field.enum)) else None
    if field.regex:
        # A class of everything but something could match beyond the end of the string.
        plain = "[^" not in field.regex and '"' not in field.regex and re.compile(field.regex).groups == 0
        return f'"(?:{field.regex})"' if plain else None
    if field.min_length is None:
        return _PLAIN[str]
    return f'"{_SOME}"' if field.min_length == 1 else None


def _number_pattern(field: Field) -> str | None:
    if field.maximum is not None:
        digits = len(str(field.maximum))
        in_full = (field.minimum, field.maximum) == (10 ** (digits - 1), 10**digits - 1)
        return f"[1-9][0-9]{{{digits - 1}}}{_END}" if in_full and field.type == "integer" else None
    return _NUMBERS.get((field.type, field.minimum))


def _is_bare(text: str) -> bool:
    return json.dumps(text) == f'"{text}"'


_SOME: Final = f'(?!"){_TEXT}'
_CONSTANTS: Final[Mapping[type, str]] = {kind: _PLAIN[kind] for kind in (bool, type(None))}
_NUMBERS: Final[Mapping[tuple[str, float | None], str]] = {
    ("number", None): _NUMBER,
    ("number", 0): _NUMBER.removeprefix("-?"),
    ("integer", None): f"-?{_COUNT}",
    ("integer", 0): _COUNT,
    ("integer", 1): f"[1-9][0-9]{{0,14}}+{_END}",
}
_TAKEN: Final = frozenset({names.LOG_TIMESTAMP, names.LOG_SERVICE})
