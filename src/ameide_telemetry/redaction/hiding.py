"""What stands in the place of a value, and how often: the note that a line carries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ameide_telemetry import guard
from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES
from ameide_telemetry.redaction.classes import marker

if TYPE_CHECKING:
    from ameide_telemetry.redaction.pseudonym import Pseudonyms

__all__ = ["MARKER", "Found", "Hide", "hiding"]

Found = dict[str, int]
"""Class -> how many values of it were redacted."""

Hide = Callable[[str, str], str]
"""Takes the class and the value, returns what is shown instead."""

MARKER: Final = re.compile(
    rf"\[(?:redacted:[a-z_]{{1,32}}|(?:{'|'.join(PERSONAL_CLASSES)}):[^\s:\[\]]{{1,64}}:[0-9a-f]{{24}})\]"
)
"""What was hidden before: a marker, or a pseudonym."""


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
