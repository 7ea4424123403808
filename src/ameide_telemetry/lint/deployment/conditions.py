"""Conditions of shell scripts: true, false, or not known before it is deployed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.expansion import certain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["holds", "matches"]

_TWO: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda left, right: left == right,
    "==": fnmatchcase,
    "!=": lambda left, right: not fnmatchcase(left, right),
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
}
_NUMBERS: Final[dict[str, Callable[[int, int], bool]]] = {
    "-eq": lambda left, right: left == right,
    "-ne": lambda left, right: left != right,
    "-lt": lambda left, right: left < right,
    "-le": lambda left, right: left <= right,
    "-gt": lambda left, right: left > right,
    "-ge": lambda left, right: left >= right,
}
_LONGEST: Final = 512


def holds(words: Sequence[str]) -> bool | None:
    """Return what `[ words ]` says; None if that depends on where it is deployed."""
    match list(words):
        case []:
            answer: bool | None = False
        case ["!", *rest]:
            inner = holds(rest)
            answer = None if inner is None else not inner
        case [text] | ["-n", text]:
            answer = bool(text) if certain(text) else None
        case ["-z", text]:
            answer = not text if certain(text) else None
        case [left, sign, right] if sign in _TWO or sign in _NUMBERS:
            answer = _compared(left, sign, right)
        case rest:
            answer = _chained(rest)
    return answer


def _chained(words: list[str]) -> bool | None:
    for sign in ("||", "-o", "&&", "-a"):
        if sign in words[1:-1]:
            at = words.index(sign, 1)
            left, right = holds(words[:at]), holds(words[at + 1 :])
            return _both(left, right) if sign in {"&&", "-a"} else _either(left, right)
    return None


def _both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _either(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return None if left is None or right is None else False


def _compared(left: str, sign: str, right: str) -> bool | None:
    if not (certain(left) and certain(right)) or max(len(left), len(right)) > _LONGEST:
        return None
    if sign in _TWO:
        return _TWO[sign](left, right)
    if sign in _NUMBERS and left.isdecimal() and right.isdecimal():
        return _NUMBERS[sign](int(left), int(right))
    return None


def matches(subject: str, pattern: str) -> bool | None:
    """Return whether a `case` pattern takes a subject; None if that is not known."""
    if not (certain(subject) and certain(pattern)) or max(len(subject), len(pattern)) > _LONGEST:
        return None
    return fnmatchcase(subject, pattern)
