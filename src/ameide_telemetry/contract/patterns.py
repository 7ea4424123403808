"""Regular expressions that mean the same to Python's `re` and to ECMA 262.

JSON Schema prescribes ECMA 262; the library and most Python validators run `re`. The registry keeps to what
both read alike, so that one text serves all of them.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["anchored", "pattern_fault"]

_ESCAPE: Final = re.compile(r"\\[\^$\\.*+?()\[\]{}|/-]")
_CLASS: Final = re.compile(r"\[\^?[^\]]+\]")
_REPEAT: Final = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")
_LETTER: Final = r"only punctuation may be escaped: \d, \w and \b differ between dialects"
# What must not be left once escapes, classes and repetitions, which both dialects read alike, are set aside.
_REFUSED: Final = (
    (re.compile(r"[\^$]"), "anchors are added by the users of a pattern"),
    (re.compile(r"\."), "`.` differs between dialects: name the characters"),
    (re.compile(r"\(\?(?![:!=])"), "only the groups (?:...), (?=...) and (?!...) are read alike"),
    (re.compile(r"[*+?]\+"), "possessive repetition exists in Python only"),
    (re.compile(r"[\[\]{}]"), "a bare bracket or brace, or an empty class, differs between dialects"),
)


def anchored(pattern: str) -> str:
    r"""Return the pattern bound to the whole value, for a search with `re` or ECMA 262.

    Python's `$` also matches before a last newline, and `\Z` does not exist in ECMA 262; `$` followed by
    "no newline here" is the end of the value in both.
    """
    return rf"^(?:{pattern})$(?!\n)"


def pattern_fault(pattern: str) -> str:
    """Return why the pattern cannot be used, or an empty string."""
    unescaped = _ESCAPE.sub("x", pattern)
    if "\\" in unescaped:
        return _LETTER
    bare = _REPEAT.sub("*", _CLASS.sub("x", unescaped))
    for refused, reason in _REFUSED:
        if refused.search(bare):
            return reason
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is not a regular expression: {error}"
    return ""
