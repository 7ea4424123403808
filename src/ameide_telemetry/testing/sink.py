"""What one test captured. Tests exchange the sink; the routers on the providers stay where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

__all__ = ["SWITCH", "Line", "Sink", "Switch"]

# Far above what a test says; a loop that never ends must not fill the memory.
MAX_LINES: Final = 100_000
MAX_SPANS: Final = 100_000


class Line(NamedTuple):
    """A rendered line, and what is known of it beside its bytes.

    Attributes:
        raw: the bytes that left, without the newline.
        path: the file of the code that logged; empty where only libraries are on the stack.
        number: the line in that file.
        trace_id: of the span in force; 0 for none.
        span_id: likewise.
    """

    raw: bytes
    path: str
    number: int
    trace_id: int
    span_id: int


@dataclass(slots=True)
class Sink:
    """What one test emitted so far.

    Attributes:
        lines: in the order of their writing.
        spans: ended ones, in the order of their ends.
        open: started and not ended, by span id.
        lost: how many lines and spans were not kept, because there were too many.
        wants_spans: whether somebody asked; lines are kept for the verdict anyway.
        network: what exporters may connect to: `none` or `loopback`.
        processes: that the test has started, with lines of their own.
    """

    lines: list[Line] = field(default_factory=list)
    spans: list[Any] = field(default_factory=list)
    open: dict[int, Any] = field(default_factory=dict)
    lost: int = 0
    wants_spans: bool = False
    network: str = "none"
    processes: list[Any] = field(default_factory=list)

    def line(self, line: Line) -> None:
        """Keep one line."""
        if len(self.lines) < MAX_LINES:
            self.lines.append(line)
        else:
            self.lost += 1

    def started(self, span: Any) -> None:
        """Keep in mind that a span has started."""
        if len(self.open) < MAX_SPANS:
            self.open[span.context.span_id] = span

    def ended(self, span: Any) -> None:
        """Keep one ended span."""
        self.open.pop(span.context.span_id, None)
        if len(self.spans) < MAX_SPANS:
            self.spans.append(span)
        else:
            self.lost += 1

    def clear(self) -> None:
        """Forget everything."""
        self.lines.clear()
        self.spans.clear()
        self.open.clear()
        self.processes.clear()
        self.lost = 0


class Switch:
    """Says which sink is in force; None between tests."""

    __slots__ = ("refusals", "sink")

    def __init__(self) -> None:
        self.sink: Sink | None = None
        # Endpoint -> how often a connection was refused.
        self.refusals: dict[str, int] = {}

    def refuse(self, endpoint: str) -> None:
        """Count an exporter that was kept from connecting."""
        self.refusals[endpoint] = self.refusals.get(endpoint, 0) + 1


SWITCH: Final = Switch()
