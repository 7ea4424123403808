"""A limit, for who asks for it, on how many lines of one kind are written per second.

Lines are of one kind when logger, level and message template are the same: the text before its arguments
were put in. What is suppressed is counted exactly, and one line says how much it was, with the next line of
any kind after the second is over, or at the end of the process.

The first lines of each second always pass, of errors too: the limit is never less than one.
"""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.logs.apart import OWN_LOGGER, apart
from ameide_telemetry.logs.event import Event, level_name
from ameide_telemetry.logs.handler import LineWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.logs.line import LineRenderer
    from ameide_telemetry.logs.pretty import PrettyRenderer
    from ameide_telemetry.logs.sink import Sink

__all__ = ["SUPPRESSED", "StormLimit", "StormWriter", "Suppressed"]

# The ledger's reason for lines that were left out on purpose.
SUPPRESSED: Final = "storm"
_WINDOW_SECONDS: Final = 1.0
_MAX_KINDS: Final = 1_000
_MAX_TEMPLATE: Final = 200


class Kind(NamedTuple):
    """What makes lines the same."""

    logger: str
    level: int
    template: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """How many lines of one kind were suppressed in one window."""

    kind: Kind
    count: int


@dataclass(slots=True)
class _Window:
    """The second in which lines of one kind are counted."""

    ends: float
    passed: int = 0
    suppressed: int = 0


class StormLimit:
    """Decides for one process which lines pass.

    At most 1,000 kinds are watched at a time. Where there are more, the one that was watched longest begins
    anew: that many kinds at once are no storm of one kind.

    Args:
        limit: lines of one kind per second; at least 1.
        clock: monotonic seconds.

    Attributes:
        pid: of the process that this belongs to.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.pid = os.getpid()
        self._limit = max(1, limit)
        self._clock = clock
        self._windows: dict[Kind, _Window] = {}
        self._next_end = math.inf
        # Reentrant, because a signal handler may log in the middle of it.
        self._lock = threading.RLock()
        self._busy = False

    def judge(self, event: Event) -> tuple[bool, list[Suppressed]]:
        """Return whether a line passes, and what there is to say about windows that are over."""
        kind = Kind(event.logger, event.level, (event.template or event.message)[:_MAX_TEMPLATE])
        with self._lock:
            if self._busy:
                return True, []
            self._busy = True
            try:
                now = self._clock()
                over = list(self._over(now)) if now >= self._next_end else []
                return self._passes(kind, now, over), over
            finally:
                self._busy = False

    def finish(self) -> list[Suppressed]:
        """Return what is still to be said, at the end of the process."""
        with self._lock:
            return [] if self._busy else list(self._over(math.inf))

    def _passes(self, kind: Kind, now: float, over: list[Suppressed]) -> bool:
        window = self._windows.get(kind)
        if window is None or now >= window.ends:
            window = self._opened(kind, now, over)
        if window.passed < self._limit:
            window.passed += 1
            return True
        window.suppressed += 1
        self._next_end = min(self._next_end, window.ends)
        return False

    def _opened(self, kind: Kind, now: float, over: list[Suppressed]) -> _Window:
        # Taken out first, so that the oldest window is always the first one.
        self._windows.pop(kind, None)
        if len(self._windows) >= _MAX_KINDS:
            oldest = next(iter(self._windows))
            over += _said(oldest, self._windows.pop(oldest))
        window = self._windows[kind] = _Window(now + _WINDOW_SECONDS)
        return window

    def _over(self, now: float) -> Iterator[Suppressed]:
        for kind in [kind for kind, window in self._windows.items() if window.ends <= now]:
            yield from _said(kind, self._windows.pop(kind))
        self._next_end = min(
            (window.ends for window in self._windows.values() if window.suppressed), default=math.inf
        )


class StormWriter(LineWriter):
    """Writes events as its base does, within the limit.

    Args:
        renderer: event -> bytes.
        sink: takes the bytes.
        limit: lines of one kind per second.
        ledger: where what is suppressed is counted, for lines and for records over OTLP.
    """

    __slots__ = ("_ledger", "_limit", "_storm")

    needs_template = True

    def __init__(
        self, renderer: LineRenderer | PrettyRenderer, sink: Sink, *, limit: int, ledger: Ledger
    ) -> None:
        super().__init__(renderer, sink)
        self._limit = limit
        self._ledger = ledger
        self._storm = StormLimit(limit)

    def write(self, event: Event) -> None:
        """Write one event, or count it as suppressed. Never raises."""
        passes, over = self._of_this_process().judge(event)
        if over:
            self._say(over)
        if passes:
            super().write(event)
        else:
            self._count()

    def finish(self) -> None:
        """Say what is still to be said, at the end of the process."""
        self._say(self._of_this_process().finish())

    def _of_this_process(self) -> StormLimit:
        if self._storm.pid != os.getpid():
            # Its lock may be held by a thread that the child does not have, and its counts are the parent's.
            self._storm = StormLimit(self._limit)
        return self._storm

    def _count(self) -> None:
        if self.lines:
            self._ledger.lines.emit()
            self._ledger.lines.drop(SUPPRESSED)
        if self.records is not None:
            self._ledger.logs.emit()
            self._ledger.logs.drop(SUPPRESSED)

    def _say(self, over: list[Suppressed]) -> None:
        for each in over:
            with apart():
                super().write(_event(each))


def _said(kind: Kind, window: _Window) -> list[Suppressed]:
    return [Suppressed(kind, window.suppressed)] if window.suppressed else []


def _event(suppressed: Suppressed) -> Event:
    kind = suppressed.kind
    level = level_name(kind.level)
    fields = {
        "suppressed": suppressed.count,
        "suppressed_logger": kind.logger,
        "suppressed_level": level,
        "suppressed_template": kind.template,
    }
    message = (
        f"suppressed {suppressed.count} lines of logger {kind.logger} at level {level} within one second,"
        f" all like: {kind.template}"
    )
    return Event(time.time(), kind.level, OWN_LOGGER, message, fields)
