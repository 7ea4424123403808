"""The bytes of one line -> a record, and what is wrong with the text that it stands in.

Takes its time: it is asked only about lines that are not plain, and has to say what is wrong with each.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isinf, nan
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.contract.conformance import json_type
from ameide_telemetry.findings import Finding
from ameide_telemetry.logcheck.torn import is_torn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.logcheck.rules import Rules

__all__ = ["LONGEST", "Line", "read"]

LONGEST: Final = 262_144
"""Of a longer line this many bytes and one more are read; what it holds is not judged."""

_BOM: Final = b"\xef\xbb\xbf"
_UNSAFE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]").search
_SURROGATE: Final = re.compile("[\ud800-\udfff]").search
# Of a whole number; a double holds no more.
_MAX_DIGITS: Final = 308
_OUT_OF_RANGE: Final = "is a number that no reader can hold"
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


class Line(NamedTuple):
    """What was read of a line.

    Attributes:
        text: the line as text.
        record: the object that it holds; None when it holds none.
        pairs: keys and values of the object, repeated ones too.
        findings: what is wrong with its text.
    """

    text: str
    record: dict[str, Any] | None
    pairs: list[tuple[str, Any]]
    findings: list[Finding]


def read(raw: bytes, rules: Rules) -> Line:
    """Read one line without its newline."""
    findings = []
    if len(raw) > rules.max_line_bytes:
        hint = "log less in one record; keep documents elsewhere and log their id"
        findings.append(Finding("TEL504", f"is longer than {rules.max_line_bytes} bytes", "", hint))
    if len(raw) > LONGEST:
        return Line(raw[:LONGEST].decode("utf-8", "replace"), None, [], findings)
    faults, text = _text(raw)
    reader = _Reader()
    value, nothing = reader.read(text)
    if nothing is not None:
        # Whoever tore the line may have cut a character.
        reasons = faults if faults and nothing.code == "TEL501" else [nothing]
        return Line(text, None, [], findings + reasons)
    findings += faults
    if not isinstance(value, dict):
        kind = json_type(value)
        wrong = Finding(
            "TEL502", f"the line is {kind}, not an object", "", "write an object with a `message`"
        )
        return Line(text, None, [], [*findings, wrong])
    findings += reader.findings(text, rules.max_depth)
    findings += (each for each in _unsafe(value) if each.level == "error" or not reader.controls)
    return Line(text, value, reader.pairs, findings)


def _text(raw: bytes) -> tuple[list[Finding], str]:
    findings = []
    if raw.startswith(_BOM):
        raw = raw.removeprefix(_BOM)
        findings.append(Finding("TEL507", "begins with a byte order mark", "", "write UTF-8 without one"))
    try:
        return findings, raw.decode()
    except UnicodeDecodeError:
        hint = "open the stream with encoding='utf-8'"
        findings.append(Finding("TEL507", "is not UTF-8", "", hint))
        return findings, raw.decode("utf-8", "replace")


class _Reader:
    """Parses one text and keeps what Python's parser would pass over."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, Any]] = []
        self._repeated: dict[str, None] = {}
        self._odd: dict[str, None] = {}
        self.controls = False

    def read(self, text: str) -> tuple[object, Finding | None]:
        """Return the value that the text holds, or what it is instead."""
        if not text.strip():
            return None, Finding("TEL501", "the line is empty", "", "write no empty lines")
        try:
            return self._parsed(text), None
        except RecursionError:
            return None, Finding("TEL508", "is nested too deep to be read", "", _FLATTER)
        except json.JSONDecodeError as error:
            if is_torn(text, error.pos):
                hint = (
                    "write a line and its newline at once, with one process per pipe or less than 4096 bytes"
                )
                return None, Finding("TEL503", "holds a piece of a record, or more than one", "", hint)
            return None, Finding("TEL501", "is not JSON", "", "let the library write stdout and stderr")

    def findings(self, text: str, max_depth: int) -> Iterator[Finding]:
        """Yield what is wrong with a text that was read."""
        if self.controls:
            yield Finding("TEL507", "holds control characters that are not escaped", "", _ESCAPED)
        for name in self._repeated:
            yield Finding("TEL505", "is there more than once", name, "write each key once")
        for message in self._odd:
            yield Finding("TEL506", message, "", "write null, or leave the field out")
        if _depth(text) > max_depth:
            yield Finding("TEL508", f"is nested deeper than {max_depth} levels", "", _FLATTER)

    def _parsed(self, text: str) -> object:
        try:
            return self._decoder(strict=True).decode(text)
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Invalid control character"):
                raise
            self.__init__()  # type: ignore[misc]
            value = self._decoder(strict=False).decode(text)
            self.controls = True
            return value

    def _decoder(self, *, strict: bool) -> json.JSONDecoder:
        return json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_float=self._float,
            parse_int=self._int,
            strict=strict,
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # Called for the inner ones first: the last is the whole line.
        self.pairs = pairs
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            self._repeated.update((name, None) for name, count in counts.items() if count > 1)
        return found

    def _constant(self, word: str) -> float:
        self._odd[f"`{word}` is not JSON"] = None
        return nan

    def _float(self, digits: str) -> float:
        value = float(digits)
        if isinf(value):
            self._odd[_OUT_OF_RANGE] = None
            return nan
        return value

    def _int(self, digits: str) -> float:
        if len(digits) > _MAX_DIGITS:
            self._odd[_OUT_OF_RANGE] = None
            return nan
        return int(digits)


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _unsafe(record: dict[str, Any]) -> Iterator[Finding]:
    """Yield which fields hold characters that no text should."""
    for key, value in record.items():
        told = {_unsafe_kind(text) for text in (key, *_texts(value))}
        for message in sorted(told - {""}):
            level = _LEVELS.get(message, "warning")
            yield Finding("TEL507", message, key, _ESCAPED, level)  # type: ignore[arg-type]


def _unsafe_kind(text: str) -> str:
    if _UNSAFE(text) is None:
        return ""
    return _HALF if _SURROGATE(text) is not None else "holds control characters"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


_FLATTER: Final = "log the values that matter as fields of their own"
_ESCAPED: Final = "take colours and control characters out of what is logged"
_HALF: Final = "holds half a surrogate pair, which is no character"
_LEVELS: Final = {_HALF: "error"}
