"""An installed log side that writes to a real file, and the lines read back from it."""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ameide_telemetry.ledger import Ledger
from ameide_telemetry.logs.installation import LogInstallation
from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["InstalledLines", "installed", "log_settings"]


def log_settings(**logs: Any) -> TelemetrySettings:
    """Return settings of a service `orders` with the given log settings."""
    settings = TelemetrySettings(service="orders", version="1.2.3", environment="test")
    return dataclasses.replace(settings, logs=dataclasses.replace(settings.logs, **logs))


class InstalledLines:
    """The file that stands for stdout, and the installation that writes to it."""

    def __init__(self, path: Path, installation: LogInstallation, ledger: Ledger) -> None:
        self.path = path
        self.installation = installation
        self.ledger = ledger

    def raw(self) -> list[bytes]:
        """Return every line as bytes, without the newline."""
        data = self.path.read_bytes()
        assert not data or data.endswith(b"\n"), "the last line is torn"
        return data.split(b"\n")[:-1]

    def all(self) -> list[dict[str, Any]]:
        """Return every line parsed; fails on one that is no JSON object."""
        return [json.loads(line) for line in self.raw()]

    def one(self) -> dict[str, Any]:
        """Return the only line."""
        lines = self.all()
        assert len(lines) == 1, lines
        return lines[0]


@contextmanager
def installed(directory: Path, **logs: Any) -> Iterator[InstalledLines]:
    """Install the log side with a file as stdout; undo it at the end."""
    path = directory / "stdout"
    before = sys.stdout
    # pytest's own root handlers raise on messages that do not fit; a service has none of them.
    root = logging.getLogger()
    of_pytest = [handler for handler in root.handlers if type(handler).__module__.startswith("_pytest")]
    root.handlers[:] = [handler for handler in root.handlers if handler not in of_pytest]
    ledger = Ledger()
    with path.open("w") as stream:
        sys.stdout = stream
        installation = LogInstallation(log_settings(**logs), ledger, stream)
        if not installation._capture:
            sys.stdout = before
        installation.install()
        try:
            yield InstalledLines(path, installation, ledger)
        finally:
            installation.undo()
            sys.stdout = before
            root.handlers[:0] = of_pytest
