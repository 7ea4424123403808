"""Patterns of paths in settings: `*` fits any text, `**/` also none, and a folder is all that is in it."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import islice, product
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["PATTERNS", "are_patterns", "fits", "spelled"]

# Nothing above or beside the folder that it is relative to can be meant.
_FORM: Final = r"^(?!/)(?!\.\.(/|$))[^\u0000]+$"
PATTERNS: Final[Mapping[str, Any]] = {"type": "array", "items": {"type": "string", "pattern": _FORM}}
"""A list of them, in JSON Schema."""
_HERE: Final = re.compile(r"(\./+)+")
_ANY_FOLDERS: Final = re.compile(r"(?<![^/])(?:\*\*/+)+")
# Twice as many with each `**/`; nobody writes as many as that.
_MOST: Final = 64


def are_patterns(value: object) -> bool:
    """Return whether a value is what `PATTERNS` accepts."""
    return isinstance(value, list) and all(isinstance(each, str) and re.search(_FORM, each) for each in value)


def spelled(pattern: str) -> tuple[str, ...]:
    """Return the patterns of `fnmatch` that fit together what people mean by one."""
    named = _HERE.sub("", pattern, count=1) if pattern.startswith("./") else pattern
    named = named.rstrip("/")
    if named in {"", "."}:
        return ("*",)
    parts = _ANY_FOLDERS.split(named)
    ways = product(*[("**/", "")] * (len(parts) - 1))
    joined = ("".join(map("".join, zip(parts, (*way, ""), strict=True))) for way in islice(ways, _MOST))
    return tuple(each or "*" for each in dict.fromkeys(joined))


def fits(path: str, patterns: Iterable[str]) -> bool:
    """Return whether a path, or a folder that it is in, is fitted by a pattern of `fnmatch`.

    Args:
        path: relative, with `/`.
        patterns: spelled.
    """
    parts = path.split("/")
    around = ["/".join(parts[:size]) for size in range(1, len(parts) + 1)]
    return any(fnmatchcase(each, pattern) for pattern in patterns for each in around)
