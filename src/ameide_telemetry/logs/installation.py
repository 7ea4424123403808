"""Puts the log side in force for the process, and can take it back.

There is one installation per process. A server's parent process may have a provisional one (from the
gunicorn logger class or the uvicorn log config), made from the environment alone; `init_telemetry` in the
same process replaces it.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.logs.apart import OWN_LOGGER, apart
from ameide_telemetry.logs.event import Event
from ameide_telemetry.logs.handler import LineHandler, LineWriter
from ameide_telemetry.logs.hooks import Hooks
from ameide_telemetry.logs.line import LineRenderer
from ameide_telemetry.logs.otlp import RecordEmitter
from ameide_telemetry.logs.pretty import PrettyRenderer
from ameide_telemetry.logs.sink import Sink
from ameide_telemetry.logs.stdlib import StdlibWiring
from ameide_telemetry.logs.storm import StormWriter
from ameide_telemetry.logs.streams import CapturedStreams, standard_output
from ameide_telemetry.redaction import redactor_of
from ameide_telemetry.settings import TelemetrySettings
from ameide_telemetry.upstream import when_imported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.export.log_records import LogRecords
    from ameide_telemetry.logs.structured import StructlogWiring
    from ameide_telemetry.logs.text import TextTarget
    from ameide_telemetry.redaction import Redactor

__all__ = ["LogInstallation", "handler", "install", "install_provisionally"]


# A server's parent process has nobody who gives lines a part of the time for its exit.
_UNWATCHED_SECONDS: Final = 1.0
_STRUCTLOG: Final = guard.site("logs.structlog")
_FRONT_END: Final = "ameide_telemetry.logs.structured"
_current: LogInstallation | None = None


class LogInstallation:
    """The log side of one process: writer, wiring and hooks, installed in order and undone in reverse.

    Args:
        settings: the process's settings.
        ledger: where lines are counted.
        stream: where they go; default: stdout.
        earlier: the installation that this one follows in the same process.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        ledger: Ledger,
        stream: TextTarget | None = None,
        *,
        earlier: LogInstallation | None = None,
    ) -> None:
        logs = settings.logs
        self.sink: Sink = Sink(
            standard_output() if stream is None else stream,
            ledger.lines,
            blocks=logs.when_stalled == "block",
            notice=self._notice,
            earlier=earlier.sink if earlier is not None else None,
        )
        self.format = _format(settings, self.sink)
        self._redactor = redactor_of(settings)
        self._renderer = _renderer(settings, self.format, self._redactor)
        self.writer = (
            StormWriter(self._renderer, self.sink, limit=logs.storm_limit, ledger=ledger)
            if logs.storm_limit
            else LineWriter(self._renderer, self.sink)
        )
        self._streams = CapturedStreams(self.writer)
        self._stdlib = StdlibWiring(self.writer, logs.level)
        self._structlog: StructlogWiring | None = None
        self._hooks = Hooks(self.writer)
        self._capture = logs.capture_streams and self.format == "json"
        self._access = logging.getLogger(names.ACCESS_LOGGER)
        self._installed = False
        self._finished = False

    def install(self) -> None:
        """Take over stdlib logging, hooks, if asked the text streams, and structlog if it is there."""
        self._installed = True
        self._stdlib.install()
        if "structlog" in sys.modules:
            self.take_over_structlog()
        self._hooks.install()
        if self._capture:
            self._streams.install()

    def take_over_structlog(self) -> None:
        """Take over structlog, not before the service imports it: that takes as long as all of our start."""
        if self._installed and self._structlog is None:
            from ameide_telemetry.logs.structured import StructlogWiring  # noqa: PLC0415 see above

            self._structlog = StructlogWiring(self.writer)
            self._structlog.install()

    def undo(self) -> None:
        """Restore everything as it was before `install`; doing it twice is harmless."""
        if not self._installed:
            return
        self._installed = False
        self._streams.undo()
        self._say_suppressed()
        self._hooks.undo()
        if self._structlog is not None:
            self._structlog.undo()
            self._structlog = None
        self._stdlib.undo()

    def finish(self, deadline: float | None = None) -> None:
        """Write out what waits at the end of the process: text without an end, suppressed counts, lines.

        Args:
            deadline: until when to wait for a reader that stalls, as `time.monotonic()` counts; what did not
                leave by then counts as dropped. None, or a time that is over, waits for nothing.
        """
        self._finished = True
        self.sink.hurry(0.0 if deadline is None else deadline)
        self._streams.finish()
        self._say_suppressed()
        if deadline is None or time.monotonic() >= deadline:
            self.sink.flush()
        else:
            self.sink.drain(deadline)

    def resume(self) -> None:
        """Let lines wait for a stalled reader again after `finish`: the process goes on after all."""
        self._finished = False
        self.sink.resume()

    def at_exit(self) -> None:
        """Count what is left when everything else has ended; wait only if nobody has waited yet."""
        self.sink.drain(time.monotonic() + (0.0 if self._finished else _UNWATCHED_SECONDS))

    def access(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        """Write one access line with the context in force."""
        if self._access.isEnabledFor(level):
            self.writer.emit(self._access, Event(time.time(), level, names.ACCESS_LOGGER, message, fields))

    def also_over_otlp(self, records: LogRecords, *, lines: bool) -> None:
        """Emit every event as an OTLP record too; with `lines` False, instead of as a line."""
        self.writer.records = RecordEmitter(records, self._redactor)
        self.writer.lines = lines

    def _say_suppressed(self) -> None:
        if isinstance(self.writer, StormWriter):
            self.writer.finish()

    def _notice(self, message: str, fields: Mapping[str, object]) -> bytes:
        with apart():
            return self._renderer.render(Event(time.time(), logging.WARNING, OWN_LOGGER, message, fields))

    def silence_server_access(self) -> None:
        """Drop the servers' own access lines from now on: ours take their place."""
        self._stdlib.silence_server_access()


def install(settings: TelemetrySettings, ledger: Ledger) -> LogInstallation:
    """Put the log side in force; a provisional installation of this process gives way."""
    global _current  # noqa: PLW0603 one installation per process
    if _current is None:
        os.register_at_fork(after_in_child=_after_fork)
        atexit.register(_at_exit)
        _watch_structlog()
    else:
        _current.undo()
    _current = LogInstallation(settings, ledger, earlier=_current)
    _current.install()
    return _current


def install_provisionally(environ: Mapping[str, str] | None = None) -> LogInstallation:
    """Put the log side in force for a server's parent process, from the environment alone.

    The parent never imports the application, so the service's name must come from `OTEL_SERVICE_NAME`.
    An installation that exists already is kept. Wrong settings never stop a server here.
    """
    if _current is not None:
        return _current
    return install(TelemetrySettings.resolve({"strict": False}, environ), Ledger())


def handler() -> LineHandler:
    """Return a line handler for a logging config file, installing provisionally where nothing is yet."""
    return LineHandler(install_provisionally().writer)


def _watch_structlog() -> None:
    """Have our side of structlog imported after it, and put in force after that.

    In two steps, because it may also be our side, by `get_logger`, that imports structlog.
    """
    if when_imported("structlog", _load_front_end):
        when_imported(_FRONT_END, _take_over_structlog)
    else:
        _load_front_end()


def _load_front_end() -> None:
    _STRUCTLOG.call(import_module, _FRONT_END)


def _take_over_structlog() -> None:
    if _current is not None:
        _STRUCTLOG.call(_current.take_over_structlog)


def _after_fork() -> None:
    if _current is not None:
        _current.sink.after_fork()


def _at_exit() -> None:
    if _current is not None:
        _current.at_exit()


def _format(settings: TelemetrySettings, sink: Sink) -> str:
    wanted = settings.logs.format
    return "pretty" if wanted in {"pretty", "auto"} and sink.isatty() else "json"


def _renderer(settings: TelemetrySettings, form: str, redactor: Redactor) -> LineRenderer | PrettyRenderer:
    if form == "pretty":
        return PrettyRenderer(colors=settings.logs.colors, redactor=redactor)
    return LineRenderer(
        service=settings.service,
        version=settings.version,
        environment=settings.environment,
        redactor=redactor,
    )
