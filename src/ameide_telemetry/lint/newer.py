"""What a line that does not parse may be: grammar of a newer Python than this one, or of Python 2."""

from __future__ import annotations

import re
import sys
from typing import Final

__all__ = ["grammar_of"]

# Since which Python, what it is called, and how a line of it looks; the newest that fits is told.
_NEWS: Final[tuple[tuple[tuple[int, int], str, re.Pattern[str]], ...]] = (
    ((3, 15), "a lazy import", re.compile(r"\s*lazy\s+(import|from)\s")),
    ((3, 14), "a template string", re.compile(r"(?i).*(?<![\w\"'])(t|rt|tr)[\"']")),
    ((3, 14), "`except` of several without brackets", re.compile(r"\s*except\*?\s+[\w.]+\s*,\s*[\w.]+.*:")),
    (
        (3, 13),
        "a type parameter with a default",
        re.compile(r"\s*(async\s+def|def|class|type)\s+\w+\[[^]]*[^=]=[^=]"),
    ),
    ((3, 12), "a type parameter", re.compile(r"\s*(async\s+def|def|class)\s+\w+\s*\[")),
    ((3, 12), "a `type` statement", re.compile(r"\s*type\s+\w+\s*(\[.*\])?\s*=")),
    ((3, 12), "an f-string with its own quotes inside", re.compile(r"(?i).*(?<![\w\"'])(f|rf|fr)[\"']")),
)
_OLD: Final = re.compile(r"\s*(print\s+[^(=\s]|exec\s+[\"'\w]|raise\s+\w+\s*,|.*<>)")


def grammar_of(row: str, version: tuple[int, int] = sys.version_info[:2]) -> str:
    """Return what a line may be that this Python cannot read; empty if nobody knows.

    Args:
        row: the line that the parser stopped at.
        version: of the Python that reads.
    """
    for since, name, form in _NEWS:
        if since > version and form.match(row):
            needed, here = (".".join(map(str, each)) for each in (since, version))
            return f"{name} needs Python {needed} or newer, and the lint runs on {here}"
    return "this is a statement of Python 2" if _OLD.match(row) else ""
