"""The only place that swallows an exception.

Telemetry must never change a response, an exit code or an exception of the service, so every place
where the runtime touches telemetry on behalf of a request, a log call or a span is a named *site*:

    _RENDER = guard.site("logs.render")

    with _RENDER:
        ...telemetry work...

An exception raised inside is counted and said once, then swallowed. Under pytest it is re-raised, so
that our own bugs are not hidden from tests. A *foreign* site expects the caller's objects to fail
(a `__repr__` that raises): it is counted and never re-raised.

Only `Exception` is swallowed: `KeyboardInterrupt` and `SystemExit` belong to the process. The exception
to that is a site of a *thread* of ours: whatever the foreign code that runs there raises, `SystemExit`
included, belongs to nobody, and must not end the thread.

Everything here may be entered from a signal handler that interrupted the same thread in it, and in a
child of a fork that Python was not told of.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Site", "counts", "note", "reraise_in_tests", "reset", "site", "sites"]

_Result = TypeVar("_Result")
_logger = logging.getLogger("ameide_telemetry")
_CURE: Final = "the service is unaffected; what it may cost: docs/reference/diagnostics.md"
# Reentrant: a signal handler may come here while its own thread is inside.
_lock = threading.RLock()
_pid = os.getpid()
_sites: dict[str, Site] = {}
_notes: dict[str, int] = {}
_state = threading.local()
# None: decide by whether pytest runs in this very process. Its environment variables do not tell that,
# because services that a test starts as processes inherit them.
_reraise: bool | None = None


class Site:
    """A named place where telemetry work is done and may not fail outwards.

    Used as a context manager. Reusable, reentrant and safe to share between threads: it keeps no
    state but a counter.
    """

    __slots__ = ("caught", "foreign", "name", "thread")

    def __init__(self, name: str, *, foreign: bool = False, thread: bool = False) -> None:
        self.name = name
        self.foreign = foreign
        self.thread = thread
        self.caught = 0

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return error is not None and self._swallow(error)

    def call(self, work: Callable[..., _Result], *arguments: Any) -> _Result | None:
        """Return `work(*arguments)`, or None where that raised; for one call, cheaper than a `with` block."""
        try:
            return work(*arguments)
        except BaseException as error:
            if self._swallow(error):
                return None
            raise

    def _swallow(self, error: BaseException) -> bool:
        ordinary = isinstance(error, Exception)
        if not ordinary and not self.thread:
            return False
        try:
            return self._settle(error, ordinary=ordinary)
        except RecursionError:
            # No frame is left to count in.
            return self.foreign or not _inside_test()

    def _settle(self, error: BaseException, *, ordinary: bool) -> bool:
        with _owned_lock():
            self.caught += 1
            first = self.caught == 1
        if not self.foreign and _inside_test():
            return False
        if first and not (self.foreign and ordinary):
            _say(f"telemetry error at {self.name}: {type(error).__name__}; {_CURE}")
        return True


def site(name: str, *, foreign: bool = False, thread: bool = False) -> Site:
    """Return the site called `name`, made on first use.

    Args:
        name: dotted name, `room.what`; unique in the package.
        foreign: whether failures here are the caller's objects' own and are expected.
        thread: whether this runs on a thread of ours, where `SystemExit`, `KeyboardInterrupt` and
            `GeneratorExit` can only be foreign code's mistake; they are swallowed too, and said once.
    """
    with _owned_lock():
        return _sites.setdefault(name, Site(name, foreign=foreign, thread=thread))


def sites() -> tuple[Site, ...]:
    """Return every site made so far, sorted by name."""
    with _owned_lock():
        return tuple(_sites[name] for name in sorted(_sites))


def note(name: str, message: str | None = None) -> None:
    """Count something odd that was repaired, and say `message` the first time.

    Args:
        name: what happened, dotted, such as `context.tenant_id_replaced`.
        message: one line without any text from the network; None counts silently.
    """
    with _owned_lock():
        _notes[name] = _notes.get(name, 0) + 1
        first = _notes[name] == 1
    if first and message is not None:
        _say(message)


def counts() -> dict[str, int]:
    """Return what was caught or noted so far, by name; only what happened at least once."""
    with _owned_lock():
        caught = {each.name: each.caught for each in _sites.values() if each.caught}
        return dict(sorted({**caught, **_notes}.items()))


def reset() -> None:
    """Set every count to zero and replace the lock: for a forked child and for tests."""
    global _lock, _pid  # noqa: PLW0603 a child may have inherited the lock locked
    _lock = threading.RLock()
    _pid = os.getpid()
    for each in _sites.values():
        each.caught = 0
    _notes.clear()


def reraise_in_tests(choice: bool | Literal["auto"]) -> None:
    """Decide whether our own errors are re-raised; `auto` means where pytest runs."""
    global _reraise  # noqa: PLW0603 one switch for the process
    _reraise = None if choice == "auto" else choice


def _owned_lock() -> threading.RLock:
    """Return the lock of this very process: after a fork in C no hook of Python's replaced it."""
    if os.getpid() != _pid:
        reset()
    return _lock


def _inside_test() -> bool:
    return _reraise if _reraise is not None else "pytest" in sys.modules


def _say(message: str) -> None:
    """Log one diagnostic line; a failure inside it must not come back here."""
    if getattr(_state, "speaking", False):
        return
    _state.speaking = True
    try:
        _logger.warning(message)
    except Exception:  # noqa: BLE001 the last line of defence has nobody to report to
        return
    finally:
        _state.speaking = False
