"""Values behind the names that a deployment keeps: out of a text before it is searched, and back again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["KEPT_VALUE", "Keeper"]

# For private use: a text that has them already is searched as it is. What stands between them says which
# value it is, and is neither a letter nor a digit to any search.
_FIRST: Final = "\ue0f0"
_LAST: Final = "\ue0f1"
_ZERO: Final = 0xE100
_MOST: Final = 4_096
KEPT_VALUE: Final = re.compile(f"{_FIRST}([{chr(_ZERO)}-{chr(_ZERO + _MOST)}]){_LAST}")
"""What stands in the place of such a value."""

_VALUE: Final = (
    r"(?:\\{0,3}[\"']|%22)?\]?[ \t]{0,8}(?:=>|:=|[=:]|%3[AaDd])[ \t]{0,8}(?P<opening>\\{0,3}[\"']|%22)?"
    r"(?P<value>(?(opening)(?:(?!(?P=opening))[^\r\n]){1,1024}+|[^\s,;&)}\]>\"'<\\]{1,1024}+))"
)


class Keeper:
    """Takes values out of text and puts them back.

    Args:
        names: in full, as the deployment wrote them; at least one.
    """

    __slots__ = ("_pattern",)

    def __init__(self, names: Collection[str]) -> None:
        either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._pattern = re.compile(rf"(?<![\w.\-])(?:{either}){_VALUE}", re.IGNORECASE)

    def take(self, text: str) -> tuple[str, list[str]]:
        """Return text without the values, and the values."""
        kept: list[str] = []
        if _FIRST in text:
            return text, kept

        def place(found: re.Match[str]) -> str:
            begin, end = (place - found.start() for place in found.span("value"))
            kept.append(found["value"])
            return f"{found[0][:begin]}{_FIRST}{chr(_ZERO + len(kept) - 1)}{_LAST}{found[0][end:]}"

        return self._pattern.sub(place, text, count=_MOST), kept

    @staticmethod
    def put(text: str, kept: Sequence[str]) -> str:
        """Return text with the values again, as far as their places are still there."""
        return KEPT_VALUE.sub(lambda found: kept[ord(found[1]) - _ZERO], text) if kept else text
