"""The kinds of what is redacted: what a marker says in the place of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES, SECRET_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLASSES", "HELD_BY_NUMBERS", "marker"]

CLASSES: Final[Mapping[str, str]] = {**SECRET_CLASSES, **PERSONAL_CLASSES}
"""Every class with its meaning."""

# A number under a name of another class is how many there are, not which.
HELD_BY_NUMBERS: Final = frozenset(
    {
        "password",
        "secret",
        "token",
        "key",
        "phone",
        "account",
        "card",
        "national_id",
        "birth_date",
        "location",
        "personal",
        "custom",
    }
)

_MARKERS: Final = {name: f"[redacted:{name}]" for name in CLASSES}


def marker(kind: str) -> str:
    """Return what stands in the place of a value of this class."""
    return _MARKERS[kind]
