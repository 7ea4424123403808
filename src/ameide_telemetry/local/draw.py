"""A trace drawn for a terminal: the tree of its spans, when each ran, and the lines in their place.

trace 4bf92f3577b34da6a3ce929d0e0e4736  212 ms  2026-11-22 08:03:11.120 UTC
tenant acme  request req-7  2 services  3 spans  1 line

gateway POST /orders 201       212 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
│  +1.2 ms  INFO   order received  sku=42
└─ gateway POST 200            180 ms    ━━━━━━━━━━━━━━━━━━━━━━━━╸
   └─ backend POST /price 200  150 ms      ╺━━━━━━━━━━━━━━━━━━━━
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.local.lines import joined, level_segment, said
from ameide_telemetry.local.style import PLAIN, Style
from ameide_telemetry.local.text import cells, clock, day, duration, escape, fit
from ameide_telemetry.local.tree import Node, grow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ameide_telemetry.local.records import Line, Span, Trace
    from ameide_telemetry.local.style import Segment
    from ameide_telemetry.local.tree import Forest

__all__ = ["render"]

_PALETTE: Final = ("cyan", "magenta", "blue", "green", "bright_cyan", "bright_magenta", "bright_blue")
_DURATION_CELLS: Final = 8
_LABEL_SHARE: Final = 0.55
_FEWEST_BAR_CELLS: Final = 12
_DEEPEST: Final = 12
_SHOWN_IDS: Final = 3
_SHORT_ID: Final = 8
_HALVES: Final = {(True, True): "━", (True, False): "╸", (False, True): "╺", (False, False): " "}
# HTTP status codes from here on are shown as the service's fault, and as the caller's.
_STATUS_COLOURS: Final = ((500, "red"), (400, "yellow"), (0, "dim"))
_PLACE_NOTES: Final = {
    "orphan": "its parent {parent} is not stored: late, not sampled, or not instrumented",
    "loop": "its parents form a loop",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One row to be: guides, then either a span's label or a text that may use the whole width."""

    guides: str
    segments: list[Segment]
    span: Span | None = None


def render(trace: Trace, style: Style = PLAIN) -> str:
    """Return the trace as text for a terminal, without a line end behind the last row."""
    forest = grow(trace)
    colours = {name: _PALETTE[at % len(_PALETTE)] for at, name in enumerate(trace.services)}
    rows = list(_rows(forest, colours))
    label_cells = _label_cells(rows, style)
    body = [_drawn(row, label_cells, forest, colours, style) for row in rows]
    return "\n".join([*_header(trace, forest, style), "", *body, *_strays(forest, style)])


def _header(trace: Trace, forest: Forest, style: Style) -> list[str]:
    errors = sum(span.failed for span in trace.spans)
    first: list[list[Segment]] = [
        [("trace ", "dim"), (escape(trace.trace_id), "bold")],
        [(duration(forest.end - forest.start),)],
        [(f"{day(forest.start)} {clock(forest.start)} UTC", "dim")],
    ]
    second: list[list[Segment]] = [
        *_named("tenant", trace.tenants),
        *_named("request", trace.requests),
        [(_counted(len(trace.services), "service"),)],
        [(_counted(len(trace.spans), "span"),)],
        [(_counted(len(trace.lines), "line"),)],
    ]
    if errors:
        second.append([(_counted(errors, "error"), "red")])
    return [style.row(joined(first), style.width), style.row(joined(second), style.width)]


def _named(word: str, values: Sequence[str]) -> Iterator[list[Segment]]:
    if values:
        shown = ", ".join(escape(value) for value in values[:_SHOWN_IDS])
        more = f", and {len(values) - _SHOWN_IDS} more" if len(values) > _SHOWN_IDS else ""
        yield [(f"{word} ", "dim"), (shown + more,)]


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _rows(forest: Forest, colours: dict[str, str]) -> Iterator[_Row]:
    """Yield the rows from top to bottom; with a stack of its own: traces may be deeper than Python's."""
    waiting: list[tuple[Node | Line, str, str, int]] = [(root, "", "", 0) for root in reversed(forest.roots)]
    while waiting:
        item, lead, rest, depth = waiting.pop()
        if not isinstance(item, Node):
            yield _Row(lead, _line_segments(item, forest.start))
            continue
        yield _Row(lead, _label(item.span, colours), item.span)
        contents = item.contents()
        below = rest + ("│  " if item.children else "   ")
        yield from (_Row(below, [note]) for note in _notes(item))
        waiting += reversed(list(_placed(contents, rest, depth + 1)))


def _placed(
    contents: Sequence[Node | Line], rest: str, depth: int
) -> Iterator[tuple[Node | Line, str, str, int]]:
    """Yield each child and line with the guides before it and the guides of what stands below it."""
    last = max((at for at, item in enumerate(contents) if isinstance(item, Node)), default=-1)
    for at, item in enumerate(contents):
        if not isinstance(item, Node):
            yield item, rest + ("│  " if at < last else "   "), "", depth
        elif depth > _DEEPEST:
            base = rest.split("⋮", 1)[0]
            yield item, f"{base}⋮ {depth} ", f"{base}⋮ ", depth
        else:
            branch, through = ("├─ ", "│  ") if at < last else ("└─ ", "   ")
            yield item, rest + branch, rest + through, depth


def _label(span: Span, colours: dict[str, str]) -> list[Segment]:
    label: list[Segment] = [
        (escape(span.service), colours.get(span.service, "dim")),
        (" ",),
        (escape(span.name) or "(no name)", *(("bold", "red") if span.failed else ("bold",))),
    ]
    status = span.attributes.get("http.response.status_code")
    if isinstance(status, int):
        colour = next((name for least, name in _STATUS_COLOURS if status >= least), "dim")
        label.append((f" {status}", colour))
    return [("✗ ", "red"), *label] if span.failed else label


def _notes(node: Node) -> Iterator[Segment]:
    failure = _failure(node.span)
    if failure:
        yield f"✗ {failure}", "red"
    if node.place in _PLACE_NOTES:
        parent = escape(node.span.parent_id[:_SHORT_ID])
        yield f"({_PLACE_NOTES[node.place].format(parent=parent)})", "yellow"
    if node.early:
        yield f"(starts {duration(node.early)} before its parent: clocks differ)", "yellow"
    if node.span.end < node.span.start:
        yield "(ends before it starts: the clock was set back)", "yellow"


def _failure(span: Span) -> str:
    """Return why the span failed: its exception, or the description of its status."""
    for event in span.events:
        if event.name == "exception":
            parts = [event.attributes.get(f"exception.{key}") for key in ("type", "message")]
            return ": ".join(escape(part) for part in parts if part)
    return escape(span.message)


def _line_segments(line: Line, start: int) -> list[Segment]:
    since = line.time - start
    offset: Segment = (f"{'+' if since >= 0 else ''}{duration(since)}", "dim")
    return joined([[offset], [level_segment(line)], said(line)])


def _label_cells(rows: Iterable[_Row], style: Style) -> int:
    """Return the width of the label column: the widest label, within its share of the terminal."""
    widest = max((cells(row.guides) + _width(row.segments) for row in rows if row.span), default=0)
    return min(widest, int(style.width * _LABEL_SHARE))


def _drawn(row: _Row, label_cells: int, forest: Forest, colours: dict[str, str], style: Style) -> str:
    guides: Segment = (fit(row.guides, label_cells) if row.span else row.guides, "dim")
    if row.span is None:
        return style.row([guides, *row.segments], style.width)
    label = style.row([guides, *row.segments], label_cells)
    filling = " " * max(label_cells - cells(row.guides) - _width(row.segments), 0)
    took = duration(row.span.duration).rjust(_DURATION_CELLS)
    bar_cells = max(style.width - label_cells - _DURATION_CELLS - 4, _FEWEST_BAR_CELLS)
    colour = "red" if row.span.failed else colours.get(row.span.service, "dim")
    bar = style.row([(_bar(row.span, forest, bar_cells), colour)])
    return style.glyphs(f"{label}{filling}  {took}  {bar}")


def _width(segments: Iterable[Segment]) -> int:
    return sum(cells(text) for text, *_ in segments)


def _bar(span: Span, forest: Forest, width: int) -> str:
    """Return the span's time as a bar, to half a cell; however short, it can be seen."""
    halves = width * 2
    total = max(forest.end - forest.start, 1)
    left = min((span.start - forest.start) * halves // total, halves - 1)
    right = max((span.start + span.duration - forest.start) * halves // total, left + 1)
    return "".join(_HALVES[left <= at < right, left <= at + 1 < right] for at in range(0, halves, 2)).rstrip()


def _strays(forest: Forest, style: Style) -> list[str]:
    if not forest.strays:
        return []
    title = style.row([("lines whose span is not stored", "yellow")])
    rows = (style.row([("   ",), *_line_segments(line, forest.start)], style.width) for line in forest.strays)
    return ["", title, *rows]
