"""What the contract tests share: the shipped registry, as text and loaded."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.contract.load import load_contract

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract


@pytest.fixture(scope="session")
def registry() -> str:
    """Return the text of the shipped registry."""
    return resources.files("ameide_telemetry.contract").joinpath("telemetry.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Return the shipped contract."""
    return load_contract()


@pytest.fixture
def line(contract: Contract) -> dict[str, object]:
    """Return a line that holds every reserved field, built from the examples of the registry."""
    return {key: field.example for field in contract.fields if field.reserved for key in field.log}
