"""One line of a service's output: parsed the way a log collector would, shown the way a human would like.

A line that holds no JSON object is kept and marked, never repaired: what a collector cannot read here,
it cannot read in production either.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract import names
from ameide_telemetry.local.records import Line, Source
from ameide_telemetry.local.style import PLAIN, Segment, Style
from ameide_telemetry.local.text import clock, escape, pad

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LineSplitter", "joined", "level_segment", "parse", "render", "said", "stack_rows"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = 1_000
# The store holds 63 bits, which end in the year 2262.
_LAST_NANOSECOND: Final = 2**63 - 1
_MAX_LINE_BYTES: Final = 1024 * 1024
_SHOWN_STACK_ROWS: Final = 40
_SHORT_TRACE: Final = 8
_LEVEL_CELLS: Final = 7
_GAP: Final = "  "
# Shown elsewhere in a row, or the same on every line of a service.
_NOT_PAIRS: Final = (names.RESERVED_LOG_KEYS - {names.LOG_EXTRA, names.LOG_TRUNCATED_BYTES}) | {
    names.LOG_EXCEPTION_TYPE,
    names.LOG_EXCEPTION_MESSAGE,
}
# What the message of an access line says already.
_ACCESS_DETAILS: Final = frozenset(
    {
        names.LOG_HTTP_METHOD,
        names.LOG_HTTP_ROUTE,
        names.LOG_URL_PATH,
        names.LOG_HTTP_REQUEST_SIZE,
        names.LOG_HTTP_RESPONSE_SIZE,
    }
)
_LEVEL_COLOURS: Final = {
    "debug": ("dim",),
    "info": ("green",),
    "warning": ("yellow",),
    "error": ("red",),
    "critical": ("bright_red",),
}


class LineSplitter:
    """Cuts one stream of bytes into lines.

    A line longer than 1 MiB is handed over in pieces, so that a service which never ends its line
    cannot fill the memory.
    """

    __slots__ = ("_limit", "_rest")

    def __init__(self, *, limit: int = _MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes, without their line ends."""
        *complete, rest = chunk.split(b"\n")
        if complete:
            complete[0] = bytes(self._rest) + complete[0]
            self._rest.clear()
        self._rest += rest
        return [piece for line in complete for piece in self._pieces(line)] + self._overflow()

    def end(self) -> list[bytes]:
        """Return what is left when the stream ends without a line end."""
        rest = bytes(self._rest)
        self._rest.clear()
        return [rest] if rest else []

    def _pieces(self, line: bytes) -> Iterator[bytes]:
        line = line.removesuffix(b"\r")
        for start in range(0, max(len(line), 1), self._limit):
            yield line[start : start + self._limit]

    def _overflow(self) -> list[bytes]:
        found = []
        while len(self._rest) > self._limit:
            found.append(bytes(self._rest[: self._limit]))
            del self._rest[: self._limit]
        return found


def parse(raw: str | bytes, *, source: Source = "stdout", received: int | None = None) -> Line:
    """Return the line that `raw` is; never raises.

    Args:
        raw: one line without its line end; bytes that are no UTF-8 are kept as escapes.
        source: the stream it came from.
        received: time of arrival in Unix nanoseconds, by default now; stands in for a missing timestamp.
    """
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    arrival = time.time_ns() if received is None else received
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return Line(text=text, fields=None, time=arrival, source=source, reason="not JSON")
    if not isinstance(fields, dict):
        return Line(text=text, fields=None, time=arrival, source=source, reason="not a JSON object")
    written = _timestamp(fields.get(names.LOG_TIMESTAMP))
    return Line(text=text, fields=fields, time=arrival if written is None else written, source=source)


def render(line: Line, style: Style = PLAIN) -> str:
    """Return the line as one row for a human, whatever it holds; the terminal wraps long ones."""
    time_of_day: Segment = (clock(line.time), "dim")
    if not line.is_record:
        mark = f"{line.reason}, {line.source}"
        return style.row([time_of_day, (_GAP,), (mark, "yellow"), (" │ ", "dim"), (escape(line.text),)])
    parts: list[list[Segment]] = [
        [time_of_day],
        [level_segment(line)],
        [(escape(line.service), "cyan")],
        [(escape(line.tenant_id), "magenta")],
        [(escape(line.request_id), "dim")],
        said(line),
        [(f"trace {escape(line.trace_id[:_SHORT_TRACE])}" if line.trace_id else "", "dim")],
    ]
    return style.row(joined(parts))


def stack_rows(line: Line, style: Style = PLAIN) -> list[str]:
    """Return the line's stack trace as indented rows, the innermost 40; empty when it has none."""
    stack = line.get(names.LOG_EXCEPTION_STACKTRACE) or line.get(names.LOG_STACK)
    rows = stack.splitlines()
    shown = rows[-_SHOWN_STACK_ROWS:]
    if len(rows) > len(shown):
        shown.insert(0, f"… {len(rows) - len(shown)} rows above …")
    return [style.row([(f"    {escape(row)}", "dim")]) for row in shown]


def said(line: Line) -> list[Segment]:
    """Return what the line says: message, exception, and the service's own fields as `key=value`."""
    exception = ": ".join(
        filter(None, map(line.get, (names.LOG_EXCEPTION_TYPE, names.LOG_EXCEPTION_MESSAGE)))
    )
    parts: list[list[Segment]] = [[(escape(line.message),)]]
    if exception:
        parts.append([(f"✗ {escape(exception)}", "red")])
    hidden = _NOT_PAIRS | _ACCESS_DETAILS if line.logger == names.ACCESS_LOGGER else _NOT_PAIRS
    parts += [
        [(f"{escape(key)}=", "dim"), (escape(line.get(key)),)]
        for key in line.fields or {}
        if key not in hidden
    ]
    return joined(parts)


def level_segment(line: Line) -> Segment:
    """Return the level, padded so that what follows stands in one column."""
    level = escape(line.level)
    return (pad(level.upper(), _LEVEL_CELLS) if level else "", *_LEVEL_COLOURS.get(level, ()))


def joined(parts: Iterable[list[Segment]]) -> list[Segment]:
    """Return the segments of all parts that say something, with a gap between part and part."""
    found: list[Segment] = []
    for part in parts:
        if any(text for text, *_ in part):
            found += [(_GAP,), *part] if found else part
    return found


def _timestamp(value: object) -> int | None:
    """Return RFC 3339 text as Unix nanoseconds; a time without an offset is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    found = (since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds) * _MICROSECOND
    return found if 0 <= found <= _LAST_NANOSECOND else None
