"""Every test here begins in a process without providers."""

from __future__ import annotations

import pytest

from ameide_telemetry.metrics import callbacks
from support.pipelines import fresh_process as fresh_process  # noqa: PLC0414 a fixture is used by its name


@pytest.fixture(autouse=True)
def _fresh(fresh_process: None) -> None:
    """Apply it to all."""


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give callbacks more time than a busy machine needs; whoever tests the limit sets one."""
    monkeypatch.setattr(callbacks, "CALLBACK_SECONDS", 20.0)
    monkeypatch.setattr(callbacks, "COLLECTION_SECONDS", 60.0)
