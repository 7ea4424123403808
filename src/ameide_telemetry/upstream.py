"""What the libraries underneath need before and while they are imported.

OpenTelemetry reads some variables by itself, while it is imported, and raises on a wrong value.

A misspelt propagator or an attribute limit that is no number would keep the service from starting, before
anybody could say what is wrong. `settings` judges these variables, and what it finds wrong is hidden from
OpenTelemetry for the length of its import and of our start.

Libraries that a service may use or not are not imported for it: what there is to do with them is done when
the service imports them.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from ameide_telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["hidden", "prepare", "when_imported"]

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


def when_imported(library: str, action: Callable[[], object]) -> bool:
    """Run `action` now if a library is imported already, else right after its import.

    Returns:
        False if nobody can tell when that is: it takes wrapt, which every instrumentor brings along.
    """
    if library in sys.modules:
        action()
    elif find_spec("wrapt") is None:
        return False
    else:
        import_module("wrapt").register_post_import_hook(lambda _: action(), library)
    return True
