"""A part of a parsed pattern as it is written, for messages: the parser does not say where it stood."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.settings.secrets import concealed_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["notation"]

_LONGEST: Final = 48
_LIMITLESS: Final = 1 << 30
_SIGNS: Final = {(0, True): "*", (1, True): "+"}
_MARKS: Final = {"MAX_REPEAT": "", "MIN_REPEAT": "?", "POSSESSIVE_REPEAT": "+"}
_PLACES: Final = {
    "AT_BEGINNING": "^",
    "AT_BEGINNING_STRING": r"\A",
    "AT_END": "$",
    "AT_END_STRING": r"\Z",
    "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
}
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_LOOKS: Final = {
    ("ASSERT", 1): "(?=",
    ("ASSERT", -1): "(?<=",
    ("ASSERT_NOT", 1): "(?!",
    ("ASSERT_NOT", -1): "(?<!",
}


def notation(part: Any) -> str:
    """Return a part of a parsed pattern as text, cut where it is long, without what may be a secret."""
    text = concealed_text(_written(part))
    return f"`{text}`" if len(text) <= _LONGEST else f"`{text[:_LONGEST]}...`"


def _written(part: Any) -> str:
    kind = str(part[0])
    write = _WRITERS.get(kind)
    if write is not None:
        return write(part[1])
    if kind in _MARKS:
        return _repeated(part[1], _MARKS[kind])
    if kind in {"ASSERT", "ASSERT_NOT"}:
        return f"{_LOOKS[kind, part[1][0]]}{_all(part[1][1])})"
    return "..."


def _all(parts: Any) -> str:
    # What several alternatives begin with, the parser takes out of them.
    apart = len(parts) > 1
    return "".join(
        f"(?:{_written(part)})" if apart and str(part[0]) == "BRANCH" else _written(part) for part in parts
    )


def _repeated(value: Any, mark: str) -> str:
    least, most, inner = value
    text = _all(inner)
    whole = len(inner) == 1 and str(inner[0][0]) in {"LITERAL", "NOT_LITERAL", "ANY", "IN", "SUBPATTERN"}
    limitless = most >= _LIMITLESS
    limits = f"{{{least},{'' if limitless else most}}}" if least != most else f"{{{least}}}"
    sign = _SIGNS.get((least, limitless), "?" if (least, most) == (0, 1) else limits)
    return f"{text if whole else f'(?:{text})'}{sign}{mark}"


def _set(members: Any) -> str:
    texts = [_member(str(kind), value) for kind, value in members]
    plain = texts[0] if len(texts) == 1 else ""
    return plain if plain in _CATEGORIES.values() else f"[{''.join(texts)}]"


def _member(kind: str, value: Any) -> str:
    if kind == "RANGE":
        return f"{chr(value[0])}-{chr(value[1])}"
    if kind == "CATEGORY":
        return _CATEGORIES.get(str(value), "...")
    return "^" if kind == "NEGATE" else re.escape(chr(value))


def _group(value: Any) -> str:
    return f"{'(?:' if value[0] is None else '('}{_all(value[-1])})"


_WRITERS: Final[dict[str, Callable[[Any], str]]] = {
    "LITERAL": lambda value: re.escape(chr(value)),
    "NOT_LITERAL": lambda value: f"[^{re.escape(chr(value))}]",
    "ANY": lambda _: ".",
    "IN": _set,
    "AT": lambda value: _PLACES.get(str(value), ""),
    "BRANCH": lambda value: "|".join(map(_all, value[1])),
    "SUBPATTERN": _group,
    "ATOMIC_GROUP": lambda value: f"(?>{_all(value)})",
    "GROUPREF": lambda value: f"\\{value}",
    "GROUPREF_EXISTS": lambda value: f"(?({value[0]})...)",
}
