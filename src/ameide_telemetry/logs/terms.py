"""On what terms a sink writes; what its sink and the ways out of the process both know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ameide_telemetry.ledger import SignalLedger
    from ameide_telemetry.logs.losses import Notice

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """On what terms a sink writes.

    Attributes:
        ledger: where its lines are counted.
        blocks: whether a call waits for as long as the reader stalls.
        notice: renders a message and its fields as a line of our own; None says nothing.
    """

    ledger: SignalLedger
    blocks: bool = False
    notice: Notice | None = None
