"""OpenTelemetry reads some variables by itself, while it is imported, and raises on a wrong value.

A misspelt propagator or an attribute limit that is no number would keep the service from starting, before
anybody could say what is wrong. `settings` judges these variables, and what it finds wrong is hidden from
OpenTelemetry for the length of its import and of our start.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Final

from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["hidden", "prepare"]

# These read the environment while they are imported (API and SDK 1.45).
_READERS: Final = (
    "opentelemetry.context",
    "opentelemetry.propagate",
    "opentelemetry.sdk.trace",
    "opentelemetry.sdk.metrics",
)


def prepare() -> None:
    """Import what reads wrong variables, with those hidden; does nothing where all are right."""
    names = TelemetrySettings.resolve({"strict": False}).hidden_variables
    if names:
        with hidden(names):
            for reader in _READERS:
                import_module(reader)


@contextmanager
def hidden(names: Iterable[str]) -> Iterator[None]:
    """Run the block without these variables; afterwards they are as they were."""
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)
