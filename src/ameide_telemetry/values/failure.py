"""An exception -> its type, message and stack as text, bounded in time and size, without local variables."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import Final, NamedTuple

from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.sketch import is_light
from ameide_telemetry.values.stack import is_small, plain_stack
from ameide_telemetry.values.text import shorten, text_of, type_name, valid

__all__ = ["ExcInfo", "Failure", "exc_info_of", "failure_of"]

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_MAX_STACK: Final = 8_000
_MAX_MESSAGE: Final = 16_000
_EXC_INFO: Final = 3
# The slot itself: a class may put a property in front of it.
_TRACEBACK: Final = BaseException.__dict__["__traceback__"].__get__


class Failure(NamedTuple):
    """What telemetry says of an exception; the names follow the OTel `exception.*` attributes."""

    type: str
    message: str
    stacktrace: str


def failure_of(exc_info: ExcInfo) -> Failure:
    """Describe an exception; local variables are never part of it.

    The stack is the interpreter's own text, at most 8,000 characters: of a longer one the first and the
    last part are kept, because the outermost call and the raising line are both needed. Where there are
    hundreds of frames or exceptions, only the first and the last of them are looked at at all.
    """
    _, error, trace = exc_info
    message = text_of(error)
    stack = None
    if len(message) <= _MAX_MESSAGE and contained(_is_plain, error, trace):
        stack = contained(_interpreters_stack, error, trace)
    if stack is None:
        stack = contained(plain_stack, error, trace) or ""
    return Failure(
        valid(contained(_qualified_name, type(error)) or type_name(error)),
        valid(shorten(message, _MAX_MESSAGE)),
        valid(shorten(stack.rstrip("\n"), _MAX_STACK)),
    )


def exc_info_of(value: object) -> ExcInfo | None:
    """Return what logging calls `exc_info` from any form that callers use: True, an exception, a tuple."""
    if value is None or value is False:
        return None
    if issubclass(type(value), BaseException):
        return _complete(value, _TRACEBACK(value))
    if issubclass(type(value), tuple):
        parts: tuple[object, ...] = tuple.__getitem__(value, slice(None))  # type: ignore[call-overload]
        return _complete(parts[1], parts[2]) if len(parts) == _EXC_INFO else None
    if value is True or contained(bool, value):
        _, error, trace = sys.exc_info()
        return _complete(error, trace)
    return None


def _complete(error: object, trace: object) -> ExcInfo | None:
    if not issubclass(type(error), BaseException):
        return None
    return type(error), error, trace if isinstance(trace, TracebackType) else None  # type: ignore[return-value]


def _is_plain(error: BaseException, trace: TracebackType | None) -> bool:
    return is_small(error, trace) and is_light(error)


def _interpreters_stack(error: BaseException, trace: TracebackType | None) -> str:
    described = traceback.TracebackException(type(error), error, trace, compact=True, capture_locals=False)
    return "".join(described.format())


def _qualified_name(kind: type[BaseException]) -> str:
    module, name = kind.__module__, kind.__qualname__
    return str(name if module in {None, "builtins", "__main__"} else f"{module}.{name}")
