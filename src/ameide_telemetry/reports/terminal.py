"""How a report looks on a terminal: width, colour, and text that cannot do anything to it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "PLAIN",
    "Style",
    "cells",
    "draws",
    "printable",
    "style_for",
    "wants_colour",
    "width_of",
    "wrapped",
    "wrapped_sample",
]

_NARROWEST: Final = 60
_WIDEST: Final = 120
_PIPE_WIDTH: Final = 100
# SGR parameters of ECMA-48; the basic colours follow the theme of the terminal.
_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "underline": "4",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
_ASCII: Final = str.maketrans(
    {
        "│": "|",
        "━": "=",
        "─": "-",
        "✗": "x",
        "✓": "+",
        "▲": "!",
        "•": "-",
        "…": "~",
        "‾": "^",
    }
)


@dataclass(frozen=True, slots=True)
class Style:
    """What a terminal wants.

    Attributes:
        width: cells per row.
        colour: whether SGR sequences may be written.
        ascii: whether line drawing must be spelled in ASCII.
    """

    width: int = _PIPE_WIDTH
    colour: bool = False
    ascii: bool = False

    def paint(self, text: str, *names: str) -> str:
        """Return `text` in the named colours, or as it is where colour is not wanted."""
        codes = ";".join(_CODES[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes and text else text

    def glyphs(self, text: str) -> str:
        """Return `text` with line drawing that the terminal can show."""
        return text.translate(_ASCII) if self.ascii else text


PLAIN: Final = Style()
"""For files and pipes."""


def style_for(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Return the style for what is written to `stream`."""
    return Style(
        width=min(max(width_of(stream, _PIPE_WIDTH), _NARROWEST), _WIDEST),
        colour=wants_colour(stream, environ),
        ascii=not draws(stream, "│✗━"),
    )


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether to write colours to `stream`.

    They go to terminals only, never with `NO_COLOR` (no-color.org: set and not empty) nor to `TERM=dumb`;
    `FORCE_COLOR` asks for them anywhere. `NO_COLOR` wins over `FORCE_COLOR`.
    """
    wanted = bool(environ.get("FORCE_COLOR")) or (stream.isatty() and environ.get("TERM") != "dumb")
    return wanted and not environ.get("NO_COLOR")


def width_of(stream: TextIO, otherwise: int) -> int:
    """Return the cells of a row of a terminal; `otherwise` for what is none, or does not say."""
    if not stream.isatty():
        return otherwise
    import shutil  # noqa: PLC0415 what is read by programs is quicker without

    return shutil.get_terminal_size((otherwise, 24)).columns


def draws(stream: TextIO, glyphs: str) -> bool:
    """Tell whether the encoding of `stream` has these characters."""
    try:
        glyphs.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def printable(text: str) -> str:
    """Return `text` as one line of printable characters; any other is written as an escape."""
    return text if text.isprintable() else "".join(map(_shown, text))


def cells(text: str) -> int:
    """Return how many cells printable text takes (UAX #11: wide characters take two)."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield rows of at most `width` cells, broken at spaces; a longer word is broken anywhere."""
    row = ""
    for word in text.split(" "):
        joined = f"{row} {word}" if row else word
        if cells(joined) <= width:
            row = joined
            continue
        if row:
            yield row
        *full, row = [piece for piece, _ in _pieces(word, "." * len(word), width)] or [""]
        yield from full
    yield row


def wrapped_sample(text: str, mark: tuple[int, int] | None, width: int) -> Iterator[tuple[str, int, int]]:
    """Yield rows of at most `width` cells, each with the begin and end of what is marked in it.

    Args:
        text: any text; what is not printable is escaped first.
        mark: begin and end of the marked part of `text`.
        width: cells per row.
    """
    begin, end = mark or (0, 0)
    shown = [_shown(each) for each in text]
    marked = "".join(("x" if begin <= at < end else ".") * len(piece) for at, piece in enumerate(shown))
    for piece, marks in _pieces("".join(shown), marked, width):
        first = marks.find("x")
        yield piece, max(first, 0), marks.rfind("x") + 1


def _pieces(text: str, marks: str, width: int) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        end = at + width
        while cells(text[at:end]) > width:
            end -= 1
        end = max(end, at + 1)
        if end < len(text):
            end = _good_break(text, at, end)
        yield text[at:end], marks[at:end]
        at = end


def _good_break(text: str, begin: int, end: int) -> int:
    """Return where to break before `end`: behind a comma or a space, if one is near."""
    near = begin + (end - begin) // 2
    found = max(text.rfind(",", near, end), text.rfind(" ", near, end))
    return found + 1 if found >= 0 else end


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _cell(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
