"""A command as it is written in a file: the words of a list or of a line of a shell, with their places."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cut", "cuts"]

_LONGEST: Final = 20_000
_MOST: Final = 200
_KEY: Final = r"[ \t]*(?:-[ \t]+)?(?:\"[\w./-]+\"|[\w./-]+)[ \t]*[:=][ \t]*"
_HEAD: Final = re.compile(
    rf"(?:{_KEY}|[ \t]*(?:CMD|ENTRYPOINT|RUN)[ \t]+|[ \t]*-[ \t]+|[ \t]*)", re.IGNORECASE
)
_BLANKS: Final = re.compile(r"(?:\s|\\\r?\n)*")
_ITEM: Final = re.compile(
    r"\"(?:[^\"\\\r\n]|\\.)*\"|'(?:[^'\r\n]|'')*'|[^\s\"'\[\]{},#&*!|>%@`][^\"'\[\]{},#:\r\n]*(?::[^\s\"'\[\]{},#][^\"'\[\]{},#:\r\n]*)*"
)
_DASHED: Final = re.compile(r"([ \t]*)-[ \t]+(\S[^\r\n]*?)[ \t]*(?:\r?\n|\Z)")
_OPENS: Final = re.compile(rf"{_KEY}\r?\n")
_BLOCK: Final = re.compile(r"[|>][+-]?[ \t]*\r?\n")
_GAP: Final = r"(?:[ \t]|\\\r?\n)+"
_FOLDED: Final = r"\s+"


class Cut(NamedTuple):
    """A part of a command that could go.

    Attributes:
        begin: offset in the text, in characters.
        end: offset behind it.
        before: words of the command as it is.
        after: words of the command without the part.
    """

    begin: int
    end: int
    before: list[str]
    after: list[str]


class _Word(NamedTuple):
    """A word of a list; `inside` is where its text stands as it is, -1 where it is written otherwise."""

    begin: int
    text: str
    inside: int


def cuts(text: str, at: int, program: str, verbs: tuple[str, ...]) -> Iterator[Cut]:
    """Yield the places where a program stands in a command, in every form that the text may have.

    Args:
        text: of the file.
        at: where the line begins that has the command, or the key of it.
        program: its name, without folders.
        verbs: words behind it that go with it.
    """
    for words in (_listed(text, at), _dashed(text, at)):
        yield from _of_list(words, program, verbs)
    for begin, end, gap in dict.fromkeys(_lines(text, at)):
        line = text[begin:end]
        for found in _standing(line, program, verbs, gap):
            less = line[: found.start()] + line[found.end() :]
            yield Cut(begin + found.start(), begin + found.end(), _shell(line, gap), _shell(less, gap))


def _shell(line: str, gap: str) -> list[str]:
    return ["sh", "-c", line.replace("\r\n", "\n").replace("\n", " " if gap == _FOLDED else "\n")]


def _standing(line: str, program: str, verbs: tuple[str, ...], gap: str = _GAP) -> Iterator[re.Match[str]]:
    tail = "".join(f"{re.escape(verb)}{gap}" for verb in verbs)
    return re.finditer(rf"(?<![^\s;&|(])(?:[\w.~/-]*/)?{re.escape(program)}{gap}{tail}(?=\S)", line)


def _of_list(words: list[_Word], program: str, verbs: tuple[str, ...]) -> Iterator[Cut]:
    before = [each.text for each in words]
    for number, each in enumerate(words):
        following = number + 1 + len(verbs)
        if each.text.rpartition("/")[2] == program and following < len(words):
            if tuple(before[number + 1 : following]) == verbs:
                after = before[:number] + before[following:]
                yield Cut(each.begin, words[following].begin, before, after)
        elif each.inside >= 0 and len(each.text) < _LONGEST:
            for found in _standing(each.text, program, verbs):
                less = each.text[: found.start()] + each.text[found.end() :]
                after = [*before[:number], less, *before[number + 1 :]]
                yield Cut(each.inside + found.start(), each.inside + found.end(), before, after)


# ---------------------------------------------------------------------- the forms


def _listed(text: str, at: int) -> list[_Word]:
    """Return the words of a list in brackets, in several lines too."""
    head = _HEAD.match(text, at)
    place = _skipped(text, head.end() if head else at)
    if text[place : place + 1] != "[":
        return []
    words: list[_Word] = []
    place = _skipped(text, place + 1)
    while len(words) < _MOST and (found := _ITEM.match(text, place)):
        word = _word(found[0], place)
        if word is None:
            return []
        words.append(word)
        place = _skipped(text, found.end())
        if text[place : place + 1] == ",":
            place = _skipped(text, place + 1)
        if text[place : place + 1] == "]":
            return words
    return []


def _skipped(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _word(raw: str, begin: int) -> _Word | None:
    bare = raw.rstrip()
    text: object = bare
    if bare[0] == "'":
        text = bare[1:-1].replace("''", "'")
    elif bare[0] == '"':
        try:
            text = json.loads(bare)
        except ValueError:
            return None
    if not isinstance(text, str):
        return None
    lead = bare[0] in "\"'"
    return _Word(begin, text, begin + lead if text == bare[lead : len(bare) - lead] else -1)


def _dashed(text: str, at: int) -> list[_Word]:
    """Return the words of a list of which each has a line; they go with their lines."""
    opened = _OPENS.match(text, at)
    place = opened.end() if opened else at
    words: list[_Word] = []
    indent = None
    while len(words) < _MOST and (found := _DASHED.match(text, place)):
        item = _ITEM.fullmatch(found[2])
        word = _word(found[2], found.start(2)) if item else None
        if indent not in {None, found[1]} or word is None:
            break
        indent = found[1]
        words.append(word._replace(begin=place))
        place = found.end()
    return words


def _lines(text: str, at: int) -> Iterator[tuple[int, int, str]]:
    """Yield what may be a line of a shell, with what stands in front of it and without: limits, blanks."""
    end = at
    while True:
        stop = text.find("\n", end)
        end = len(text) if stop < 0 else stop
        if stop < 0 or not text[at:end].rstrip("\r").endswith("\\") or end - at > _LONGEST:
            break
        end += 1
    if end - at > _LONGEST:
        return
    head = _HEAD.match(text, at)
    begin = head.end() if head else at
    block = _BLOCK.match(text, begin)
    if block:
        yield (*_block(text, at, block.end()), _FOLDED if text[begin] == ">" else _GAP)
        return
    stop = begin + len(text[begin:end].rstrip())
    quote = text[begin : begin + 1]
    inner = text[begin + 1 : stop - 1]
    if quote in {'"', "'"} and stop - begin > 1 and text[stop - 1] == quote:
        if quote not in inner and "\\" not in inner:
            yield begin + 1, stop - 1, _GAP
        return
    yield begin, stop, _GAP
    yield at, stop, _GAP


def _block(text: str, at: int, begin: int) -> tuple[int, int]:
    """Return the limits of a text of YAML that goes on as long as its rows stand further in."""
    first = text[at:begin]
    indent = len(first) - len(first.lstrip(" "))
    end = begin
    while end < len(text) and end - begin < _LONGEST:
        stop = text.find("\n", end)
        row = text[end : len(text) if stop < 0 else stop]
        if row.strip() and len(row) - len(row.lstrip(" ")) <= indent:
            break
        end = len(text) if stop < 0 else stop + 1
    return begin, end
