"""Where an object's own code runs on behalf of telemetry: `__str__`, `__iter__`, `items`, `__class__`.

Whatever it raises stays here, `SystemExit` and asyncio's `CancelledError` included: a value that is only
looked at must not end the process or the task. The one exception is `KeyboardInterrupt` on the main thread.
It cannot be told from a Ctrl-C that happened to come in at that moment, and a Ctrl-C must not get lost.

Code that takes long cannot be stopped from outside; the caller waits, as it would with any logger.

A value may log while it is looked at, and log itself: every line would then look at it again, for ever. So
foreign code runs inside foreign code once, and no deeper.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ameide_telemetry import guard

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["contained", "shielded"]

_Result = TypeVar("_Result")

_SITE: Final = guard.site("values.foreign", foreign=True, thread=True)
_MAX_DEPTH: Final = 2


class _State(threading.local):
    depth = 0
    interrupt: KeyboardInterrupt | None = None


_state: Final = _State()


def contained(work: Callable[..., _Result], *arguments: Any) -> _Result | None:
    """Return `work(*arguments)`, or None where that raised or is nested too deep.

    Raises:
        KeyboardInterrupt: on the main thread only.
    """
    if _state.depth >= _MAX_DEPTH:
        guard.note("values.nested")
        return None
    _state.depth += 1
    try:
        return shielded(work, *arguments)
    finally:
        _state.depth -= 1


def shielded(work: Callable[..., _Result], *arguments: Any) -> _Result | None:
    """Do the same inside of `contained`, for one of several things that are looked at there."""
    try:
        return _SITE.call(_watched, work, arguments)
    finally:
        if _state.interrupt is not None:
            _raise_interrupt()


def _watched(work: Callable[..., _Result], arguments: tuple[Any, ...]) -> _Result | None:
    try:
        return work(*arguments)
    except KeyboardInterrupt as interrupt:
        if threading.current_thread() is threading.main_thread():
            _state.interrupt = interrupt
        return None


def _raise_interrupt() -> None:
    interrupt, _state.interrupt = _state.interrupt, None
    if interrupt is not None:
        raise interrupt
