"""Files that hold text in another encoding than UTF-8, told by their first bytes."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["foreign_encoding"]

# How a file begins -> the name that `iconv` knows. A mark at the beginning tells the order of the bytes by
# itself; the mark of UTF-32 begins with that of UTF-16. Without a mark, two characters of ASCII tell it.
_BEGINNINGS: Final = (
    (re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff"), "UTF-32"),
    (re.compile(rb"\xff\xfe|\xfe\xff"), "UTF-16"),
    (re.compile(rb"(?:[\t -~]\0\0\0){2}"), "UTF-32LE"),
    (re.compile(rb"(?:\0\0\0[\t -~]){2}"), "UTF-32BE"),
    (re.compile(rb"(?:[\t -~]\0){2}"), "UTF-16LE"),
    (re.compile(rb"(?:\0[\t -~]){2}"), "UTF-16BE"),
)


def foreign_encoding(head: bytes) -> str:
    """Return the name of the encoding that text in a file has, empty for UTF-8 and what is no text.

    Args:
        head: the first bytes of it.
    """
    return next((name for beginning, name in _BEGINNINGS if beginning.match(head)), "")
