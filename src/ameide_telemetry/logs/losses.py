"""What is said about lost lines: a line when the stream works again, a last word when it is closed."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Final

from ameide_telemetry.logs.outlet import ATOMIC_BYTES, descriptor_of, open_outlet

__all__ = ["Losses", "last_word"]

_BETWEEN_SECONDS: Final = 60.0


class Losses:
    """Counts lost lines until they are said, at most once a minute."""

    __slots__ = ("_next", "_unsaid")

    def __init__(self) -> None:
        self._unsaid: dict[str, int] = {}
        self._next = 0.0

    def __bool__(self) -> bool:
        return bool(self._unsaid)

    def add(self, reason: str, count: int = 1) -> None:
        """Note lost lines by the ledger's reason."""
        if count:
            self._unsaid[reason] = self._unsaid.get(reason, 0) + count

    def due(self, *, at_once: bool = False) -> bool:
        """Tell whether there is something to say and the last time is long enough ago."""
        return bool(self._unsaid) and (at_once or time.monotonic() >= self._next)

    def take(self) -> tuple[str, dict[str, int]]:
        """Return what to say, and the numbers by reason; they count as said from now on."""
        reasons, self._unsaid = self._unsaid, {}
        self._next = time.monotonic() + _BETWEEN_SECONDS
        return f"{sum(reasons.values())} log lines were lost because stdout did not take them", reasons


def last_word(line: bytes) -> None:
    """Write one line to stderr itself if that is possible at once; stdout is gone."""
    descriptor = descriptor_of(sys.__stderr__)
    if descriptor is None or len(line) > ATOMIC_BYTES:
        return
    with suppress(OSError):
        outlet = open_outlet(descriptor)
        outlet.write(line)
