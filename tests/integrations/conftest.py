"""What the tests of the integrations stand on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry import guard, propagation
from support.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def rig() -> Rig:
    """A fresh telemetry in memory."""
    return Rig()


@pytest.fixture
def fail_open(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Telemetry errors are swallowed, as they are outside of pytest."""
    caplog.set_level(logging.CRITICAL, "ameide_telemetry")
    guard.reraise_in_tests(choice=False)
    yield
    guard.reraise_in_tests(choice="auto")
    guard.reset()


@pytest.fixture(autouse=True)
def _textmap() -> Iterator[None]:
    """Our propagator is the global one, as after `init_telemetry`."""
    undo = propagation.install(("tracecontext", "baggage"))
    yield
    undo()
