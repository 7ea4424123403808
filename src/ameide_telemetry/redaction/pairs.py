"""Names with their values inside of text: `password=...`, `"password": "..."`, `Authorization: Bearer ...`.

Bodies, settings and keyword arguments get into messages and exceptions as text. What stands behind a name of
a secret is hidden whatever it looks like.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.vocabulary import SECRET_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.redaction.hiding import Hide

    ClassOf = Callable[[str], str | None]

__all__ = ["hide_in_pairs"]

# The look behind lets a name begin at its beginning only, so that long runs of letters are read once.
_PAIR: Final = re.compile(
    r"(?<![\w.\-])(?P<name>[A-Za-z_][\w.\-]{0,63}+)(?P<quote>\\{0,3}[\"']?) {0,2}(?P<mark>=>|:=|[=:]) {0,2}"
    r"|<(?P<tag>[A-Za-z_][\w.\-:]{0,63}+)>(?=[^<>]{1,1024}</)",
    re.ASCII,
)
_QUOTED: Final = re.compile(
    r"[bru]?(?:\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?|(?P<deep>\\{1,3}[\"']).*?(?:(?<!\\)(?P=deep)|\Z))",
    re.DOTALL,
)
_LIST: Final = re.compile(r"[\[({][^\])}]{0,4096}[\])}]?")
_BARE: Final = re.compile(r"[^\s,;&)}\]>\"'<\\]{1,4096}")
_TO_LINE_END: Final = re.compile(r"[^\r\n\"'<>\\]{1,4096}")
_CONTENT: Final = re.compile(r"[^<>]{1,1024}")
_DIGITS: Final = re.compile(r"\+?[0-9][0-9 ().\-/]{2,30}[0-9]")
# A header's value has several words.
_LINES: Final = frozenset({"authorization", "cookie"})
# Bare text behind a colon is mostly prose: for these only digits count there.
_NUMBERS: Final = frozenset({"phone", "card", "account", "national_id", "birth_date", "iban"})
# Too many servers say addresses of machines like this.
_NOT_IN_TEXT: Final = frozenset({"ip", "location"})
_NO_VALUES: Final = frozenset(
    {
        *(
            "none",
            "null",
            "nil",
            "true",
            "false",
            "undefined",
            "empty",
            "missing",
            "invalid",
            "expired",
            "not",
        ),
        *("required", "incorrect", "wrong", "is", "was", "must", "cannot", "no", "yes", "unknown", "unset"),
        *("expected", "unexpected", "found", "str", "string", "int", "bytes", "bool", "optional", "str|none"),
    }
)
# Code, as in the lines of a traceback: what is called or looked up there is no value.
_CODE: Final = re.compile(r"(?:self|cls)\.|[A-Za-z_]\w*(?:\.\w+)*[(\[]|\{|%[sdr(]|\$\{|\?\Z|\$[0-9]")
_LEAST: Final = 6
_HIDDEN: Final = ("[redacted:", "***")


def hide_in_pairs(text: str, hide: Hide, class_of: ClassOf) -> str:
    """Return text with the values behind telling names hidden."""
    pieces = []
    done = 0
    found = _PAIR.search(text)
    while found is not None:
        begin = found.end()
        name = found["name"] or found["tag"]
        kind = class_of(name)
        value = None if kind is None or kind in _NOT_IN_TEXT else _value(text, found, kind)
        if kind is not None and value is not None:
            first, last = value.span()
            pieces.append(text[done:first])
            pieces.append(_hidden(text[first:last], kind, hide))
            done = begin = last
        found = _PAIR.search(text, begin)
    return "".join((*pieces, text[done:])) if pieces else text


def _value(text: str, pair: re.Match[str], kind: str) -> re.Match[str] | None:
    """Find the value behind a name; None where there is none, or it is hidden already."""
    begin = pair.end()
    if text.startswith(_HIDDEN, begin):
        return None
    if pair["tag"]:
        return _CONTENT.match(text, begin)
    quoted = _QUOTED.match(text, begin)
    if quoted is not None:
        return quoted if len(quoted[0]) > len("''") and not _is_hidden(quoted[0]) else None
    if pair["quote"] and text[begin : begin + 1] in "[({":
        return _LIST.match(text, begin)
    return _TO_LINE_END.match(text, begin) if kind in _LINES else _bare_value(text, pair, kind)


def _bare_value(text: str, pair: re.Match[str], kind: str) -> re.Match[str] | None:
    begin = pair.end()
    bare = _BARE.match(text, begin)
    if bare is None or bare[0].rstrip(".!:").lower() in _NO_VALUES or _CODE.match(text, begin):
        return None
    if pair["mark"] != ":" or pair["quote"]:
        return None if bare[0] == pair["name"] else bare
    if kind in _NUMBERS:
        return _DIGITS.match(text, begin)
    return bare if kind == "password" or (kind in SECRET_CLASSES and _looks_random(bare[0])) else None


def _is_hidden(quoted: str) -> bool:
    return quoted.lstrip("bru\\\"'").startswith(_HIDDEN)


def _looks_random(value: str) -> bool:
    return len(value) >= _LEAST and any(each.isdigit() for each in value)


def _hidden(value: str, kind: str, hide: Hide) -> str:
    """Hide a value and keep its quotes, so that JSON within text stays JSON."""
    quote = value[-1:] if value[-1:] in "\"'" and value[0] not in "[({" else ""
    if not quote:
        return hide(kind, value)
    opening = value[: value.index(quote) + 1]
    closing = opening.lstrip("bru")
    inner = (
        value[len(opening) : -len(closing)]
        if value.endswith(closing) and len(value) > len(opening)
        else value[len(opening) :]
    )
    return f"{opening}{hide(kind, inner)}{closing}"
