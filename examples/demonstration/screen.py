"""What the reader sees: steps with their times, traces, proofs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ameide_telemetry.local import draw, lines
from ameide_telemetry.local.style import Style
from ameide_telemetry.local.text import cells, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from ameide_telemetry.local.records import Line, Trace
    from ameide_telemetry.local.style import Segment
    from demonstration.proofs import Proof

__all__ = ["Screen"]

_WIDTH: Final = 110
_LABEL_CELLS: Final = 10
_MOST_PROBLEMS: Final = 5
_CLEAR_LINE: Final = "\r\x1b[2K"


class Screen:
    """Writes to one stream, in its colours, each row at once."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self.style = Style.of(stream, environ)
        self._stream = stream
        self._moves = stream.isatty() and environ.get("TERM") != "dumb"
        self._width = min(self.style.width, _WIDTH)

    def say(self, *segments: Segment) -> None:
        """Write one row."""
        self._stream.write(self.style.row(segments) + "\n")
        self._stream.flush()

    @contextmanager
    def step(self, number: str, name: str, doing: str) -> Iterator[Callable[[str], None]]:
        """Write one step with its seconds, once it is done; a terminal sees it while it is being done.

        Yields:
            A function that takes what the row shall say.
        """
        began = time.monotonic()
        done: list[str] = []
        label = f"{number:5} ", f"{name:<{_LABEL_CELLS}}"
        if self._moves:
            self._stream.write(self.style.row([(label[0], "dim"), (label[1], "dim"), (f"{doing} …", "dim")]))
            self._stream.flush()
        try:
            yield done.append
        finally:
            if self._moves:
                self._stream.write(_CLEAR_LINE)
            if done:
                self._say_step(label, done[-1], time.monotonic() - began)

    def trace(self, title: str, traces: Sequence[Trace]) -> None:
        """Write the traces of one request, normally one, as trees."""
        self.say()
        self.say((title, "bold"))
        for trace in traces:
            self._stream.write(draw.render(trace, self.style) + "\n")
        if not traces:
            self.say(("not stored", "yellow"))
        self._stream.flush()

    def line(self, line: Line) -> None:
        """Write one line of a service, for a human."""
        rows = [lines.render(line, self.style), *lines.stack_rows(line, self.style)]
        self._stream.write("\n".join(rows) + "\n")
        self._stream.flush()

    def proofs(self, proofs: Sequence[Proof]) -> None:
        """Write each proof, and what speaks against it."""
        self.say()
        for proof in proofs:
            verdict: Segment = ("ok  ", "green") if proof.ok else ("FAIL", "red")
            self.say(("  ",), verdict, (f"  {proof.claim}",))
            for problem in proof.problems[:_MOST_PROBLEMS]:
                self.say(("        ",), (escape(problem), "yellow"))
            more = len(proof.problems) - _MOST_PROBLEMS
            if more > 0:
                self.say(("        ",), (f"and {more} more", "yellow"))

    def table(self, title: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Write a title and rows of two columns."""
        rows = list(pairs)
        self.say()
        self.say((title, "bold"))
        widest = max(len(left) for left, _ in rows)
        for left, right in rows:
            self.say((f"  {left.ljust(widest)}  ", "dim"), (right,))

    def _say_step(self, label: tuple[str, str], text: str, seconds: float) -> None:
        took = f"{seconds:.1f} s"
        filling = max(self._width - cells("".join(label)) - cells(text) - len(took), 2)
        self.say((label[0], "dim"), (label[1], "bold"), (text,), (" " * filling,), (took, "dim"))
