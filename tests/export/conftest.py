"""Every test here begins in a process without providers."""

from __future__ import annotations

import pytest

from support.pipelines import fresh_process as fresh_process  # noqa: PLC0414 a fixture is used by its name


@pytest.fixture(autouse=True)
def _fresh(fresh_process: None) -> None:
    """Apply it to all."""
