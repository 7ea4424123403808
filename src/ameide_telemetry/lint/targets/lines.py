"""One line of a shell, as `sh -c` is given it: simple commands, variables put in."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["assignment", "commands", "filled"]

_SUBSTITUTION: Final = re.compile(r"\$\([^()]*\)|`[^`]*`")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::?[-=]([^{}]*))?\}|(\w+)|\((\w+)\))")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_ENDS: Final = frozenset({"&&", "||", ";", "|", "&", ";;", "|&"})
_DEPTH: Final = 8


def assignment(word: str) -> tuple[str, str] | None:
    """Return name and value of a word such as `A=b`; None for another word."""
    match = _ASSIGNMENT.fullmatch(word)
    return (match[1], match[2]) if match else None


def filled(text: str, environment: Mapping[str, str]) -> str:
    """Return a text with the variables that are known put in; the others stay as they are."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3] or match[4]
        return environment.get(name) or (match[2] if match[2] is not None else match[0])

    for _ in range(_DEPTH):
        before, text = text, _VARIABLE.sub(value, text) if "$" in text else text
        if text == before:
            break
    return text


def commands(line: str, environment: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the simple commands of a line, in order, each as its words."""
    for _ in range(_DEPTH):
        # What a command prints is not known; it must not be taken for words of this one.
        line, count = _SUBSTITUTION.subn("$PRINTED", line)
        if not count:
            break
    words: list[str] = []
    skipped = False
    for word in _words(filled(line, environment)):
        if word in _ENDS:
            if words:
                yield words
            words = []
        elif skipped or not word.strip("<>&"):
            skipped = not skipped
            if skipped and words and words[-1] in {"1", "2"}:
                words.pop()
        elif word not in {"(", ")", "{", "}", "then", "do", "else", "!"}:
            words.append(word)
    if words:
        yield words


def _words(line: str) -> list[str]:
    reader = shlex.shlex(
        line.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=";|&<>"
    )
    reader.whitespace_split = True
    reader.commenters = ""
    try:
        return list(reader)
    except ValueError:  # a quote that is never closed
        return line.split()
