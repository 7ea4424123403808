"""What stands in the place of a value, and how often: the note that a line carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ameide_telemetry import guard
from ameide_telemetry.redaction.classes import marker

if TYPE_CHECKING:
    from ameide_telemetry.redaction.pseudonym import Pseudonyms

__all__ = ["Found", "Hide", "hiding"]

Found = dict[str, int]
"""Class -> how many values of it were redacted."""

Hide = Callable[[str, str], str]
"""Takes the class and the value, returns what is shown instead."""


def hiding(found: Found, pseudonyms: Pseudonyms | None) -> Hide:
    """Return what hides values and counts them in `found`.

    Args:
        found: the counts of one line or span.
        pseudonyms: makes names that stay the same, for the classes that it was asked for.
    """

    def hide(kind: str, value: str) -> str:
        found[kind] = found.get(kind, 0) + 1
        guard.note(f"redaction.{kind}")
        pseudonym = None if pseudonyms is None else pseudonyms.of(kind, value)
        return marker(kind) if pseudonym is None else pseudonym

    return hide
