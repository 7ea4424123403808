"""One line when exporting starts to fail and one when it works again, with counts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ameide_telemetry.ledger import SignalLedger

__all__ = ["Outage"]

_logger = logging.getLogger("ameide_telemetry")


class Outage:
    """Whether one signal's exporting fails at the moment, and what was said about it.

    Attributes:
        last_error: kind of the last failure, such as `http_503` or `ConnectionError`; None before any.
        open: whether the last export failed.
    """

    __slots__ = ("_ledger", "_lost_before", "_target", "last_error", "open")

    def __init__(self, target: str, ledger: SignalLedger) -> None:
        self.last_error: str | None = None
        self.open = False
        self._target = target
        self._ledger = ledger
        self._lost_before = 0

    def failed(self, kind: str, lost: int) -> None:
        """Note a failed export of `lost` records; the first one of an outage is said."""
        self.last_error = kind
        if self.open:
            return
        self.open = True
        self._lost_before = self._ledger.counts()["dropped"] - lost
        _logger.warning(
            "telemetry export of %s fails: %s; the service is unaffected, lost records are counted",
            self._target,
            kind,
        )

    def worked(self) -> None:
        """Note a successful export; the first one after an outage is said."""
        if not self.open:
            return
        self.open = False
        counts = self._ledger.counts()
        _logger.info(
            "telemetry export of %s works again: %d delivered, %d dropped during the outage, %d queued",
            self._target,
            counts["delivered"],
            counts["dropped"] - self._lost_before,
            counts["queued"],
        )
