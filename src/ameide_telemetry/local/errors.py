"""What can go wrong when the local rooms start. Each text ends with what cures it.

`LocalError` stands under `TelemetryError` of `exceptions` and has three kinds: `StoreError`, `PortError`
and `CommandError`.
"""

from __future__ import annotations

from ameide_telemetry.exceptions import TelemetryError

__all__ = ["CommandError", "LocalError", "PortError", "StoreError"]


class LocalError(TelemetryError):
    """Something local cannot start as asked.

    Attributes:
        cure: the edit or command that helps, one line.
    """

    def __init__(self, message: str, *, cure: str) -> None:
        self.cure = cure
        super().__init__(f"{message}\n  {cure}")


class StoreError(LocalError):
    """The store's file cannot be opened, read or written."""


class PortError(LocalError):
    """The receiver cannot listen on the port that it was given."""


class CommandError(LocalError):
    """The command cannot be started.

    Attributes:
        exit_code: what a POSIX shell would exit with: 127 for not found, 126 for not executable.
    """

    def __init__(self, message: str, *, cure: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message, cure=cure)
