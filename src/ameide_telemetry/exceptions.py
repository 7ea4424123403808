"""The errors of this package, drawn as a tree.

    TelemetryError
    ├── SettingsError        one or more settings are wrong; lists all of them
    ├── ConflictError        init_telemetry was called again with different settings
    ├── InstrumentError      a metric instrument contradicts another or is wrongly named; strict only
    ├── ContractError        the contract file is broken; lists all problems
    ├── ApplicationError     instrument_app was given something that is neither ASGI nor WSGI
    └── UnusableInput        a check was given something to read that it cannot; not a verdict about it

All of them are raised at start-up only. At run time telemetry never raises into the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.findings import Finding

__all__ = [
    "ApplicationError",
    "ConflictError",
    "ContractError",
    "InstrumentError",
    "SettingsError",
    "TelemetryError",
    "UnusableInput",
]


class TelemetryError(Exception):
    """Telemetry cannot start as asked.

    Attributes:
        findings: every problem that was found, each once; empty when the message says it all.
    """

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n".join([message, *(f"  - {finding}" for finding in self.findings)]))


class SettingsError(TelemetryError):
    """One or more settings are wrong. The text lists all of them, with origin and accepted form."""


class ConflictError(TelemetryError):
    """`init_telemetry` was called again with settings that differ from the first call."""


class InstrumentError(TelemetryError):
    """A metric instrument contradicts an earlier one of its meter, or its name, unit or boundaries are wrong.

    Raised in strict mode only, where the instrument is made; the text names both and the difference.
    """


class ContractError(TelemetryError):
    """The contract file cannot be loaded. The text lists every problem in it."""


class ApplicationError(TelemetryError, TypeError):
    """`instrument_app` was given an object that is neither an ASGI nor a WSGI application."""


class UnusableInput(TelemetryError):  # noqa: N818 a verdict about input, not a failure of ours
    """What a check was asked to read is missing, empty or not text; the message says what and why."""
