"""Uncaught exceptions and warnings become one line each; every hook can be taken back.

An exit code is never changed: the interpreter has decided on it before it calls a hook.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any, Final, TextIO

from ameide_telemetry import guard
from ameide_telemetry.logs.line import Event
from ameide_telemetry.values.failure import exc_info_of
from ameide_telemetry.values.text import text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ameide_telemetry.logs.handler import LineWriter

__all__ = ["Hooks"]

_SITE: Final = guard.site("logs.hook")


class Hooks:
    """The interpreter's last-resort hooks, pointed at the line writer.

    Args:
        writer: the process's line writer.
    """

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self._undo: list[tuple[Any, str, Any, Any]] = []

    def install(self) -> None:
        """Take over the hooks for uncaught and unraisable errors, of threads too, and for warnings."""
        self._replace(sys, "excepthook", self._uncaught)
        self._replace(sys, "unraisablehook", self._unraisable)
        self._replace(threading, "excepthook", self._uncaught_in_thread)
        self._replace(warnings, "showwarning", self._warning)

    def undo(self) -> None:
        """Restore every hook that is still ours."""
        for owner, name, ours, before in reversed(self._undo):
            if getattr(owner, name) is ours:
                setattr(owner, name, before)
        self._undo.clear()

    def _replace(self, owner: Any, name: str, ours: Callable[..., Any]) -> None:
        self._undo.append((owner, name, ours, getattr(owner, name)))
        setattr(owner, name, ours)

    def _before(self, owner: Any, name: str) -> Any:
        return next(before for o, n, _, before in self._undo if o is owner and n == name)

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        level = logging.WARNING if issubclass(kind, KeyboardInterrupt) else logging.CRITICAL
        _SITE.call(self._say, "uncaught", level, f"uncaught {kind.__name__}", (kind, error, trace))
        before = _SITE.call(self._before, sys, "excepthook")
        if before is not None and before is not sys.__excepthook__:
            before(kind, error, trace)

    def _uncaught_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_type is SystemExit:
            return
        _SITE.call(self._say_uncaught_in_thread, arguments)
        before = _SITE.call(self._before, threading, "excepthook")
        if before is not None and before is not threading.__excepthook__:
            before(arguments)

    def _say_uncaught_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        name = arguments.thread.name if arguments.thread is not None else "unknown"
        error = arguments.exc_value or arguments.exc_type()
        message = f"uncaught {arguments.exc_type.__name__} in thread {name}"
        self._say("uncaught", logging.ERROR, message, (arguments.exc_type, error, arguments.exc_traceback))

    def _unraisable(self, unraisable: Any) -> None:
        _SITE.call(self._say_unraisable, unraisable)
        before = _SITE.call(self._before, sys, "unraisablehook")
        if before is not None and before is not sys.__unraisablehook__:
            before(unraisable)

    def _say_unraisable(self, unraisable: Any) -> None:
        message = f"{unraisable.err_msg or 'exception ignored in'} {type(unraisable.object).__name__}"
        self._say("unraisable", logging.ERROR, message, exc_info_of(unraisable.exc_value))

    def _warning(  # noqa: PLR0917 the signature is the interpreter's
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is not None:
            self._before(warnings, "showwarning")(message, category, filename, lineno, file, line)
            return
        _SITE.call(self._say_warning, message, category, filename, lineno)

    def _say_warning(self, message: Any, category: type[Warning], filename: str, lineno: int) -> None:
        fields = {"warning": category.__name__, "file": filename, "line": lineno}
        self._say("py.warnings", logging.WARNING, text_of(message), None, fields)

    def _say(
        self, logger: str, level: int, message: str, exc_info: Any, fields: dict[Any, object] | None = None
    ) -> None:
        with _SITE:
            event = Event(time.time(), level, logger, message, fields, exc_info)
            self._writer.emit(logging.getLogger(logger), event)
