"""What other tracing systems put into a `tracestate`: members that hold secrets or personal data go.

A member with a part of its value is none that its owner understands, so it goes as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import TraceState

    from ameide_telemetry.redaction.hiding import Found
    from ameide_telemetry.redaction.redactor import Redactor

__all__ = ["redacted_state"]


def redacted_state(state: TraceState, redactor: Redactor, found: Found) -> TraceState:
    """Return a state without the members that hold what must not be shown; the same one where none does.

    Args:
        state: as W3C's propagator made it.
        redactor: of the process.
        found: where what they held is counted, by class.
    """
    kept = [member for member in state.items() if _is_clean("=".join(member), redactor, found)]
    return state if len(kept) == len(state) else type(state)(kept)


def _is_clean(member: str, redactor: Redactor, found: Found) -> bool:
    return redactor.text(member, found) == member
