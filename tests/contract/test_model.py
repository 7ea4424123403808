"""The model: frozen values and what follows from them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract


def test_the_contract_is_frozen(contract: Contract) -> None:
    """Nobody changes a loaded contract or one of its fields."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        contract.schema_version = "2.0"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        contract.fields[0].loki = "label"  # type: ignore[misc]


def test_context_is_what_travels(contract: Contract) -> None:
    """The fields with a baggage key are tenant, request and session."""
    assert {field.name for field in contract.context_fields} == {"tenant_id", "request_id", "session_id"}


def test_sets_that_stand_together(contract: Contract) -> None:
    """Groups and fields with several log keys give the sets that stand on a line whole or not at all."""
    assert contract.together == (
        ("trace_id", "span_id", "trace_flags"),
        ("tenant_id", "saas.tenant"),
        ("exception_type", "exception_message"),
    )


def test_spellings_leave_headers_out(contract: Contract) -> None:
    """A header is no attribute, so it does not count as a spelling."""
    request = next(field for field in contract.fields if field.name == "request_id")
    assert request.spellings == {"request_id"}
    assert request.header == "x-request-id"
