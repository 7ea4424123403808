"""SIGTERM is held back while a process forks.

In a new child the interpreter forgets which signals wait for a handler in Python (CPython 3.14,
`PyOS_AfterFork_Child`). One that arrives between the fork and that moment has no effect at all: a child that
is terminated right after it was made would live for ever, and who waits for it would too.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["PAUSES", "hold_for", "later", "let_go_of"]

_SIGTERM: Final = frozenset({signal.SIGTERM})
# A signal that comes when a thread is just about to wait does not wake it, and Python does not look before
# it wakes: so it is sent until it is heard. A fork is over within the first pauses.
PAUSES: Final = (0.001, 0.01, 0.1, 0.5, 2.0)
# How deep the calls of a hook go.
_MOST_FRAMES: Final = 8


class _Hold:
    """The hooks around every fork; a thread forks for itself, so each keeps its own state.

    Attributes:
        handler: for which SIGTERM is held back, while it is the one in force; None for no handler.
        again: a signal that is to come again and has not yet.
    """

    def __init__(self) -> None:
        self.handler: object = None
        self.again: object = None
        self._thread = threading.local()
        self._registered = False

    def register(self) -> None:
        # Late, for what is registered last is called first before a fork, and last after it.
        if not self._registered and hasattr(os, "register_at_fork"):
            self._registered = True
            os.register_at_fork(before=self.before, after_in_parent=self.after, after_in_child=self.after)

    def before(self) -> None:
        held = self.held()
        held.append(False)
        handler: object = signal.getsignal(signal.SIGTERM)
        # Under a handler that is not ours nothing is changed: what it raises would be lost in the hook.
        if self.handler is not None and handler is self.handler:
            held[-1] = signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, _SIGTERM)

    def after(self) -> None:
        if self.held().pop():
            # A signal that waits is handled in here.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGTERM)

    def held(self) -> list[bool]:
        """Return for each fork that this thread is in whether SIGTERM is held back for it."""
        try:
            held: list[bool] = self._thread.held
        except AttributeError:
            held = self._thread.held = []
        return held


_hold: Final = _Hold()
_HOOKS: Final = (_Hold.before.__code__, _Hold.after.__code__)


def hold_for(handler: object) -> None:
    """Hold SIGTERM back in a thread that forks, until the fork is over, while `handler` handles it."""
    _hold.register()
    _hold.handler = handler


def let_go_of(handler: object) -> None:
    """Take back `hold_for`; a later one stays."""
    if _hold.handler is handler:
        _hold.handler = None


def later(frame: FrameType | None) -> bool:
    """Return whether SIGTERM, now being handled, comes again soon, and is to be handled then.

    So it is in the midst of a fork: Python swallows what is raised in the hooks, `SystemExit` included. A
    signal that another thread has caught is handled there too.

    Args:
        frame: what is interrupted.
    """
    _hold.again = None
    if _hold.held() or _inside_hook(frame):
        again = _hold.again = object()
        # Without another thread it is now or never.
        with suppress(RuntimeError):
            _thread.start_new_thread(_send, (threading.get_ident(), again))
            return True
    return False


def _inside_hook(frame: FrameType | None) -> bool:
    """Return whether a frame is in the first or the last steps of a fork."""
    for _ in range(_MOST_FRAMES):
        if frame is None:
            break
        if frame.f_code in _HOOKS:
            return True
        frame = frame.f_back
    return False


def _send(thread: int, again: object) -> None:
    for pause in PAUSES:
        time.sleep(pause)
        if _hold.again is not again:
            return
        signal.pthread_kill(thread, signal.SIGTERM)
        if signal.getsignal(signal.SIGTERM) is not _hold.handler:
            # Nobody tells whether another handler has heard it, and twice would be once too often.
            return
