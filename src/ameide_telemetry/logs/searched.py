"""A text as it may be shown: searched for what must not leave the process, then cut.

In this order, for half of a secret is not recognised any more. Of a very long text only the parts that are
shown are searched, and a little more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.values.plain import MAX_TEXT
from ameide_telemetry.values.text import shorten, word_end

if TYPE_CHECKING:
    from ameide_telemetry.redaction import Found, Redactor

__all__ = ["searched", "searched_field"]

_WHOLE: Final = 24_000
# Longer than any secret but a private key, which is recognised by its beginning.
_MARGIN: Final = 4_096


def searched(text: str, redactor: Redactor, found: Found) -> str:
    """Return text without what must not be shown, its middle cut out where it is longer than `MAX_TEXT`."""
    if len(text) <= _WHOLE:
        shown = redactor.text(text, found)
        return shown if len(shown) <= MAX_TEXT else shorten(shown, MAX_TEXT)
    return _ends(text, redactor.text(_first(text), found), redactor.text(_last(text), found))


def searched_field(name: str, text: str, redactor: Redactor, found: Found) -> str:
    """Return the text of a field in the same way; what is called like a secret is hidden as a whole."""
    if len(text) <= _WHOLE:
        shown: str = redactor.field(name, text, found)
        return shown if len(shown) <= MAX_TEXT else shorten(shown, MAX_TEXT)
    first = redactor.field(name, _first(text), found)
    if len(first) <= MAX_TEXT // 2:
        return first  # type: ignore[no-any-return]
    return _ends(text, first, redactor.field(name, _last(text), found))


def _first(text: str) -> str:
    return text[: MAX_TEXT // 2 + _MARGIN]


def _last(text: str) -> str:
    return text[-MAX_TEXT // 2 - _MARGIN :]


def _ends(text: str, first: str, last: str) -> str:
    half = MAX_TEXT // 2
    first = first[: word_end(first, half)]
    last = last[len(last) - word_end(last[::-1], half) :]
    return f"{first}\n<{len(text) - len(first) - len(last)} characters left out>\n{last}"
