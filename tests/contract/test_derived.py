"""Drift: what is committed is what the registry says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from ameide_telemetry.contract.derived import DERIVED, REGISTRY, DerivedFile
from ameide_telemetry.contract.load import load_contract

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("derived", DERIVED, ids=lambda derived: Path(derived.path).name)
def test_no_derived_file_is_stale(derived: DerivedFile) -> None:
    """Each derived file equals what the registry of this checkout renders to."""
    contract = load_contract((_ROOT / REGISTRY).read_text(encoding="utf-8"))
    committed = (_ROOT / derived.path).read_bytes()
    assert committed == derived.render(contract).encode(), "run `ameide-telemetry contract generate`"
