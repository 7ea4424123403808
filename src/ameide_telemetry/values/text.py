"""Any object -> text, and text -> text that UTF-8 can hold."""

from __future__ import annotations

import re
from typing import Any, Final

from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.sketch import is_light, sketch

__all__ = ["exact", "key_text", "printable", "shorten", "text_of", "type_name", "valid", "word_end"]

_MAX_KEY: Final = 256
# Longer than an address, which half of is not recognised as one any more.
_MAX_WORD: Final = 256
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_NAME: Final = type.__dict__["__name__"].__get__


def exact(text: str) -> str:
    """Return a `str` as a plain one: a subclass may override anything that is asked of it later."""
    return text if type(text) is str else str.__str__(text)


def text_of(value: object) -> str:
    """Return `str(value)`, or a marker with the type's name where that raises or is no text.

    Of a container that holds very much, or itself over and over, the text begins as one would expect.
    """
    text = contained(_text, value)
    return f"<unprintable {type_name(value)}>" if text is None else exact(text)


def printable(value: Any) -> Any:
    """Return a value that `%` can format: itself, or the beginning of what would not end."""
    return value if is_light(value) else _Sketch(value)


class _Sketch:
    """Stands for a container where its text is asked for."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return sketch(self._value)

    def __str__(self) -> str:
        # A group says how many members it has, and nothing of them.
        if type(self._value).__str__ is BaseExceptionGroup.__str__:
            return str(self._value)
        return sketch(self._value)


def _text(value: object) -> str:
    return str(printable(value))


def key_text(key: object) -> str:
    """Return a mapping key as plain text of at most 256 characters that UTF-8 can hold."""
    text = key if type(key) is str else str.__str__(key) if issubclass(type(key), str) else text_of(key)
    if len(text) > _MAX_KEY:
        text = text[:_MAX_KEY]
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def type_name(value: object) -> str:
    """Return the name of a value's type; a metaclass cannot interfere."""
    name: str = _NAME(type(value))
    return name


def valid(text: str) -> str:
    """Return text without lone surrogates, which UTF-8 cannot hold: each becomes U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a text longer than `limit` characters, saying how much; words stay whole."""
    if len(text) <= limit:
        return text
    half = limit // 2
    backwards = text[-half - 1 :][::-1]
    first, last = word_end(text, half), len(text) - word_end(backwards, half)
    return f"{text[:first]}\n<{last - first} characters left out>\n{text[last:]}"


def word_end(text: str, limit: int) -> int:
    """Return where to cut a text so that at most `limit` characters are left, and none of a word."""
    if limit >= len(text) or text[limit].isspace():
        return limit
    for place in range(limit, max(0, limit - _MAX_WORD), -1):
        if text[place - 1].isspace():
            return place
    return limit
