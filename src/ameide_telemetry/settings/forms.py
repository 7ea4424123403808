"""What a value may look like: text of a variable -> object -> checked value.

Every form does two steps. `read` turns the text of an environment variable into an object and is not
used for arguments; `take` checks an object's type and range and returns the value that is kept. What
neither accepts raises `RefusedError`, which the resolver turns into a finding with the accepted form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.settings import codes
from ameide_telemetry.settings.foreign import type_name
from ameide_telemetry.settings.secrets import concealed_text, has_credentials

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ABSENT",
    "BOOLEAN",
    "CI",
    "LEVEL",
    "MILLISECONDS",
    "PRESENT",
    "RATIO",
    "SECONDS",
    "TEXT",
    "TIMEOUT",
    "Form",
    "RefusedError",
    "choice",
    "exporter",
    "mapped",
    "names",
    "shown",
    "split",
    "whole",
]

_WORDS: Final = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "no", "off"), False
)
_LEVELS: Final = {
    "trace": 5,
    "debug": 10,
    "info": 20,
    "warn": 30,
    "warning": 30,
    "error": 40,
    "critical": 50,
    "fatal": 50,
}
_LONGEST_TEXT: Final = 255
_LONGEST_LEVEL: Final = 2
_LONGEST_WAIT: Final = 86_400.0
_FIRST_MILLISECONDS: Final = 100.0
_SHOWN: Final = 60
_LONGEST_LOOK: Final = 1_000
_LONGEST_NUMBER: Final = 200
# Python's own readers also take `1_000` and the digits of other scripts.
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)


class RefusedError(ValueError):
    """A value that a form does not accept.

    Attributes:
        reason: why, without any secret; empty when the accepted form says it all.
        code: the finding's code.
        kept: what can be used of the value all the same; None for nothing.
        entries: for a list, a sentence about each wrong entry; each becomes a finding of its own.
        instead: what happens in lenient mode; empty where the reason says it.
    """

    def __init__(
        self,
        reason: str = "",
        *,
        code: str = codes.BAD_VALUE,
        kept: object = None,
        entries: tuple[str, ...] = (),
        instead: str = "ignored",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.kept = kept
        self.entries = entries
        self.instead = instead


def shown(value: object) -> str:
    """Return a short text for `value` that shows no secret and never runs the code of a foreign object."""
    if type(value) is str:
        text = repr(concealed_text(value[:_LONGEST_LOOK]))
    elif type(value) is int and value.bit_length() > _LONGEST_NUMBER:
        # The interpreter refuses to write it in decimal.
        return f"a number of {value.bit_length()} bits"
    elif value is None or type(value) in (bool, int, float):
        text = repr(value)
    else:
        return f"a value of type {type_name(value)}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


class Form(NamedTuple):
    """One accepted form.

    Attributes:
        accepted: the form in words, for messages and the reference page.
        read: text of a variable -> object; None from it means that the variable says nothing.
        take: object -> checked value.
        show: value -> text for a message; hides what is secret.
    """

    accepted: str
    read: Callable[[str], object]
    take: Callable[[object], object]
    show: Callable[[object], str] = shown


def _read_boolean(text: str) -> bool:
    try:
        return _WORDS[text.lower()]
    except KeyError:
        raise RefusedError from None


def _take_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise RefusedError
    return value


def _number(text: str) -> float:
    if not text.isascii() or "_" in text:
        raise RefusedError
    try:
        return float(text)
    except ValueError:
        raise RefusedError from None


def _between(low: float, high: float, *, above_low: bool = False) -> Callable[[object], float]:
    def take(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError
        # Written so that NaN, which compares to nothing, is refused too.
        if not low <= value <= high or (above_low and value == low):
            raise RefusedError
        return float(value)

    return take


def _read_timeout(text: str) -> float:
    number = _number(text)
    return number if number < _FIRST_MILLISECONDS else number / 1000


def whole(low: int, high: int) -> Form:
    """Return the form of a whole number from `low` to `high`."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise RefusedError
        return int(text)

    def take(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise RefusedError
        return value

    return Form(f"a whole number from {low} to {high}", read, take)


def _take_text(value: object) -> str:
    if not isinstance(value, str):
        raise RefusedError
    text = value.strip()
    if not text or len(text) > _LONGEST_TEXT or not text.isprintable():
        raise RefusedError
    if has_credentials(text):
        raise RefusedError("it holds a URL with credentials")
    return text


def choice(*allowed: str, safest: str | None = None) -> Form:
    """Return the form of one of the words `allowed`, in any case; `safest` holds where another one stands."""

    def take(value: object) -> str:
        if not isinstance(value, str) or value.strip().lower() not in allowed:
            if safest:
                raise RefusedError(kept=safest, instead=f"{safest} is in force, the safest")
            raise RefusedError
        return value.strip().lower()

    return Form(", ".join(allowed), str, take)


def mapped(words: dict[str, str], accepted: str) -> Form:
    """Return the form of a variable whose words stand for values of another setting.

    A list is accepted when only one of its words is known.
    """

    def read(text: str) -> str:
        known = {words[word] for word in split(text.lower()) if word in words}
        if len(known) != 1:
            raise RefusedError
        return known.pop()

    return Form(accepted, read, _take_text)


def exporter() -> Form:
    """Return the form of `OTEL_TRACES_EXPORTER` and `OTEL_METRICS_EXPORTER`."""
    allowed = ("otlp", "console", "none")
    one = choice(*allowed)
    listed = mapped({word: word for word in allowed}, "")
    return Form(f"{one.accepted}; a list when only one of it is known", listed.read, one.take)


def split(text: str) -> tuple[str, ...]:
    """Return the non-empty, stripped parts of a comma-separated text."""
    return tuple(part for part in (part.strip() for part in text.split(",")) if part)


def names(accepted: str, check: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Form:
    """Return the form of a list of texts: comma-separated in a variable, a sequence as an argument."""

    def take(value: object) -> tuple[str, ...]:
        parts = split(value) if isinstance(value, str) else value
        if not isinstance(parts, list | tuple | set | frozenset):
            raise RefusedError
        if not all(isinstance(part, str) for part in parts):
            raise RefusedError
        ordered = sorted(parts) if isinstance(parts, set | frozenset) else parts
        return check(tuple(dict.fromkeys(part.strip() for part in ordered)))

    return Form(accepted, str, take)


def _read_level(text: str) -> object:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_LEVEL else text


def _take_level(value: object) -> int:
    level = _LEVELS.get(value.strip().lower()) if isinstance(value, str) else value
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= _LEVELS["critical"]:
        raise RefusedError
    return level


def _read_ci(text: str) -> bool | None:
    return _WORDS.get(text.lower()) or None


def _read_present(text: str) -> bool:
    return bool(text)


def _read_absent(text: str) -> bool:
    return not text


_take_seconds = _between(0.0, _LONGEST_WAIT, above_low=True)

BOOLEAN: Final = Form("true, false, 1, 0, yes, no, on, off", _read_boolean, _take_boolean)
CI: Final = Form("a true value; any other says nothing", _read_ci, _take_boolean)
ABSENT: Final = Form("any text means false", _read_absent, _take_boolean)
PRESENT: Final = Form("any text means true", _read_present, _take_boolean)
TEXT: Final = Form("printable text of 1 to 255 characters", str, _take_text)
RATIO: Final = Form("a number from 0 to 1", _number, _between(0.0, 1.0))
LEVEL: Final = Form(
    "debug, info, warning, error, critical, or a number from 1 to 50", _read_level, _take_level
)
SECONDS: Final = Form("seconds, above 0 and at most 86400", _number, _take_seconds)
MILLISECONDS: Final = Form(
    "milliseconds, above 0 and at most 86400000", lambda text: _number(text) / 1000, _take_seconds
)
TIMEOUT: Final = Form(
    "a number above 0: seconds below 100, milliseconds from 100 on, without a unit",
    _read_timeout,
    _take_seconds,
)
