"""What was validated and refused, as pydantic and FastAPI say it: the name stands apart from the value.

`{'loc': ('body', 'password'), 'input': '...'}` in a list of errors, and in the text of one the name in a line
of its own above `[type=..., input_value='...', input_type=str]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.redaction.hiding import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ameide_telemetry.redaction.hiding import Hide

    ClassOf = Callable[[str], str | None]

__all__ = ["hide_in_validation", "may_hold_validation", "named_by_place"]

# The members of an error: where, and what was refused.
_PLACE: Final = "loc"
_INPUTS: Final = frozenset({"input", "ctx"})
_MOST_PARTS: Final = 12

_QUOTE: Final = r"\\{0,3}[\"']"
_LOC: Final = re.compile(rf"{_QUOTE}loc{_QUOTE}: ?[(\[](?P<parts>[^()\[\]]{{0,256}}+)[)\]]")
_PART: Final = re.compile(rf"{_QUOTE}([^\"'\\]{{1,96}}+){_QUOTE}")
_INPUT: Final = re.compile(rf"(?P<quote>{_QUOTE})(?:input|ctx)(?P=quote): ?")
_STRINGS: Final = {
    quote: re.compile(rf"{quote}(?:[^\\{quote}]++|\\.)*+{quote}?", re.DOTALL) for quote in ("'", '"')
}
_ESCAPED_STRING: Final = re.compile(r"(\\{1,3}[\"']).*?(?:(?<!\\)\1|\Z)", re.DOTALL)
_PIECE: Final = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"?|'(?:[^'\\]++|\\.)*+'?|[\[({]|[\])}]", re.DOTALL)
_BARE: Final = re.compile(r"[^\s,\])}]++")
_OPENING: Final = ("[", "(", "{")
_VALUE: Final = "input_value="
_VALUE_END: Final = ", input_type="
_QUOTES: Final = ("'", '"')
_MOST_AHEAD: Final = 4_096
_INDENT: Final = " |\t"
_MOST_BEFORE: Final = 1_024
_MOST_LINES: Final = 8
_NEWLINES: Final = ("\n", "\\n")


def may_hold_validation(text: str) -> bool:
    """Tell whether a text may say what was refused; nearly all texts do not."""
    return "input" in text and (_VALUE in text or "loc" in text)


def hide_in_validation(text: str, hide: Hide, class_of: ClassOf) -> str:
    """Return text with the values hidden that were refused under telling names."""
    text = _hide_members(text, hide, class_of)
    return _hide_lines(text, hide, class_of) if _VALUE in text else text


def named_by_place(value: Mapping[Any, Any], class_of: ClassOf) -> tuple[str | None, frozenset[str]] | None:
    """Return the class of what an error holds, and its keys; None where the object is no such error."""
    place = value.get(_PLACE)
    if not isinstance(place, list | tuple) or _INPUTS.isdisjoint(value):
        return None
    return _class_of_place(place[-_MOST_PARTS:], class_of), _INPUTS


def _class_of_place(parts: Iterable[object], class_of: ClassOf) -> str | None:
    """Return the class of what stands at a place, by the last of its names that tells one.

    Behind the name of a field, pydantic says which item of a list and which type of several it tried.
    """
    names = [part for part in parts if isinstance(part, str)]
    return next((kind for name in reversed(names) if (kind := class_of(name)) is not None), None)


def _hide_members(text: str, hide: Hide, class_of: ClassOf) -> str:
    pieces = []
    done = 0
    places = [*_LOC.finditer(text)] if "loc" in text else []
    for number, place in enumerate(places):
        kind = _class_of_place(_PART.findall(place["parts"]), class_of)
        if kind is None:
            continue
        end = places[number + 1].start() if number + 1 < len(places) else len(text)
        member = _INPUT.search(text, max(done, place.end()), end)
        while member is not None:
            first, last = _value(text, member.end(), end)
            if first < last and MARKER.match(text, first) is None:
                pieces.append(text[done:first])
                # JSON stays JSON.
                quote = member["quote"] if first == member.end() else ""
                pieces.append(f"{quote}{hide(kind, text[first:last])}{quote}")
                done = last
            member = _INPUT.search(text, max(last, member.end()), end)
    return "".join((*pieces, text[done:])) if pieces else text


def _value(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return where a value begins and ends, without its quotes."""
    strings = _STRINGS.get(text[begin : begin + 1])
    found = _ESCAPED_STRING.match(text, begin, end) if strings is None else strings.match(text, begin, end)
    if found is not None:
        size = len(found[1]) if strings is None else 1
        closed = found[0].endswith(found[0][:size]) and len(found[0]) >= 2 * size
        return begin + size, found.end() - size if closed else found.end()
    if not text.startswith(_OPENING, begin):
        bare = _BARE.match(text, begin, end)
        return begin, begin if bare is None else bare.end()
    depth = 0
    for piece in _PIECE.finditer(text, begin, end):
        depth += piece[0] in _OPENING
        depth -= piece[0] in "])}"
        if depth == 0:
            return begin, piece.end()
    return begin, end


def _hide_lines(text: str, hide: Hide, class_of: ClassOf) -> str:
    pieces = []
    done = 0
    at = text.find(_VALUE)
    while at >= 0:
        begin = at + len(_VALUE)
        kind = _class_of_place(_place_above(text, at), class_of)
        if kind is not None and MARKER.match(text, begin + text.startswith(_QUOTES, begin)) is None:
            end = _end_of_value(text, begin)
            value = text[begin:end]
            quote = value[0] if value.startswith(_QUOTES) and value.endswith(value[0]) else ""
            if value:
                pieces.append(text[done:begin])
                pieces.append(f"{quote}{hide(kind, value.strip(quote or None))}{quote}")
                done = begin = end
        at = text.find(_VALUE, begin)
    return "".join((*pieces, text[done:])) if pieces else text


def _end_of_value(text: str, begin: int) -> int:
    """Return where the next word about the value stands; without it, the end of the line."""
    last = min(len(text), begin + _MOST_AHEAD)
    for end in (_VALUE_END, "\n"):
        found = text.find(end, begin, last)
        if found >= 0:
            return found
    return last


def _place_above(text: str, at: int) -> tuple[str, ...]:
    """Return the names in the nearest line above that is indented less, as a whole and one by one."""
    first = max(0, at - _MOST_BEFORE)
    newline = next((each for each in _NEWLINES if text.rfind(each, first, at) >= 0), None)
    if newline is None:
        return ()
    end = at
    begin = text.rfind(newline, first, end) + len(newline)
    indent = _indent(text[begin:end])
    for _ in range(_MOST_LINES):
        end = begin - len(newline)
        if end <= first:
            break
        begin = max(text.rfind(newline, first, end) + len(newline), first)
        line = text[begin:end]
        if line.strip(_INDENT) and _indent(line) < indent:
            name = line.strip(_INDENT)
            return (*name.split("."), name)
    return ()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(_INDENT))
