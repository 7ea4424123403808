"""Puts the log side in force for the process, and can take it back.

There is one installation per process. A server's parent process may have a provisional one (from the
gunicorn logger class or the uvicorn log config), made from the environment alone; `init_telemetry` in the
same process replaces it.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from ameide_telemetry.contract import names
from ameide_telemetry.ledger import Ledger
from ameide_telemetry.logs.handler import LineHandler, LineWriter
from ameide_telemetry.logs.hooks import Hooks
from ameide_telemetry.logs.line import Event, LineRenderer
from ameide_telemetry.logs.otlp import RecordEmitter
from ameide_telemetry.logs.pretty import PrettyRenderer
from ameide_telemetry.logs.sink import Sink, TextTarget
from ameide_telemetry.logs.stdlib import StdlibWiring
from ameide_telemetry.logs.streams import CapturedStreams, standard_output
from ameide_telemetry.logs.structured import StructlogWiring
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.export.log_records import LogRecords

__all__ = ["LogInstallation", "handler", "install", "install_provisionally"]


_current: LogInstallation | None = None


class LogInstallation:
    """The log side of one process: writer, wiring and hooks, installed in order and undone in reverse.

    Args:
        settings: the process's settings.
        ledger: where lines are counted.
        stream: where they go; default: stdout.
    """

    def __init__(self, settings: TelemetrySettings, ledger: Ledger, stream: TextTarget | None = None) -> None:
        logs = settings.logs
        self.sink = Sink(standard_output() if stream is None else stream, ledger.lines)
        pretty = logs.format == "pretty" or (logs.format == "auto" and self.sink.isatty())
        self.format = "pretty" if pretty and self.sink.isatty() else "json"
        renderer = (
            PrettyRenderer(colors=logs.colors)
            if self.format == "pretty"
            else LineRenderer(
                service=settings.service, version=settings.version, environment=settings.environment
            )
        )
        self.writer = LineWriter(renderer, self.sink)
        self._streams = CapturedStreams(self.writer)
        self._stdlib = StdlibWiring(self.writer, logs.level)
        self._structlog = StructlogWiring(self.writer)
        self._hooks = Hooks(self.writer)
        self._capture = logs.capture_streams and self.format == "json"
        self._access = logging.getLogger(names.ACCESS_LOGGER)
        self._installed = False

    def install(self) -> None:
        """Take over stdlib logging, structlog, hooks and, if asked, the text streams."""
        self._stdlib.install()
        self._structlog.install()
        self._hooks.install()
        if self._capture:
            self._streams.install()
        self._installed = True

    def undo(self) -> None:
        """Restore everything as it was before `install`; doing it twice is harmless."""
        if not self._installed:
            return
        self._installed = False
        self._streams.undo()
        self._hooks.undo()
        self._structlog.undo()
        self._stdlib.undo()

    def finish(self) -> None:
        """Write out unfinished printed text at the end of the process."""
        self._streams.finish()

    def access(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        """Write one access line with the context in force."""
        if self._access.isEnabledFor(level):
            self.writer.emit(self._access, Event(time.time(), level, names.ACCESS_LOGGER, message, fields))

    def also_over_otlp(self, records: LogRecords, *, lines: bool) -> None:
        """Emit every event as an OTLP record too; with `lines` False, instead of as a line."""
        self.writer.records = RecordEmitter(records)
        self.writer.lines = lines

    def silence_server_access(self) -> None:
        """Drop the servers' own access lines from now on: ours take their place."""
        self._stdlib.silence_server_access()


def install(settings: TelemetrySettings, ledger: Ledger) -> LogInstallation:
    """Put the log side in force; a provisional installation of this process gives way."""
    global _current  # noqa: PLW0603 one installation per process
    if _current is None:
        os.register_at_fork(after_in_child=_after_fork)
    else:
        _current.undo()
    _current = LogInstallation(settings, ledger)
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


def _after_fork() -> None:
    if _current is not None:
        _current.sink.after_fork()
