"""What `trace` does: find a trace in the store and print it, or print the table of recent ones."""

from __future__ import annotations

import json
import re
import shlex
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.cli.surroundings import existing_store, style_of
from ameide_telemetry.local import draw
from ameide_telemetry.local.store import Store
from ameide_telemetry.local.text import clock, day, duration, escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ameide_telemetry.local.records import Line, Span, Trace, TraceSummary
    from ameide_telemetry.local.style import Segment, Style

__all__ = ["show_last", "show_list", "show_one"]

_NOT_FOUND: Final = 1
_USAGE: Final = 2
_CANDIDATES: Final = 10
# W3C Trace Context, section 3.2, as a value or as a whole header line; later versions may append fields.
_TRACEPARENT: Final = re.compile(
    r"(?:traceparent:\s*)?[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_PREFIX: Final = re.compile(r"[0-9a-f]{1,32}")
_COLUMNS: Final = (
    "BEGAN (UTC)",
    "TRACE",
    "TOOK",
    "SPANS",
    "LINES",
    "ERRORS",
    "TENANT",
    "SERVICES",
    "FIRST SPAN",
)
_RIGHT: Final = frozenset({"TOOK", "SPANS", "LINES", "ERRORS"})
_SHORT_ID: Final = 12


def show_one(store: str | None, wanted: str, *, tenant: str | None, as_json: bool) -> int:
    """Print the trace that `wanted` names: an id, the beginning of one, or a traceparent."""
    prefix = _prefix(wanted)
    if prefix is None:
        _say(
            f"{escape(wanted)} is neither a trace id nor a traceparent\n"
            f"  see what is there: {_command('--list', store)}"
        )
        return _USAGE
    with Store(existing_store(store), read_only=True) as opened:
        found = opened.find(prefix, _CANDIDATES, tenant)
        trace = opened.trace(found[0]) if len(found) == 1 else None
    if trace is None:
        return _say_not_one(prefix, found, store, tenant)
    return _print(trace, as_json=as_json)


def show_last(store: str | None, *, tenant: str | None, as_json: bool) -> int:
    """Print the trace that began last."""
    with Store(existing_store(store), read_only=True) as opened:
        trace = opened.last_trace(tenant)
    return _say_none(tenant, store) if trace is None else _print(trace, as_json=as_json)


def show_list(store: str | None, *, tenant: str | None, limit: int, as_json: bool) -> int:
    """Print the recent traces as a table, newest first."""
    with Store(existing_store(store), read_only=True) as opened:
        found = opened.traces(limit, tenant)
    if as_json:
        print(json.dumps([_with_text_times(asdict(each)) for each in found], indent=2))
    elif found:
        print("\n".join(_table(found, style_of(sys.stdout))))
    return 0 if found else _say_none(tenant, store)


def _prefix(wanted: str) -> str | None:
    text = wanted.strip().lower()
    whole = _TRACEPARENT.fullmatch(text)
    if whole is not None:
        return whole[1]
    return text if _PREFIX.fullmatch(text) else None


def _print(trace: Trace, *, as_json: bool) -> int:
    if as_json:
        plain = {
            "trace_id": trace.trace_id,
            "tenants": trace.tenants,
            "requests": trace.requests,
            "services": trace.services,
            "spans": [_span(each) for each in trace.spans],
            "lines": [_line(each) for each in trace.lines],
        }
        print(json.dumps(plain, indent=2))
    else:
        print(draw.render(trace, style_of(sys.stdout)))
    return 0


def _span(span: Span) -> dict[str, Any]:
    plain = _with_text_times(asdict(span))
    return {**plain, "events": [_with_text_times(each) for each in plain["events"]]}


def _line(line: Line) -> dict[str, Any]:
    return _with_text_times({"time": line.time, "source": line.source, "record": line.fields or line.text})


def _with_text_times(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return nanosecond times as text, as OTLP/JSON does: JavaScript's numbers cannot hold them."""
    return {key: str(value) if key in {"start", "end", "time"} else value for key, value in plain.items()}


def _table(found: Sequence[TraceSummary], style: Style) -> list[str]:
    rows = [_COLUMNS, *(_cells_of(each) for each in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    return [style.row(_aligned(row, widths, header=row is _COLUMNS), style.width) for row in rows]


def _cells_of(summary: TraceSummary) -> tuple[str, ...]:
    return (
        f"{day(summary.start)} {clock(summary.start)}",
        summary.trace_id[:_SHORT_ID],
        duration(max(summary.end - summary.start, 0)),
        str(summary.spans),
        str(summary.lines),
        str(summary.errors or "-"),
        escape(", ".join(summary.tenants)) or "-",
        escape(", ".join(summary.services)),
        escape(summary.name),
    )


def _aligned(row: Sequence[str], widths: Sequence[int], *, header: bool) -> list[Segment]:
    failed = not header and row[_COLUMNS.index("ERRORS")] != "-"
    colour = "dim" if header else ("red" if failed else "")
    segments: list[Segment] = []
    for title, text, width in zip(_COLUMNS, row, widths, strict=True):
        shown = text.rjust(width) if title in _RIGHT else text.ljust(width)
        segments.append((f"{shown}  ", colour))
    return segments


def _say_not_one(prefix: str, found: Sequence[str], store: str | None, tenant: str | None) -> int:
    if not found:
        whose = f" of tenant {escape(tenant)}" if tenant is not None else ""
        _say(f"no stored trace{whose} begins with {prefix}\n  see what is there: {_command('--list', store)}")
    else:
        ids = "\n  ".join(found)
        _say(f"{len(found)} stored traces or more begin with {prefix}; pass more digits of one:\n  {ids}")
    return _NOT_FOUND


def _say_none(tenant: str | None, store: str | None) -> int:
    if tenant is None:
        _say("no trace is stored\n  run a service: ameide-telemetry run -- CMD ..., and send it a request")
    else:
        _say(
            f"no trace of tenant {escape(tenant)} is stored\n  see what is there: {_command('--list', store)}"
        )
    return _NOT_FOUND


def _command(option: str, store: str | None) -> str:
    where = f" --store {shlex.quote(store)}" if store is not None else ""
    return f"ameide-telemetry trace {option}{where}"


def _say(text: str) -> None:
    print(f"ameide-telemetry: {text}", file=sys.stderr)
