"""A line as it is shown in a report: without what must not be shown, cut, with the place that is meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ameide_telemetry.logcheck.line import Line
    from ameide_telemetry.logcheck.personal import PersonalData

__all__ = ["Sample", "printable", "sample_of"]

_WIDTH: Final = 320
_BEFORE: Final = 80
_LONGEST_VALUE: Final = 160
_MAX_PAIRS: Final = 64
_CUT: Final = "..."
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode
_SEARCHED: Final = 4_096

Sample = tuple[str, tuple[int, int] | None]
"""The text, and the part of it that is meant."""


def sample_of(line: Line, key: str, personal: PersonalData) -> Sample:
    """Return a line as it is shown.

    Args:
        line: what was read of it.
        key: the field that is meant; empty for the line itself.
        personal: takes out what must not be shown.
    """
    if line.record is None:
        return printable(_shortened(personal.shown_text(line.text[:_SEARCHED]), _WIDTH)), None
    parts: list[str] = []
    mark = None
    begin = 1
    for name, value in line.pairs[:_MAX_PAIRS]:
        text = _pair(name, value, personal)
        # Of a repeated key the last one counts.
        if name == key:
            mark = (begin, begin + len(text))
        parts.append(text)
        begin += len(text) + 1
    return _window("{" + ",".join(parts) + "}", mark)


def _pair(name: str, value: Any, personal: PersonalData) -> str:
    shown = printable(_encoded(personal.shown(name, value)))
    return f"{printable(_encoded(personal.shown_text(name)))}:{_shortened(shown, _LONGEST_VALUE)}"


def _encoded(value: Any) -> str:
    try:
        return _ENCODE(value)
    except (ValueError, RecursionError):
        return '"<cannot be shown>"'


def _window(text: str, mark: tuple[int, int] | None) -> Sample:
    if len(text) <= _WIDTH:
        return text, mark
    if mark is None or mark[1] <= _WIDTH:
        return _shortened(text, _WIDTH), mark
    first = mark[0] - _BEFORE
    shown = _CUT + _shortened(text[first:], _WIDTH)
    offset = first - len(_CUT)
    return shown, (mark[0] - offset, min(mark[1] - offset, len(shown)))


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - len(_CUT)] + _CUT


def printable(text: str) -> str:
    """Return text without characters that would move the cursor or that no stream takes."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "\ufffd" for each in text)
