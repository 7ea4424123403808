"""Names with their values inside of text: `password=...`, `"password": "..."`, `Authorization: Bearer ...`.

Bodies, settings and keyword arguments get into messages and exceptions as text. What stands behind a name of
a secret is hidden whatever it looks like.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.contract.vocabulary import SECRET_CLASSES
from ameide_telemetry.redaction.hiding import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.redaction.hiding import Hide

    ClassOf = Callable[[str], str | None]

__all__ = ["hide_in_pairs", "may_hold_pairs"]

# The look behind lets a name begin at its beginning only, so that long runs of letters are read once.
_BEGIN: Final = r"(?<![\w.])(?<!\w-)"
# Behind an escape of a URL or of a string, too.
_ANY_BEGIN: Final = r"(?:(?<![\w.\\])(?<!\w-)|(?<=\\)(?![nrt])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
_PAIR: Final = (
    r"(?P<option>--)?(?P<name>[A-Za-z_][\w.\-]{0,95}+)(?:"
    r"(?P<quote>\\{0,7}[\"']|%22|&quot;|&#3[49];)?[ \t]{0,8}"
    r"(?P<mark>=>|:=|=(?!=)|:|%3[ADad]|,(?= b?[\"']))[ \t]{0,8}"
    r"|(?(option) (?![\-\s])|(?!)))"
    r"|<(?P<tag>[A-Za-z_][\w.\-:]{0,95}+)(?:\s[^<>]{0,128})?>(?:<!\[CDATA\[)?"
)
_PAIR_IN_PLAIN: Final = re.compile(_BEGIN + _PAIR, re.ASCII)
_PAIR_IN_ESCAPED: Final = re.compile(_ANY_BEGIN + _PAIR, re.ASCII)
_QUOTED: Final = re.compile(
    r"[bfru]?(?:\"(?:[^\"\\]++|\\.)*+\"?|'(?:[^'\\]++|\\.)*+'?"
    r"|(?P<deep>\\{1,7}[\"']).*?(?:(?<!\\)(?P=deep)|\Z)|(?P<entity>&(?:quot|#3[49]);).*?(?:(?P=entity)|\Z))",
    re.DOTALL,
)
_PIECE: Final = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"?|'(?:[^'\\]++|\\.)*+'?|[\[({]|[\])}]", re.DOTALL)
_BARE: Final = re.compile(r"[^\s,;&)}\]>\"'<\\]++")
# People choose passwords, with all that a keyboard has.
_BARE_PASSWORD: Final = re.compile(
    r"(?:[^\s,;&)}\]>\"'<\\]|(?!<[/a-z]|\\[\"'nrt])[,;&)}\]>\"'<\\](?=[^\s,;&)}\]>\"'<\\])"
    r"(?![A-Za-z_][\w.\-]{0,63}[\"']?[=:]))++"
)
_NAMES: Final = re.compile(r"[^\s,;&)}\]>\"'<\\]++(?: [^\W\d_a-z][\w'.\-]{0,40}(?![\w.\-]{0,40}[=:])){0,4}")
_TO_LINE_END: Final = re.compile(r"(?:(?!\\[rn])[^\r\n])++")
_TO_QUOTE: Final = re.compile(r"(?:(?!\\[rn])[^\r\n\"'])++")
_TO_NEXT_NAME: Final = re.compile(
    r"(?:(?!(?<![;,]) [A-Za-z_][\w.\-]{0,63}=)(?!\\[rn]|\?\w{1,64}=)[^\r\n\"'<>])++"
)
_CONTENT: Final = re.compile(r"(?:(?!\]\]>)[^<>])++(?=</|\]\]>)")
_DIGITS: Final = re.compile(r"\+?[0-9][0-9 ().\-/]{2,30}[0-9]")
_QUOTES: Final = "\"'"
_OPENING: Final = "[({"
# A header's value has several words.
_LINES: Final = frozenset({"authorization", "cookie"})
_PEOPLE: Final = frozenset({"name", "address"})
# Bare text behind a colon is mostly prose: for these only digits count there.
_NUMBERS: Final = frozenset({"phone", "card", "account", "national_id", "birth_date", "iban"})
# Too many servers say addresses of machines like this.
_NOT_IN_TEXT: Final = frozenset({"ip", "location"})
# What the virtual machine of Java calls the account that it runs under.
_NO_NAMES: Final = frozenset({"user.name"})
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
        *(
            "any",
            "failed",
            "error",
            "rejected",
            "denied",
            "refused",
            "revoked",
            "ok",
            "changed",
            "set",
            "reset",
        ),
        *("updated", "accepted", "redacted", "hidden", "filtered", "masked", "object", "number", "boolean"),
        *("char", "varchar", "text", "secretstr", "the", "this", "that", "too", "field", "value", "a", "an"),
        *("n/a", "<nil>", "-", "?", "??", "secret[str]", "secretstr|none", "disabled", "enabled", "nan"),
    }
)
# Code, as in the lines of a traceback: what is called or looked up there is no value.
_CODE: Final = re.compile(
    r"(?:self|cls)\.[A-Za-z_]|(?:await |not |lambda)|[A-Za-z_]\w{0,64}+(?:\.\w{1,64}+){0,8}+"
    r"(?:\((?:[A-Za-z_\"'.*][^()\n]{0,256}+(?:\([^()\n]{0,256}+\)[^()\n]{0,256}+){0,4}+)?\)|\[[^\]\n]{0,256}+\])"
    r"(?=[\s,;:.)\]}\[(]|\Z)|[A-Za-z_][\w.]{0,64}+[(\[]\s{0,8}(?:\n|\Z)"
)
_TEMPLATE: Final = re.compile(
    r"(?:(?:Bearer|Basic|Token) )?(?:\{[\w.!:\[\]'\"]{0,128}+\}(?!\w)|%[sdr](?!\w)|%\(\w{1,64}+\)[sdr]"
    r"|\$\{[^}\n]{0,256}+\}|\$\([^)\n]{0,256}+\)|\?(?=[\s,)]|\Z)|\$[0-9]{1,2}(?!\w))"
)
# Objects as the Java world writes them, numbers of versions and codes of mail servers.
_OBJECT: Final = re.compile(
    r"[A-Za-z_$][\w.$]*@[0-9a-f]{1,16}(?!\w)|[A-Z]\w*\{|[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}(?![\w.])"
)
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)++\Z")
_TYPE: Final = re.compile(r"(?:[A-Z][a-z]+){2,}\Z")
_PROSE: Final = re.compile(r"[A-Za-z]+\Z")
_NEXT_WORD: Final = re.compile(r" [a-z']+(?![\w.\-]*[=:])")
_STARS: Final = re.compile(r"(?:\*{3,}|x{4,}|X{4,}|\.{3}|<)(?![^\s,;&)}\]\"'<>])|\*{3,}(?=[\"'])")
_LEAST: Final = 6


_NAME_CHARACTERS: Final = f"{ascii_letters}{digits}_.-"
_LONGEST_NAME: Final = 112


class _Span(NamedTuple):
    """Where a value stands."""

    begin: int
    end: int


def may_hold_pairs(text: str, class_of: ClassOf) -> bool:
    """Tell whether a telling name stands before `=` or `:` in text without escapes; cheaper than a search."""
    for mark in "=:":
        at = text.find(mark)
        while at >= 0:
            before = text[max(0, at - _LONGEST_NAME) : at].rstrip(" \t\"':")
            name = before[len(before.rstrip(_NAME_CHARACTERS)) :]
            if name and class_of(name) is not None:
                return True
            at = text.find(mark, at + 1)
    return False


def hide_in_pairs(text: str, hide: Hide, class_of: ClassOf) -> str:
    """Return text with the values behind telling names hidden."""
    search = (_PAIR_IN_ESCAPED if "\\" in text or "%" in text else _PAIR_IN_PLAIN).search
    pieces = []
    done = 0
    found = search(text)
    while found is not None:
        begin = found.end()
        name = found["name"] or found["tag"]
        kind = class_of(name)
        if kind is not None and kind not in _NOT_IN_TEXT and name not in _NO_NAMES:
            value = _value(text, found, kind, class_of)
            if value is not None:
                pieces.append(text[done : value.begin])
                pieces.append(_hidden(text[value.begin : value.end], kind, hide))
                done = begin = value.end
        found = search(text, begin)
    return "".join((*pieces, text[done:])) if pieces else text


def _value(text: str, pair: re.Match[str], kind: str, class_of: ClassOf) -> _Span | None:
    """Find the value behind a name; None where there is none, or it is hidden already."""
    begin = pair.end()
    if _is_hidden(text, begin) or MARKER.match(text, max(0, pair.start() - 1)) is not None:
        return None
    quoted = _QUOTED.match(text, begin)
    if pair["tag"]:
        value = _span(_CONTENT.match(text, begin))
    elif pair["mark"] == "," and (quoted is None or not _is_header(text, pair, kind, quoted)):
        value = None
    elif quoted is not None:
        value = _quoted_value(text, quoted)
    elif text[begin : begin + 1] in _OPENING and (pair["quote"] or pair["mark"] != ":"):
        value = _bracketed(text, pair)
    elif kind in _LINES:
        value = _span(_line_pattern(text, pair).match(text, begin))
    else:
        value = _bare_value(text, pair, kind, class_of)
    return value


def _quoted_value(text: str, quoted: re.Match[str]) -> _Span | None:
    opening = _OPENING_QUOTE.match(quoted[0])
    inner = quoted[0] if opening is None else quoted[0][opening.end() :].removesuffix(opening[1])
    first = quoted.start() + (0 if opening is None else opening.end())
    return None if not inner or _is_template(inner) or _is_hidden(text, first) else _span(quoted)


def _is_template(text: str) -> bool:
    return _TEMPLATE.fullmatch(text) is not None


def _is_header(text: str, pair: re.Match[str], kind: str, value: re.Match[str]) -> bool:
    """Tell whether a name and a value in quotes with a comma between are a header, as ASGI has them."""
    first = pair.start("name")
    opening = text[max(0, first - 3) : first].replace("b", "")[-2:]
    if not pair["quote"] or opening[:1] not in "([" or text[value.end() : value.end() + 1] not in ")]":
        return False
    return kind in _LINES or _looks_random(value[0])


def _bracketed(text: str, pair: re.Match[str]) -> _Span | None:
    """Find the end of a list or of an object, whatever is nested in it; without one, it is all there is."""
    begin = pair.end()
    if not pair["quote"] and _TEMPLATE.match(text, begin) is not None:
        return None
    depth = 0
    for piece in _PIECE.finditer(text, begin):
        if piece[0] in _OPENING:
            depth += 1
        elif piece[0] in "])}":
            depth -= 1
        if depth == 0:
            return None if piece.end() - begin <= len("[]") else _Span(begin, piece.end())
    return _Span(begin, len(text))


def _line_pattern(text: str, pair: re.Match[str]) -> re.Pattern[str]:
    if pair["mark"] not in (":", None):
        return _TO_NEXT_NAME
    first = pair.start("name")
    return _TO_QUOTE if text[first - 1 : first] in _QUOTES and first else _TO_LINE_END


def _bare_value(text: str, pair: re.Match[str], kind: str, class_of: ClassOf) -> _Span | None:
    begin = pair.end()
    pattern = _BARE_PASSWORD if kind == "password" else _NAMES if kind in _PEOPLE else _BARE
    bare = pattern.match(text, begin)
    if bare is None or _is_no_value(text, bare, kind, class_of):
        return None
    if pair["mark"] != ":" or pair["quote"]:
        return None if bare[0] == pair["name"] else _span(bare)
    if kind in _NUMBERS:
        return _span(_DIGITS.match(text, begin))
    if kind == "password":
        return None if _is_prose(text, bare) else _span(bare)
    return _span(bare) if kind in SECRET_CLASSES and _looks_random(bare[0]) else None


def _is_no_value(text: str, bare: re.Match[str], kind: str, class_of: ClassOf) -> bool:
    begin, word = bare.start(), bare[0]
    if word.rstrip(".!:").lower() in _NO_VALUES:
        return True
    if _CODE.match(text, begin) is not None or _TEMPLATE.match(text, begin) is not None:
        return True
    if kind in SECRET_CLASSES and kind != "password" and _OBJECT.match(text, begin) is not None:
        return True
    return _DOTTED.match(word) is not None and class_of(word) is not None


def _is_prose(text: str, word: re.Match[str]) -> bool:
    """Tell whether a sentence goes on behind a colon, or a type stands there."""
    if _TYPE.match(word[0]) is not None:
        return True
    return _PROSE.match(word[0]) is not None and _NEXT_WORD.match(text, word.end()) is not None


def _is_hidden(text: str, begin: int) -> bool:
    return MARKER.match(text, begin) is not None or _STARS.match(text, begin) is not None


def _span(found: re.Match[str] | None) -> _Span | None:
    return None if found is None else _Span(*found.span())


def _looks_random(value: str) -> bool:
    return len(value) >= _LEAST and any(each.isdigit() for each in value)


def _hidden(value: str, kind: str, hide: Hide) -> str:
    """Hide a value and keep its quotes, so that JSON within text stays JSON."""
    opening = _OPENING_QUOTE.match(value)
    if opening is None:
        return hide(kind, value)
    closing = opening[1]
    inner = value[opening.end() :]
    return f"{opening[0]}{hide(kind, inner.removesuffix(closing))}{closing}"


_OPENING_QUOTE: Final = re.compile(r"[bfru]?(\\{0,7}[\"']|&(?:quot|#3[49]);)")
