"""SIGTERM for processes that no server ends: what waits is sent, then the signal does what it did before.

A signal handler of Python runs in the main thread, between any two steps of whatever that thread is doing;
it may be holding a lock of ours, or of the service, that the sending needs. So the handler takes no lock and
does not send. A thread that was started with the handler does, and there are two phases:

1. The handler asks that thread and waits for a moment, which is enough where the collector is well. Then the
   handler that was there before has its turn.
2. Otherwise the handler returns, so that the main thread can let go of what it holds. When everything is sent
   or the time is over, the thread sends the signal to the main thread once more, and that one is passed on.

A signal that comes in between is somebody's impatience: it is passed on at once.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.findings import Finding
from ameide_telemetry.lifecycle import holding, process

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Sigterm", "handle_sigterm"]

_ASK: Final = guard.site("lifecycle.sigterm")
_SEND: Final = guard.site("lifecycle.sigterm_send", foreign=True, thread=True)
# Longer than an export to a collector that is well, shorter than anybody notices.
_PATIENCE_SECONDS: Final = 0.25
# Event loops hear signals by a descriptor, and leave an empty handler in place: `asyncio`, `uvloop`.
_EVENT_LOOPS: Final = ("asyncio", "uvloop")
_OPTION: Final = "handle_sigterm"


class _Request:
    """One signal whose effect is due when everything was sent.

    Made of bare locks, each held for no longer than one call: safe where the same thread is interrupted.
    """

    __slots__ = ("_answered", "_taken")

    def __init__(self) -> None:
        self._answered = _thread.allocate_lock()
        self._answered.acquire()
        self._taken = _thread.allocate_lock()

    def wait(self, seconds: float) -> bool:
        """Wait for the answer; False means that whoever answers has to find the asker."""
        return self._answered.acquire(timeout=seconds) or not self._taken.acquire(blocking=False)

    def wait_on(self, seconds: float) -> None:
        """Wait for the answer to somebody who has left."""
        self._answered.acquire(timeout=seconds)

    def answer(self) -> bool:
        """Answer; return whether somebody waits for it, or has to be found."""
        waits = self._taken.acquire(blocking=False)
        self._answered.release()
        return waits


class Sigterm:
    """The handler of SIGTERM, as it was installed.

    Attributes:
        findings: why it was not installed, if so.
    """

    def __init__(self) -> None:
        self.findings: tuple[Finding, ...] = ()
        self._previous: Any = signal.SIG_DFL
        self._active = False
        self._request: _Request | None = None
        self._raised = False
        self._pid = 0
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self._forget: Callable[[], None] | None = None

    def install(self) -> None:
        """Take the place of the handler that is there, unless that is impossible or pointless."""
        self._previous = signal.getsignal(signal.SIGTERM)
        reason = _refusal(self._previous)
        if reason is not None:
            self.findings = (Finding("TEL060", reason, _OPTION, level="warning"),)
        elif self._previous is not signal.SIG_IGN and not _of_event_loop(self._previous):
            with _ASK:
                self._begin()
                self._forget = process.at_end(self.settle)
                signal.signal(signal.SIGTERM, self)
                holding.hold_for(self)
                self._active = True

    def undo(self) -> None:
        """Put the previous handler back; where somebody has put another in our place, theirs stays."""
        if not self._active:
            return
        self._wait_for_turn()
        # Whoever calls us still, because they remember us as the handler before theirs, is passed on.
        self._active = False
        self._requests.put(None)
        holding.let_go_of(self)
        if self._forget is not None:
            self._forget()
        # Outside the main thread nothing can be put back; then the rule above holds.
        current: object = signal.getsignal(signal.SIGTERM)
        if current is self and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._previous)
        if self._pid == os.getpid() and self._taken() is not None:
            # Nobody else would: our thread has been told to go.
            signal.pthread_kill(_main_thread(), signal.SIGTERM)

    def _wait_for_turn(self) -> None:
        """Let a signal that came during the shutdown have its effect when everything is sent."""
        request = self._request
        if request is not None and self._pid == os.getpid():
            request.wait_on(process.patience())

    def settle(self) -> None:
        """Pass on a signal that still waits, as the last thing at exit, and any later one at once."""
        self._active = False
        if self._pid == os.getpid() and self._taken() is not None:
            # The status of a process that is at its end already is no longer anybody's to choose.
            with suppress(SystemExit):
                self._pass_on(signal.SIGTERM, None)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        if holding.later(frame):
            return
        due: int | None = 1
        if self._active:
            due = _ASK.call(self._due)
        for _ in range(1 if due is None else due):
            self._pass_on(number, frame)

    def _due(self) -> int:
        """Return how many signals have to be passed on now."""
        if self._pid != os.getpid():
            # In a forked child: a thread of its own is started when it is needed, and not for every child.
            self._begin()
        if self._raised:
            # Our own, unless the one that it stands for was passed on meanwhile.
            self._raised = False
            return 0 if process.ending() or self._taken() is None else 1
        if self._taken() is not None:
            return 2
        request = self._request = _Request()
        if process.ending():
            # Everything is being sent already; `settle` comes after that.
            return 0
        self._requests.put(request)
        answered = request.wait(_PATIENCE_SECONDS)
        # Another signal may have been handled while this one waited.
        return 1 if answered and self._request is request and self._taken() else 0

    def _taken(self) -> _Request | None:
        request, self._request = self._request, None
        return request

    def _begin(self) -> None:
        """Start the thread, in this process or in a child of it."""
        self._request, self._raised = None, False
        self._requests = SimpleQueue()
        # Not `threading.Thread`, whose start takes locks: in a child this runs in the handler.
        _thread.start_new_thread(self._serve, (self._requests,))
        self._pid = os.getpid()

    def _serve(self, requests: SimpleQueue[_Request | None]) -> None:
        while (request := requests.get()) is not None:
            with _SEND:
                process.flush_now()
            if not request.answer() and self._active and self._request is request:
                self._raised = True
                self._raise(request)

    def _raise(self, request: _Request) -> None:
        # It may come when the main thread is just about to wait, and is heard then when the wait is over.
        for pause in holding.PAUSES:
            signal.pthread_kill(_main_thread(), signal.SIGTERM)
            time.sleep(pause)
            if not self._raised or self._request is not request:
                return

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if callable(self._previous):
            self._previous(number, frame)
            return
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        # Only the first process of a container is still here: the kernel does not let it end by default.
        signal.signal(number, self)


def handle_sigterm() -> Sigterm:
    """Have what waits sent when SIGTERM comes, within the exit timeout of what is watched then.

    The signal then does what it did before: a handler in Python is called, the default action ends the
    process with the status of SIGTERM. Where SIGTERM is ignored, or an event loop listens to it, nothing is
    installed: the former has no effect to delay, the latter ends the process in order, exit hook included.

    Returns:
        What was installed, with `undo` and `findings`.
    """
    handler = Sigterm()
    handler.install()
    return handler


def _refusal(previous: object) -> str | None:
    if threading.current_thread() is not threading.main_thread():
        return (
            "telemetry was started outside the main thread, where Python lets nobody handle a signal: what"
            " waits at SIGTERM is lost unless the process ends in order"
        )
    if previous is None:
        return "SIGTERM is handled by code that is not Python's and cannot be passed on to: it is left alone"
    return None


def _of_event_loop(previous: object) -> bool:
    return str(getattr(previous, "__module__", "")).partition(".")[0] in _EVENT_LOOPS


def _main_thread() -> int:
    return threading.main_thread().ident or _thread.get_ident()
