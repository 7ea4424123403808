"""Text from telemetry, made safe and measured for a terminal.

Whatever a service wrote may hold terminal escapes, line breaks or bidirectional overrides. Nothing of
that may reach a terminal, so every value passes `escape` before it is drawn.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Final

__all__ = ["cells", "clock", "day", "duration", "escape", "fit", "pad"]

_WIDE: Final = frozenset("WF")
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NANOSECONDS: Final = 1_000_000_000
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
# The last nanosecond that a calendar of four-digit years knows.
_LAST_SECOND: Final = 253_402_300_799
# Each row: below this many nanoseconds, divide by, unit.
_UNITS: Final = ((1_000, 1, "ns"), (1_000_000, 1_000, "µs"), (_NANOSECONDS, 1_000_000, "ms"))


def escape(value: object) -> str:
    """Return `value` as one line of printable text; anything else is written as an escape sequence."""
    text = value if isinstance(value, str) else str(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def cells(text: str) -> int:
    """Return how many terminal cells escaped text takes (UAX #11: wide characters take two)."""
    if text.isascii():
        return len(text)
    return sum(_cell(each) for each in text)


def fit(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, with an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    taken: list[str] = []
    left = width - 1
    for each in text:
        left -= _cell(each)
        if left < 0:
            break
        taken.append(each)
    return "".join(taken) + "…" if width > 0 else ""


def pad(text: str, width: int) -> str:
    """Return `text` cut or filled with spaces to exactly `width` cells."""
    cut = fit(text, width)
    return cut + " " * (width - cells(cut))


def duration(nanoseconds: int) -> str:
    """Return a length of time in the unit a human would choose: three figures, eight cells at most."""
    size = abs(nanoseconds)
    sign = "-" if nanoseconds < 0 else ""
    for limit, divisor, unit in _UNITS:
        if size < limit:
            return f"{sign}{_figures(size / divisor)} {unit}"
    seconds = size // _NANOSECONDS
    if seconds < _MINUTE:
        return f"{sign}{_figures(size / _NANOSECONDS)} s"
    if seconds < _HOUR:
        return f"{sign}{seconds // _MINUTE}m {seconds % _MINUTE}s"
    if seconds < _DAY:
        return f"{sign}{seconds // _HOUR}h {seconds % _HOUR // _MINUTE}m"
    return f"{sign}{seconds // _DAY} d"


def clock(nanoseconds: int) -> str:
    """Return the UTC time of day of a Unix time, `08:03:11.123`."""
    seconds, rest = divmod(max(nanoseconds, 0), _NANOSECONDS)
    hours, second = divmod(seconds % _DAY, _HOUR)
    return f"{hours:02}:{second // _MINUTE:02}:{second % _MINUTE:02}.{rest // 1_000_000:03}"


def day(nanoseconds: int) -> str:
    """Return the UTC date of a Unix time, `2026-11-22`."""
    seconds = min(max(nanoseconds, 0) // _NANOSECONDS, _LAST_SECOND)
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _figures(value: float) -> str:
    if value >= 100 or value == int(value):  # noqa: PLR2004 three significant figures
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004 the same


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Me":
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:  # noqa: PLR2004 two hex digits hold it
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 four hex digits hold it
