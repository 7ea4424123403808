"""What a deployment adds to the built-in classes, and takes from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ameide_telemetry.redaction.pseudonym import Pseudonyms
from ameide_telemetry.settings.privacy import KEPT

if TYPE_CHECKING:
    from ameide_telemetry.settings import TelemetrySettings

__all__ = ["RedactionPolicy", "policy_of"]


@dataclass(frozen=True, slots=True)
class RedactionPolicy:
    """The settings of redaction, checked.

    Attributes:
        names: the last words of names -> class; they go before the built-in ones.
        patterns: class and pattern of values; each takes linear time.
        kept: names in full under which nothing is redacted.
        shown: classes that are not redacted.
        pseudonyms: makes names that stay the same; None: nobody gets one.
    """

    names: tuple[tuple[str, str | None], ...] = ()
    patterns: tuple[tuple[str, re.Pattern[str]], ...] = ()
    kept: tuple[str, ...] = ()
    shown: frozenset[str] = frozenset()
    pseudonyms: Pseudonyms | None = None


def policy_of(settings: TelemetrySettings) -> RedactionPolicy:
    """Return what the settings say about redaction; they were checked when they were read."""
    return RedactionPolicy(
        names=tuple(pair for pair in settings.redact_names if pair[1] != KEPT),
        patterns=tuple((kind, re.compile(pattern)) for kind, pattern in settings.redact_patterns),
        kept=tuple(name for name, kind in settings.redact_names if kind == KEPT),
        shown=frozenset(settings.unredacted_classes),
        pseudonyms=_pseudonyms(settings),
    )


def _pseudonyms(settings: TelemetrySettings) -> Pseudonyms | None:
    key = settings.pseudonym_key
    if key is None or not settings.pseudonym_classes:
        return None
    return Pseudonyms(key.secret, key.key_id, settings.pseudonym_classes)
