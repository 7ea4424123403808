"""What is asked of a stream of lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from ameide_telemetry.contract import names
from ameide_telemetry.redaction import RedactionPolicy

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings of the check.

    Attributes:
        required_in_request: keys that every line of a request has.
        in_trace: whether every line with a trace belongs to a request, not the access line alone.
        max_line_bytes: most bytes of a line, the newline not counted.
        max_depth: how deep objects and lists may be nested; the line itself is the first level.
        skew_seconds: how much older a line may be than the one before it.
        ignored: codes of findings that are left out.
        known_keys: the service's own keys; when there are any, every other one that is not the contract's
            is told.
        personal: whether values are searched for data of people and secrets.
        redaction: what a deployment says about such data.
        max_samples: how many places of a group are kept.
    """

    required_in_request: tuple[str, ...] = (names.LOG_REQUEST_ID,)
    in_trace: bool = False
    max_line_bytes: int = names.MAX_LINE_BYTES
    max_depth: int = 12
    skew_seconds: float = 5.0
    ignored: frozenset[str] = frozenset()
    known_keys: frozenset[str] = frozenset()
    personal: bool = True
    redaction: RedactionPolicy = field(default_factory=RedactionPolicy)
    max_samples: int = 5
