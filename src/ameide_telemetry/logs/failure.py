"""An exception -> its type, message and stack as text, without local variables."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.logs.sanitise import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.logs.sanitise import JsonValue

__all__ = ["ExcInfo", "Failure", "exc_info_of", "failure_of", "shorten"]

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_SITE: Final = guard.site("logs.traceback", foreign=True)
_MAX_STACK: Final = 8_000


class Failure(NamedTuple):
    """What a line says of an exception; the names follow the OTel `exception.*` attributes."""

    type: str
    message: str
    stacktrace: str

    def fields(self) -> Mapping[str, JsonValue]:
        """Return the three fields under their log keys."""
        return {
            names.LOG_EXCEPTION_TYPE: self.type,
            names.LOG_EXCEPTION_MESSAGE: self.message,
            names.LOG_EXCEPTION_STACKTRACE: self.stacktrace,
        }


def failure_of(exc_info: ExcInfo) -> Failure:
    """Describe an exception; local variables are never part of it.

    The stack is the interpreter's own text, at most 8,000 characters: of a longer one the first and the
    last part are kept, because the outermost call and the raising line are both needed.
    """
    kind, error, trace = exc_info
    stack = ""
    with _SITE:
        described = traceback.TracebackException(kind, error, trace, compact=True, capture_locals=False)
        stack = "".join(described.format())
    return Failure(_qualified(kind), text_of(error), shorten(stack.rstrip("\n"), _MAX_STACK))


def exc_info_of(value: object) -> ExcInfo | None:
    """Return what logging calls `exc_info` from any form that callers use: True, an exception, a tuple."""
    if isinstance(value, BaseException):
        return type(value), value, value.__traceback__
    if isinstance(value, tuple):
        return value if len(value) == 3 and isinstance(value[1], BaseException) else None  # noqa: PLR2004
    if value:
        kind, error, trace = sys.exc_info()
        return (kind, error, trace) if kind is not None and error is not None else None
    return None


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a text longer than `limit` characters, saying how much."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n<{len(text) - 2 * half} characters left out>\n{text[-half:]}"


def _qualified(kind: type[BaseException]) -> str:
    module = getattr(kind, "__module__", None)
    name = kind.__qualname__
    return name if module in (None, "builtins", "__main__") else f"{module}.{name}"
