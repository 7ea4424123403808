"""stdlib logging's side: our handler in the place of every console handler, and on a root that has none.

A console handler is one that writes to this process's stdout or stderr. Servers bring their own
(uvicorn, gunicorn, hypercorn, celery, werkzeug), and so do `basicConfig` and `dictConfig`. Each is replaced
where it stands, so nobody's levels, filters or `propagate` change; one that comes later, by whatever way,
writes lines when it is asked to emit. Handlers that write elsewhere (files, Sentry, pytest) stay.
"""

from __future__ import annotations

import functools
import logging
import logging.config
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.logs.handler import LineHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ameide_telemetry.logs.handler import LineWriter

__all__ = ["StdlibWiring"]

# The access lines of servers know neither tenant nor trace; the middleware writes better ones.
_ACCESS_LOGGERS: Final = ("uvicorn.access", "gunicorn.access", "hypercorn.access")
# One line per call at level info with the whole URL, query included; the CLIENT span says it better. A
# level that the service sets itself stays.
_CHATTY_CLIENTS: Final = ("httpx", "httpx2")
# werkzeug's development server logs requests and its own messages on one logger.
_WERKZEUG_REQUEST: Final = re.compile(r"\S+ - - \[")
# OTel logs an error, with a stack, when a context is left in another task than the one that entered it. An
# async generator whose client went away is closed like that, and nobody has done anything wrong.
_DETACH_FAILED: Final = "Failed to detach context"
# uvicorn says each websocket handshake on its error logger, with the client's address and the query.
_UVICORN_WEBSOCKET: Final = '%s - "WebSocket %s"'


_CONFIGURE: Final = guard.site("logs.configure")


class StdlibWiring:
    """Points stdlib logging at the line writer, and can take that back.

    Args:
        writer: the process's line writer.
        level: the root logger's level.
    """

    def __init__(self, writer: LineWriter, level: int) -> None:
        self._writer = writer
        self._level = level
        self._root_handler = LineHandler(writer)
        self._root_level = logging.WARNING
        self._replaced: list[tuple[logging.Logger, LineHandler, logging.Handler]] = []
        self._patched: list[tuple[Any, str, Any, Any]] = []
        self._quietened: list[logging.Logger] = []
        self._silenced: list[tuple[logging.Logger, Callable[[logging.LogRecord], bool]]] = []

    def install(self) -> None:
        """Take over the root logger and every console handler, now and later."""
        root = logging.getLogger()
        self._root_level = root.level
        self._take_over()
        root.setLevel(self._level)
        self._quieten()
        self._silence("opentelemetry.context", _not_a_detach)
        self._patch(logging.StreamHandler, "emit", self._emitting(logging.StreamHandler.emit))
        for owner, name in (
            (logging, "basicConfig"),
            (logging.config, "fileConfig"),
            (logging.config.DictConfigurator, "configure"),
        ):
            self._patch(owner, name, self._configuring(getattr(owner, name)))

    def undo(self) -> None:
        """Restore handlers, level and functions as they were before `install`."""
        for owner, name, ours, before in reversed(self._patched):
            if getattr(owner, name) is ours:
                setattr(owner, name, before)
        self._patched.clear()
        root = logging.getLogger()
        root.removeHandler(self._root_handler)
        for logger, ours, before in reversed(self._replaced):
            if ours in logger.handlers:
                logger.handlers[logger.handlers.index(ours)] = before
        self._replaced.clear()
        for logger, refuse in self._silenced:
            logger.removeFilter(refuse)
        self._silenced.clear()
        for logger in self._quietened:
            if logger.level == logging.WARNING:
                logger.setLevel(logging.NOTSET)
        self._quietened.clear()
        root.setLevel(self._root_level)

    def silence_server_access(self) -> None:
        """Drop the servers' own access lines: the middleware's line takes their place."""
        if any(refuse is _never for _, refuse in self._silenced):
            return
        for name in _ACCESS_LOGGERS:
            self._silence(name, _never)
        self._silence("werkzeug", _not_a_request)
        self._silence("uvicorn.error", _not_a_handshake)

    def _quieten(self) -> None:
        for name in _CHATTY_CLIENTS:
            logger = logging.getLogger(name)
            if logger.level == logging.NOTSET:
                logger.setLevel(logging.WARNING)
                self._quietened.append(logger)

    def _silence(self, name: str, accept: Callable[[logging.LogRecord], bool]) -> None:
        logger = logging.getLogger(name)
        logger.addFilter(accept)
        self._silenced.append((logger, accept))

    def _take_over(self) -> None:
        """Replace console handlers everywhere, and give the root one of ours where that left it none.

        Beside one that stands in the place of the service's own it would write what that one's level and
        filters keep back.
        """
        for logger in _loggers():
            for handler in tuple(logger.handlers):
                if self._is_console(handler):
                    self._replace(logger, handler)
        root = logging.getLogger()
        if not any(isinstance(each, LineHandler) for each in root.handlers):
            root.handlers.append(self._root_handler)

    def _replace(self, logger: logging.Logger, handler: logging.Handler) -> None:
        ours = self._like(handler)
        logger.handlers[logger.handlers.index(handler)] = ours
        self._replaced.append((logger, ours, handler))

    def _like(self, handler: logging.Handler) -> LineHandler:
        ours = LineHandler(self._writer, handler.level)
        # The list itself: a filter that the service adds to its handler later applies too.
        ours.filters = handler.filters
        return ours

    def _is_console(self, handler: logging.Handler) -> bool:
        if isinstance(handler, LineHandler):
            # One of an earlier installation, such as a server's parent, speaks for another service name.
            return handler.writer is not self._writer
        if isinstance(handler, logging.FileHandler):
            return False
        stream = getattr(handler, "stream", None)
        if stream is None:
            # rich's handler keeps its stream one step further away.
            stream = getattr(getattr(handler, "console", None), "file", None)
        if type(stream).__module__ == "werkzeug.local":
            # Flask's default handler: whatever the server gives it for errors, stderr in the end.
            return True
        return stream is not None and any(stream is each for each in _console_streams())

    def _patch(self, owner: Any, name: str, ours: Any) -> None:
        self._patched.append((owner, name, ours, getattr(owner, name)))
        setattr(owner, name, ours)

    def _emitting(self, emit: Callable[..., None]) -> Callable[..., None]:
        """Wrap the console handlers that come later, however they get to their logger."""

        @functools.wraps(emit)
        def emit_line(handler: logging.Handler, record: logging.LogRecord) -> None:
            if _CONFIGURE.call(self._is_console, handler):
                self._root_handler.emit(record)
            else:
                emit(handler, record)

        return emit_line

    def _configuring(self, configure: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a configuration function: it does what it does, then the lines are made sure of."""

        @functools.wraps(configure)
        def configure_and_keep(*args: Any, **kwargs: Any) -> Any:
            before = _CONFIGURE.call(_state)
            try:
                return configure(*args, **kwargs)
            finally:
                if before is not None:
                    _CONFIGURE.call(self._make_sure, *before)

        return configure_and_keep

    def _make_sure(self, enabled: set[logging.Logger], level: int) -> None:
        self._take_over()
        disabled = [logger for logger in enabled if logger.disabled]
        for logger in disabled:
            # `disable_existing_loggers` is true by default and would silence loggers made earlier.
            logger.disabled = False
        root = logging.getLogger()
        if disabled or root.level != level:
            guard.note(
                "logs.reconfigured",
                f"logging was configured again after init_telemetry: lines stay JSON, {len(disabled)} loggers"
                f" that it disabled stay on, the root level is now {logging.getLevelName(root.level)}",
            )


def _state() -> tuple[set[logging.Logger], int]:
    """Return the loggers that are on, and the root's level."""
    return {logger for logger in _loggers() if not logger.disabled}, logging.getLogger().level


def _loggers() -> Iterator[logging.Logger]:
    yield logging.getLogger()
    for logger in tuple(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield logger


def _console_streams() -> Iterator[object]:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            yield stream
            original = getattr(stream, "original", None)
            if original is not None:
                yield original


def _never(record: logging.LogRecord) -> bool:
    del record
    return False


def _not_a_detach(record: logging.LogRecord) -> bool:
    if type(record.msg) is not str or record.msg != _DETACH_FAILED:
        return True
    guard.note("context.not_restored")
    return False


def _not_a_request(record: logging.LogRecord) -> bool:
    return not (isinstance(record.msg, str) and _WERKZEUG_REQUEST.match(record.msg))


def _not_a_handshake(record: logging.LogRecord) -> bool:
    return not (isinstance(record.msg, str) and record.msg.startswith(_UVICORN_WEBSOCKET))
