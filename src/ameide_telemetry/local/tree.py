"""One trace as a tree: which span stands under which, and which line stands in which span.

Pure and total: whatever a trace holds, every span and every line of it appears exactly once. Parents may
be missing (not stored yet, or not sampled), may be several, and may even form a loop.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ameide_telemetry.local.records import Line, Span, Trace

__all__ = ["Forest", "Node", "Place", "grow"]

Place = Literal["root", "child", "orphan", "loop"]


@dataclass(slots=True)
class Node:
    """One span in its place.

    Attributes:
        place: `root` has no parent, `orphan` names one that is not stored, `loop` stands where a circle
            of parents was cut open.
        early: nanoseconds by which it starts before its parent, which only different clocks can do.
        children: the spans that name it as parent, by start.
        lines: the lines written in it, by time.
    """

    span: Span
    place: Place = "child"
    early: int = 0
    children: list[Node] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def contents(self) -> list[Node | Line]:
        """Return children and lines in one order of time; a line goes first where they tie."""
        found: list[tuple[int, int, Node | Line]] = [(line.time, 0, line) for line in self.lines]
        found += [(child.span.start, 1, child) for child in self.children]
        found.sort(key=lambda each: each[:2])
        return [each for _, _, each in found]


@dataclass(frozen=True, slots=True)
class Forest:
    """A whole trace in its places.

    Attributes:
        roots: the spans that stand under no other, by start; usually one.
        strays: the lines whose span is not stored, by time.
        start: when the trace begins: the first span's start, or the first line where there is no span.
        end: when its last span ends.
    """

    roots: tuple[Node, ...]
    strays: tuple[Line, ...]
    start: int
    end: int

    def nodes(self) -> Iterator[Node]:
        """Yield every node, parents before children."""
        waiting = list(reversed(self.roots))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


def grow(trace: Trace) -> Forest:
    """Return the forest that a trace's spans and lines make."""
    nodes = [Node(span) for span in sorted(trace.spans, key=lambda span: span.start)]
    roots = _join(nodes)
    strays = _hang_lines(nodes, trace.lines)
    starts = [node.span.start for node in nodes] or [line.time for line in trace.lines] or [0]
    ends = [node.span.start + node.span.duration for node in nodes] or starts
    return Forest(roots=tuple(roots), strays=tuple(strays), start=min(starts), end=max(ends))


def _join(nodes: Sequence[Node]) -> list[Node]:
    """Hang every node under its parent and return those that have none, in order of start."""
    by_id = _first_by_id(nodes)
    below: dict[int, list[Node]] = defaultdict(list)
    roots = []
    for node in nodes:
        parent = by_id.get(node.span.parent_id)
        if parent is None:
            node.place = "orphan" if node.span.parent_id else "root"
            roots.append(node)
        else:
            below[id(parent)].append(node)
    seen = {id(node) for node in roots}
    _descend(roots, below, seen)
    for node in nodes:
        if id(node) not in seen:
            node.place = "loop"
            roots.append(node)
            seen.add(id(node))
            _descend([node], below, seen)
    return sorted(roots, key=lambda node: node.span.start)


def _descend(roots: Sequence[Node], below: dict[int, list[Node]], seen: set[int]) -> None:
    """Give every node below `roots` its children, each node once: those in `seen` have their place."""
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        node.children = [child for child in below[id(node)] if id(child) not in seen]
        for child in node.children:
            child.early = max(node.span.start - child.span.start, 0)
            seen.add(id(child))
        waiting.extend(node.children)


def _hang_lines(nodes: Sequence[Node], lines: Sequence[Line]) -> list[Line]:
    by_id = _first_by_id(nodes)
    strays = []
    for line in sorted(lines, key=lambda line: line.time):
        node = by_id.get(line.span_id)
        if node is None:
            strays.append(line)
        else:
            node.lines.append(line)
    return strays


def _first_by_id(nodes: Sequence[Node]) -> dict[str, Node]:
    """An id should be of one span; where it is not, the one that started first has the children."""
    found: dict[str, Node] = {}
    for node in nodes:
        found.setdefault(node.span.span_id, node)
    return found
