"""How a terminal wants to be written to: width, colour, and whether it can show line drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from ameide_telemetry.local.text import cells, fit
from ameide_telemetry.reports.terminal import draws, wants_colour, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["PLAIN", "Segment", "Style"]

Segment = tuple[str, ...]
"""A text, already escaped, and the names of its colours."""

_NARROWEST: Final = 60
_WIDEST: Final = 160
_PIPE_WIDTH: Final = 110
# SGR parameters of ECMA-48; the sixteen basic colours follow the theme of the terminal.
_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "bright_red": "1;31",
    "bright_blue": "94",
    "bright_cyan": "96",
    "bright_green": "92",
    "bright_magenta": "95",
}
_ASCII: Final = str.maketrans(
    {
        "├": "|",
        "└": "`",
        "│": "|",
        "─": "-",
        "━": "=",
        "╺": "=",
        "╸": "=",
        "·": "-",
        "…": "~",
        "✗": "x",
        "µ": "u",
        "⋮": ":",
    }
)


@dataclass(frozen=True, slots=True)
class Style:
    """One terminal's wishes.

    Attributes:
        width: cells per row.
        colour: whether SGR sequences may be written.
        ascii: whether line drawing and dots must be spelled in ASCII.
    """

    width: int = _PIPE_WIDTH
    colour: bool = False
    ascii: bool = False

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str], *, width: int | None = None) -> Style:
        """Return the style for `stream`; `width` stands in for that of the terminal."""
        cells_per_row = width_of(stream, _PIPE_WIDTH) if width is None else width
        return cls(
            width=min(max(cells_per_row, _NARROWEST), _WIDEST),
            colour=wants_colour(stream, environ),
            ascii=not draws(stream, "├━✗"),
        )

    def paint(self, text: str, *names: str) -> str:
        """Return `text` in the named colours, or as it is where colour is not wanted."""
        codes = ";".join(_CODES[name] for name in names if name)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes and text else text

    def row(self, segments: Iterable[Segment], width: int | None = None) -> str:
        """Return segments as one row, cut to `width` cells where one is given."""
        painted: list[str] = []
        left = width
        for text, *names in segments:
            shown = text if left is None else fit(text, left)
            left = None if left is None else left - cells(shown)
            painted.append(self.paint(shown, *names))
        return self.glyphs("".join(painted)).rstrip()

    def glyphs(self, text: str) -> str:
        """Return `text` with line drawing that the terminal can show."""
        return text.translate(_ASCII) if self.ascii else text


PLAIN: Final = Style()
