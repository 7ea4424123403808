"""Registers the table of percentages, wherever these tests run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Print the table once, also when another conftest registers it."""
    config.pluginmanager.import_plugin("support.percentages")
