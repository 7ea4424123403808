"""The files of a source checkout that are generated from the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.constants import render_names
from ameide_telemetry.contract.reference import render_reference
from ameide_telemetry.contract.schema import render_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.contract.model import Contract

__all__ = ["DERIVED", "REGISTRY", "DerivedFile"]


@dataclass(frozen=True, slots=True)
class DerivedFile:
    """A generated file.

    Attributes:
        path: where it lies, from the root of the checkout, with `/`.
        render: makes its text.
    """

    path: str
    render: Callable[[Contract], str]


REGISTRY: Final = "src/ameide_telemetry/contract/telemetry.toml"
"""The registry, from the root of the checkout."""

DERIVED: Final = (
    DerivedFile("src/ameide_telemetry/contract/names.py", render_names),
    DerivedFile("src/ameide_telemetry/contract/log-line.schema.json", render_schema),
    DerivedFile("docs/reference/contract.md", render_reference),
)
"""Every generated file."""
