"""The plain case of a line: one flat object, read at the speed of the parser.

What any of the parsers would read differently from another, or pass over, is not plain: it is left to `line`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["plain_record"]

_ESCAPE: Final = re.compile(r'(?<!\\)(?:\\\\)*+\\[^\\"/nrt]').search
_CONTROL: Final = re.compile("[\x7f-\x9f]").search
# Parsers differ in what they make of large numbers.
_MAY_BE_LARGE: Final = re.compile(r"[0-9]{16}|[0-9][eE]").search
_LARGE: Final = 10**15
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def plain_record(raw: bytes, text: str, loads: Callable[[bytes, str], Any]) -> dict[str, Any] | None:
    """Return the record of a line in which nothing is odd; None where somebody has to look closer.

    Args:
        raw: the line without its newline.
        text: the same as text.
        loads: parses it; raises ValueError for what is not JSON.
    """
    if text[:1] != "{" or text[-1:] != "}" or ("\\" in text and _ESCAPE(text) is not None):
        return None
    if (not text.isascii() or "\x7f" in text) and _CONTROL(text) is not None:
        return None
    try:
        record = loads(raw, text)
    except ValueError:
        return None
    if type(record) is not dict or not _SCALARS.issuperset(map(type, record.values())):
        return None
    # A key that is there twice has two colons. Spaces before a colon hide it from this count.
    if text.count('":') != len(record) or '" ' in text or '"\t' in text or '"\r' in text:
        return None
    return record if _small_numbers(text, record) else None


def _small_numbers(text: str, record: dict[str, Any]) -> bool:
    if _MAY_BE_LARGE(text) is None:
        return True
    return all(-_LARGE < value < _LARGE for value in record.values() if isinstance(value, int | float))
