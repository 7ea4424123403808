"""What only several lines show together: time that runs backwards, one key with values of several types.

What is remembered is bounded; what there was no room for is counted.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.contract import names
from ameide_telemetry.contract.conformance import json_type
from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Course"]

_TIME: Final = re.compile(names.TIMESTAMP_PATTERN).fullmatch
# The last day that every month has.
_EVERY_MONTH: Final = "28"
_NO_YEAR: Final = "0000"
_MAX_STREAMS: Final = 1_000
_MAX_KEYS: Final = 10_000


class Course:
    """Remembers the last time of each stream and the first type of each key.

    Args:
        skew_seconds: how much older a line may be than the one before it.
        passed_over: keys whose type others judge.
    """

    __slots__ = ("_passed_over", "_skew", "_types", "left_out", "newest")

    def __init__(self, skew_seconds: float, passed_over: Iterable[str]) -> None:
        self._skew = skew_seconds
        self._passed_over = frozenset(passed_over)
        self._types: dict[tuple[str, str], str] = {}
        self.newest: dict[tuple[str, str], str] = {}
        self.left_out = 0

    @property
    def services(self) -> int:
        """How many services there are at least."""
        return len({service for _, service in self.newest})

    def findings(self, record: Mapping[str, Any], path: str) -> Iterator[Finding]:
        """Yield what one line shows beside those before it.

        Args:
            record: the line.
            path: where it comes from; services are judged apart in each file.
        """
        service = record.get(names.LOG_SERVICE)
        name = service if isinstance(service, str) else ""
        timestamp = record.get(names.LOG_TIMESTAMP)
        if isinstance(timestamp, str) and _TIME(timestamp) is not None and not _is_a_day(timestamp):
            hint = "write the time that it was: 2026-01-31T12:34:56.789012Z"
            yield Finding("TEL532", "is a day that no calendar has", names.LOG_TIMESTAMP, hint)
            timestamp = None
        yield from self._backwards(timestamp, (path, name))
        yield from self._mixed(record, name)

    def _backwards(self, timestamp: object, stream: tuple[str, str]) -> Iterator[Finding]:
        if not isinstance(timestamp, str) or _TIME(timestamp) is None:
            return
        before = self.newest.get(stream)
        if before is None and len(self.newest) >= _MAX_STREAMS:
            self.left_out += 1
            return
        if before is not None and timestamp < before:
            if _is_within(self._skew, timestamp, before):
                return
            hint = "let one process write to a stream, and set the clock of the host"
            message = f"is more than {self._skew:g} s older than on the line before"
            yield Finding("TEL510", message, names.LOG_TIMESTAMP, hint, "warning")
        # From a jump on, lines are compared with it: one finding for each.
        self.newest[stream] = timestamp

    def _mixed(self, record: Mapping[str, Any], service: str) -> Iterator[Finding]:
        for key, value in record.items():
            # Loki makes of null what it makes of a key that is not there.
            if value is None or key in self._passed_over:
                continue
            kind = json_type(value)
            first = self._types.get((service, key))
            if first is None:
                if len(self._types) < _MAX_KEYS:
                    self._types[service, key] = kind
                else:
                    self.left_out += 1
            elif first != kind:
                hint = "write it always as the same type, or give one of them another name"
                yield Finding("TEL511", f"is {kind}, and was {first} before", key, hint, "warning")


def _is_a_day(timestamp: str) -> bool:
    if timestamp[8:10] <= _EVERY_MONTH and timestamp[:4] != _NO_YEAR:
        return True
    try:
        datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    return True


def _is_within(seconds: float, earlier: str, later: str) -> bool:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() <= seconds
