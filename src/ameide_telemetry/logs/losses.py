"""What is said about lost lines: a line when the stream works again, a last word when it is closed."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ameide_telemetry import guard
from ameide_telemetry.logs.outlet import ATOMIC_BYTES, descriptor_of, open_outlet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Notice = Callable[[str, Mapping[str, object]], bytes]

__all__ = ["LastWord", "Losses"]

_NOTICE: Final = guard.site("logs.notice")

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

    def line(self, notice: Notice | None) -> bytes | None:
        """Return what to say as a line; None where nobody renders one, and then nothing counts as said."""
        if notice is None:
            return None
        message, reasons = self.take()
        return _NOTICE.call(notice, message, {"dropped_by_reason": reasons})


class LastWord:
    """Says on stderr that stdout takes no lines.

    Once for each reason until lines are taken again, and not more than once a minute.
    """

    __slots__ = ("_next", "_said")

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._next: dict[str, float] = {}

    def say(self, reason: str, why: str | None, notice: Notice | None) -> None:
        """Say it if it is due.

        Args:
            reason: the ledger's.
            why: in words.
            notice: renders a message and its fields as a line; None says nothing.
        """
        now = time.monotonic()
        if notice is None or reason in self._said or now < self._next.get(reason, 0.0):
            return
        self._said.add(reason)
        self._next[reason] = now + _BETWEEN_SECONDS
        message = f"stdout takes no log lines ({why}); they are dropped and counted"
        line = _NOTICE.call(notice, message, {"reason": reason})
        if line is not None:
            _to_stderr(line)

    def over(self) -> None:
        """Note that lines are taken."""
        self._said.clear()


def _to_stderr(line: bytes) -> None:
    """Write one line to stderr itself if that is possible at once."""
    descriptor = descriptor_of(sys.__stderr__)
    if descriptor is None or len(line) > ATOMIC_BYTES:
        return
    with suppress(OSError):
        outlet = open_outlet(descriptor)
        outlet.write(line)
