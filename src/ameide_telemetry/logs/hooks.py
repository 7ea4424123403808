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
from ameide_telemetry.logs.event import Event
from ameide_telemetry.values.failure import exc_info_of
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import text_of, type_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ameide_telemetry.logs.handler import LineWriter
    from ameide_telemetry.values.failure import ExcInfo

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
        self._installed = False

    def install(self) -> None:
        """Take over the hooks for uncaught and unraisable errors, of threads too, and for warnings."""
        self._replace(sys, "excepthook", self._uncaught)
        self._replace(sys, "unraisablehook", self._unraisable)
        self._replace(threading, "excepthook", self._uncaught_in_thread)
        self._replace(warnings, "showwarning", self._warning)
        self._installed = True

    def undo(self) -> None:
        """Restore every hook that is still ours; one that somebody has wrapped still asks who was before."""
        for owner, name, ours, before in reversed(self._undo):
            if getattr(owner, name) is ours:
                setattr(owner, name, before)
        self._installed = False

    def _replace(self, owner: Any, name: str, ours: Callable[..., Any]) -> None:
        self._undo.append((owner, name, ours, getattr(owner, name)))
        setattr(owner, name, ours)

    def _before(self, owner: Any, name: str) -> Any:
        return next(before for o, n, _, before in self._undo if o is owner and n == name)

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        said = _SITE.call(self._say_uncaught, error, (kind, error, trace))
        before = _SITE.call(self._before, sys, "excepthook")
        if before is not None and (before is not sys.__excepthook__ or not said):
            before(kind, error, trace)

    def _say_uncaught(self, error: BaseException, exc_info: ExcInfo) -> bool:
        level = logging.WARNING if issubclass(type(error), KeyboardInterrupt) else logging.CRITICAL
        return self._say("uncaught", level, f"uncaught {type_name(error)}", exc_info)

    def _uncaught_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_type is SystemExit:
            return
        said = _SITE.call(self._say_uncaught_in_thread, arguments)
        before = _SITE.call(self._before, threading, "excepthook")
        if before is not None and (before is not threading.__excepthook__ or not said):
            before(arguments)

    def _say_uncaught_in_thread(self, arguments: threading.ExceptHookArgs) -> bool:
        name = arguments.thread.name if arguments.thread is not None else "unknown"
        # Not by its truth: an exception may have a length, and nothing in it.
        error = contained(arguments.exc_type) if arguments.exc_value is None else arguments.exc_value
        message = f"uncaught {type_name(error)} in thread {name}"
        exc_info = None if error is None else (type(error), error, arguments.exc_traceback)
        return self._say("uncaught", logging.ERROR, message, exc_info)

    def _unraisable(self, unraisable: Any) -> None:
        said = _SITE.call(self._say_unraisable, unraisable)
        before = _SITE.call(self._before, sys, "unraisablehook")
        if before is not None and (before is not sys.__unraisablehook__ or not said):
            before(unraisable)

    def _say_unraisable(self, unraisable: Any) -> bool:
        message = f"{unraisable.err_msg or 'exception ignored in'} {type_name(unraisable.object)}"
        return self._say("unraisable", logging.ERROR, message, exc_info_of(unraisable.exc_value))

    def _warning(  # noqa: PLR0917 the signature is the interpreter's
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is None and _SITE.call(self._say_warning, message, category, filename, lineno):
            return
        self._before(warnings, "showwarning")(message, category, filename, lineno, file, line)

    def _say_warning(self, message: Any, category: type[Warning], filename: str, lineno: int) -> bool:
        fields = {"warning": category.__name__, "file": filename, "line": lineno}
        return self._say("py.warnings", logging.WARNING, text_of(message), None, fields)

    def _say(
        self,
        logger: str,
        level: int,
        message: str,
        exc_info: ExcInfo | None,
        fields: dict[Any, object] | None = None,
    ) -> bool:
        """Write a line and return True; where that fails, or no more, who was there before has to say it."""
        if not self._installed:
            return False
        event = Event(time.time(), level, logger, message, fields, exc_info)
        self._writer.emit(logging.getLogger(logger), event)
        return True
