"""Names with their values inside of text: `password=...`, `"password": "..."`, `Authorization: Bearer ...`.

Bodies, settings and keyword arguments get into messages and exceptions as text. What stands behind a name of
a secret is hidden whatever it looks like.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.contract.vocabulary import SECRET_CLASSES
from ameide_telemetry.redaction.addresses import addresses_at
from ameide_telemetry.redaction.header_values import IN_HEADERS, header_value
from ameide_telemetry.redaction.hiding import MARKER
from ameide_telemetry.redaction.long_values import end_of_words, value_below, value_in_line
from ameide_telemetry.redaction.no_values import (
    is_label,
    is_no_value,
    is_place,
    is_prose,
    is_said_in_quotes,
    is_template,
)
from ameide_telemetry.redaction.spaced import end_of_spaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.redaction.hiding import Hide

    ClassOf = Callable[[str], str | None]

__all__ = ["hide_in_pairs", "may_hold_pairs"]

# The look behind lets a name begin at its beginning only, so that long runs of letters are read once.
_BEGIN: Final = r"(?:(?<![\w.])(?<!\w-)|(?<=[\])]\.))"
# Behind an escape of a URL or of a string, too.
_ANY_BEGIN: Final = (
    r"(?:(?<![\w.\\])(?<!\w-)|(?<=[\])]\.)|(?<=\\)(?![nrt])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
)
_PAIR: Final = (
    r"(?P<option>--)?(?P<name>[A-Za-z_][\w.\-]{0,95}+)(?:"
    r"(?P<quote>\\{0,7}[\"']|%22|&quot;|&#3[49];)?(?P<key>(?:\]|%5[Dd])(?:\[\]|%5[Bb]%5[Dd])?)?[ \t]{0,8}"
    r"(?P<mark>=>|:=|=(?!=)|%3[Dd]|(?(key)(?!)|(?::|%3[Aa]|,(?= ?b?[\"']))))[ \t]{0,8}"
    r"|(?(option) (?![\-\s])|(?!)))"
)
_TAG: Final = r"<(?P<tag>[A-Za-z_][\w.\-:]{0,95}+)(?P<attributes>\s[^<>]{0,128})?>(?:<!\[CDATA\[)?"
_PAIR_IN_PLAIN: Final = re.compile(rf"{_BEGIN}{_PAIR}|{_TAG}", re.ASCII)
_PAIR_IN_ESCAPED: Final = re.compile(rf"{_ANY_BEGIN}{_PAIR}|{_TAG}", re.ASCII)
# The name of the next pair, which is no part of a value: `a=`, `"a":`, `a[b]=`.
_NEXT: Final = r"[A-Za-z_][\w.\-]{0,63}(?:\[[\w\-]{0,64}\]|%5[Bb][\w\-]{0,64}%5[Dd]){0,3}[\"']?[=:]"
_QUOTED: Final = re.compile(
    r"[bfru]?(?:\"(?:[^\"\\]++|\\.)*+\"?|'(?:[^'\\]++|\\.)*+'?"
    r"|(?P<deep>\\{1,7}[\"']).*?(?:(?<!\\)(?P=deep)|\Z)|(?P<entity>&(?:quot|#3[49]);).*?(?:(?P=entity)|\Z))",
    re.DOTALL,
)
_PIECE: Final = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"?|'(?:[^'\\]++|\\.)*+'?|[\[({]|[\])}]", re.DOTALL)
# The same within a string, which ends at the first quote that has no escape before it.
_PIECE_WITHIN: Final = re.compile(
    r"(?P<quote>\\{1,7}[\"'])(?:(?!(?<!\\)(?P=quote)).)*+(?:(?P=quote)|\Z)|[\[({]|[\])}]|[\"']", re.DOTALL
)
_OF_MARKER: Final = "[redacted:"
_ANY_MARKER: Final = f"(?:{MARKER.pattern})"
_BARE: Final = re.compile(rf"(?:{_ANY_MARKER}|[^\s,;&)}}\]>\"'<\\])++")
# People choose passwords, with all that a keyboard has.
_BARE_PASSWORD: Final = re.compile(
    rf"(?:(?:{_ANY_MARKER}|[^\s,;&)}}\]>\"'<\\]"
    r"|(?!<[/a-z]|\\[\"'nrt])[,;&)}\]>\"'<\\](?=[^\s,;&)}\]>\"'<\\]))"
    rf"(?!(?<![\w.\-]){_NEXT}))++"
)
_NAMES: Final = re.compile(
    rf"(?:{_ANY_MARKER}|[^\s,;&)}}\]>\"'<\\])++(?: [^\W\d_a-z][\w'.\-]{{0,40}}(?![\w.\-]{{0,40}}[=:])){{0,4}}"
)
_CONTENT: Final = re.compile(r"(?:(?!\]\]>)[^<>])++(?=</|\]\]>)")
_DIGITS: Final = re.compile(r"\+?[0-9][0-9 ().\-/]{2,30}[0-9]")
_CLOSED_BY: Final = {")": "(", "]": "[", "}": "{"}
_QUOTES: Final = "\"'"
_OPENING: Final = ("[", "(", "{")
_PEOPLE: Final = frozenset({"name", "address"})
# Bare text behind a colon is mostly prose: for these only digits count there.
_NUMBERS: Final = frozenset({"phone", "card", "account", "national_id", "birth_date", "iban"})
# Too many programs say like this where something of theirs is.
_NOT_IN_TEXT: Final = frozenset({"location"})
# What the virtual machine of Java calls the account that it runs under.
_NO_NAMES: Final = frozenset({"user.name"})
_STARS: Final = re.compile(
    r"(?:\*{3,}|x{4,}|X{4,}|\.{3}|<)(?![^\s,;&)}\]\"'<>])|\*{3,}(?=[\"'])"
    r"|\[(?i:protected|filtered|masked|hidden|redacted|removed|secret)\]"
    r"|\((?:sensitive|known after|hidden|redacted|none|null)[a-z ]{0,32}\)"
)
# What is glued to a marker was no part of what it hides, unless it is the next name.
_HIDDEN: Final = re.compile(rf"{_ANY_MARKER}++(?![\w+/=@!$*~^\-])|{_ANY_MARKER}++(?={_NEXT})")
# Behind a colon a whole pair may stand, which is judged by its own name.
_INNER: Final = re.compile(r"([A-Za-z_][\w.\-]{0,63})(?:[=:]|\Z)")
_GLUED: Final = re.compile(
    rf"(?!{_NEXT})(?:(?=[\w+/=@!$*~^\-])|(?={_ANY_MARKER}))(?:{_ANY_MARKER}|[^\s,;&)}}\]>\"'<\\])++"
)
_ALL_HIDDEN: Final = re.compile(rf"{_ANY_MARKER}++")
# What JSON has without quotes.
_UNQUOTED: Final = f"-{digits}[{{"
_UNQUOTED_END: Final = f"{digits}]}}"
_LEAST: Final = 6
_LEAST_DIGITS: Final = 3
_MOST_IN_BRACES: Final = 128
_NAME_CHARACTERS: Final = f"{ascii_letters}{digits}_.-"
_LONGEST_NAME: Final = 112
# In a text with many marks, all names before them at once are cheaper than one by one.
_SHORT: Final = 256
_APART: Final = 20
_NAME_BEFORE: Final = re.compile(r"(?<![\w.\-])[\w.\-]++(?=[ \t\"'\[\]]{0,16}[=:])", re.ASCII)


class _Span(NamedTuple):
    """Where a value stands."""

    begin: int
    end: int


def may_hold_pairs(text: str, class_of: ClassOf) -> bool:
    """Tell whether a telling name stands before `=` or `:` in text without escapes; cheaper than a search."""
    if len(text) > _SHORT and (text.count("=") + text.count(":")) * _APART > len(text):
        return any(class_of(name[-_LONGEST_NAME:]) is not None for name in {*_NAME_BEFORE.findall(text)})
    for mark in "=:":
        at = text.find(mark)
        while at >= 0:
            before = text[max(0, at - _LONGEST_NAME) : at].rstrip(" \t\"':[]")
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
        # Attributes of a tag, and of an object that is shown like one, are pairs themselves.
        begin = found.end("tag") if found["attributes"] else found.end()
        name = found["name"] or found["tag"]
        kind = class_of(name)
        if kind is not None and kind not in _NOT_IN_TEXT and name not in _NO_NAMES:
            value = _value(text, found, kind, class_of)
            if value is not None:
                attributes = found["attributes"]
                if attributes:
                    pieces.append(text[done : found.start("attributes")])
                    pieces.append(hide_in_pairs(attributes, hide, class_of))
                    done = found.end("attributes")
                in_quotes = _OPENING_QUOTE.match(text, value.begin) is not None
                end = value.end if in_quotes else _end_of_glued(text, value.end)
                pieces.append(text[done : value.begin])
                pieces.append(_hidden(text[value.begin : end], kind, hide, _quote_of(found, kind)))
                done = begin = end
        found = search(text, begin)
    return "".join((*pieces, text[done:])) if pieces else text


def _value(text: str, pair: re.Match[str], kind: str, class_of: ClassOf) -> _Span | None:
    """Find the value behind a name; None where there is none, or it is hidden already."""
    begin = pair.end()
    if _is_hidden(text, begin) or MARKER.match(text, max(0, pair.start() - 1)) is not None:
        return None
    if pair["key"] and text.endswith(_OF_MARKER, 0, pair.start()):
        return None
    if kind == "ip":
        value = addresses_at(text, begin)
        return None if value is None else _Span(*value)
    quoted = _QUOTED.match(text, begin)
    if pair["tag"]:
        value = _span(_CONTENT.match(text, begin))
    elif (pair["mark"] == "," and (quoted is None or not _are_one(text, pair, kind, quoted))) or is_label(
        text, pair, kind
    ):
        value = None
    elif quoted is not None:
        value = _quoted_value(pair, quoted, kind, class_of)
    elif (end := end_of_spaced(text, begin, kind)) is not None:
        value = _Span(begin, end)
    elif (
        text.startswith(_OPENING, begin)
        and (pair["quote"] or pair["mark"] != ":")
        and not _glued(text, begin)
    ):
        value = _bracketed(text, pair, kind, class_of)
    elif kind in IN_HEADERS:
        value = _span(header_value(text, pair))
    else:
        value = _bare_value(text, pair, kind, class_of)
    return value


def _glued(text: str, begin: int) -> bool:
    return MARKER.match(text, begin) is not None


def _quoted_value(pair: re.Match[str], quoted: re.Match[str], kind: str, class_of: ClassOf) -> _Span | None:
    opening = _OPENING_QUOTE.match(quoted[0])
    inner = quoted[0] if opening is None else quoted[0][opening.end() :].removesuffix(opening[1])
    if not inner or is_template(inner, 0, kind, class_of, whole=True) or is_said_in_quotes(inner):
        return None
    if (
        is_place(pair["name"] or "", inner)
        or _ALL_HIDDEN.fullmatch(inner) is not None
        or _STARS.match(inner) is not None
    ):
        return None
    # What a parser did not expect there.
    return None if kind == "token" and not any(map(str.isalnum, inner)) else _span(quoted)


def _are_one(text: str, pair: re.Match[str], kind: str, value: re.Match[str]) -> bool:
    """Tell whether a name and a value in quotes with a comma between are one thing, as ASGI has headers."""
    if pair["option"]:
        # The words of a command.
        return bool(pair["quote"])
    first = pair.start("name")
    opening = text[max(0, first - 3) : first].replace("b", "")[-2:]
    if not pair["quote"] or opening[:1] not in "([" or text[value.end() : value.end() + 1] not in ")]":
        return False
    return kind in IN_HEADERS or _looks_random(value[0])


def _bracketed(text: str, pair: re.Match[str], kind: str, class_of: ClassOf) -> _Span | None:
    """Find the end of a list or of an object, whatever is nested in it; without one, it is all there is."""
    begin = pair.end()
    if not pair["quote"] and is_template(text, begin, kind, class_of):
        return None
    # A password may begin with a bracket that nothing closes.
    within = len(text) if pair["quote"] or kind != "password" else min(len(text), begin + _MOST_IN_BRACES)
    pieces = _PIECE_WITHIN if (pair["quote"] or "").startswith("\\") else _PIECE
    depth = 0
    for piece in pieces.finditer(text, begin, within):
        if piece[0] in _OPENING:
            depth += 1
        elif piece[0] in "])}":
            depth -= 1
        if pieces is _PIECE_WITHIN and piece[0] in _QUOTES:
            return _Span(begin, piece.start())
        if depth == 0:
            end = piece.end()
            is_none = end - begin <= len("[]") or is_place(pair["name"], text[begin:end])
            return None if is_none else _Span(begin, end)
    if pair["quote"] or kind != "password":
        return _Span(begin, len(text))
    return _span(_BARE_PASSWORD.match(text, begin))


def _bare_value(text: str, pair: re.Match[str], kind: str, class_of: ClassOf) -> _Span | None:
    below = value_below(text, pair) if pair["mark"] == ":" and kind in SECRET_CLASSES else None
    if below is not None:
        return _below(text, _Span(*below), kind)
    pattern = _BARE_PASSWORD if kind == "password" else _NAMES if kind in _PEOPLE else _BARE
    bare = pattern.match(text, pair.end())
    if bare is None or is_no_value(text, pair, bare, kind, class_of):
        return None
    if pair["mark"] == ":" and not pair["quote"]:
        inner = _INNER.match(bare[0])
        if inner is not None and class_of(inner[1]) is not None:
            return None
        return _behind_colon(text, pair, bare, kind)
    if kind in _NUMBERS and not _is_number(bare[0]):
        return None
    return _password(text, pair, bare) if kind == "password" else _span(bare)


def _password(text: str, pair: re.Match[str], bare: re.Match[str]) -> _Span:
    end = end_of_words(text, pair, bare)
    closes = _CLOSED_BY.get(text[end : end + 1])
    if closes is not None and bare[0].count(closes) > bare[0].count(text[end]):
        end += 1
    return _Span(bare.start(), end)


def _behind_colon(text: str, pair: re.Match[str], bare: re.Match[str], kind: str) -> _Span | None:
    if kind in _NUMBERS:
        return _span(_DIGITS.match(text, bare.start()))
    if kind in _PEOPLE:
        line = value_in_line(text, pair)
        return None if line is None else _Span(*line)
    if kind not in SECRET_CLASSES:
        return None
    if kind == "password":
        value = _password(text, pair, bare)
        return None if value.end == bare.end() and is_prose(text, bare) else value
    end = end_of_words(text, pair, bare)
    return _Span(bare.start(), end) if end > bare.end() or _looks_random(bare[0]) else None


def _below(text: str, value: _Span, kind: str) -> _Span | None:
    if _is_hidden(text, value.begin):
        return None
    return value if kind == "password" or _looks_random(text[value.begin : value.end]) else None


def _is_number(value: str) -> bool:
    """Tell whether a word can be a number of a person's, and not how many there are, or which kind."""
    value = MARKER.sub("", value)
    return any(map(str.isdigit, value)) and (len(value) >= _LEAST_DIGITS or not value.isdigit())


def _is_hidden(text: str, begin: int) -> bool:
    return _HIDDEN.match(text, begin) is not None or _STARS.match(text, begin) is not None


def _end_of_glued(text: str, end: int) -> int:
    """Return where the value ends with what is glued to it, which would be glued to the marker."""
    found = _GLUED.match(text, end)
    return end if found is None else found.end()


def _quote_of(pair: re.Match[str], kind: str) -> str:
    """Return the quotes of a name, where its value has to have some as well: it is JSON, or nearly."""
    quote: str = pair["quote"] or ""
    return quote if pair["mark"] == ":" and kind != "ip" and not quote.startswith("%") else ""


def _span(found: re.Match[str] | None) -> _Span | None:
    return None if found is None else _Span(*found.span())


def _looks_random(value: str) -> bool:
    value = MARKER.sub("", value)
    return len(value) >= _LEAST and any(each.isdigit() for each in value)


def _hidden(value: str, kind: str, hide: Hide, quote: str) -> str:
    """Hide a value and keep its quotes, so that JSON within text stays JSON."""
    opening = _OPENING_QUOTE.match(value)
    if opening is None:
        quote = quote if value[0] in _UNQUOTED and value[-1] in _UNQUOTED_END else ""
        return f"{quote}{hide(kind, value)}{quote}"
    closing = opening[1]
    inner = value[opening.end() :]
    return f"{opening[0]}{hide(kind, inner.removesuffix(closing))}{closing}"


_OPENING_QUOTE: Final = re.compile(r"[bfru]?(\\{0,7}[\"']|&(?:quot|#3[49]);)")
