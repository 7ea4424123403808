"""Which span stands under which; whatever the parents are, everything appears once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.local.records import Line, Span, Trace
from ameide_telemetry.local.tree import Node, grow

if TYPE_CHECKING:
    from collections.abc import Callable

_IDS = st.integers(0, 6)
_TIMES = st.integers(-5, 20)


def _shape(node: Node) -> tuple[str, list[object]]:
    return node.span.name, [_shape(child) for child in node.children]


def test_parents_and_order(span: Callable[..., Span], trace_id: str) -> None:
    """Children stand under the span they name, in order of start, however they arrived."""
    spans = (
        span(3, 1, 6, 9, name="second"),
        span(2, 1, 1, 5, name="first"),
        span(4, 2, 2, 3, name="inner"),
        span(1, 0, 0, 10, name="root"),
    )
    forest = grow(Trace(trace_id, spans))
    assert [_shape(root) for root in forest.roots] == [("root", [("first", [("inner", [])]), ("second", [])])]
    assert (forest.roots[0].place, forest.roots[0].children[0].place) == ("root", "child")
    assert forest.end - forest.start == 10_000_000


def test_orphans_and_several_roots(span: Callable[..., Span], trace_id: str) -> None:
    """A span whose parent is not stored stands at the top and says so."""
    forest = grow(Trace(trace_id, (span(1, 0, 0, 1), span(2, 0, 5, 6), span(3, 99, 3, 4))))
    assert [root.place for root in forest.roots] == ["root", "orphan", "root"]


def test_loops_are_cut(span: Callable[..., Span], trace_id: str) -> None:
    """A circle of parents is cut at the span that starts first, and a span may not be its own parent."""
    spans = (
        span(1, 3, 2, 9, name="c"),
        span(2, 1, 1, 9, name="a"),
        span(3, 2, 3, 9, name="b"),
        span(4, 4, 0, 1),
    )
    forest = grow(Trace(trace_id, spans))
    assert [root.place for root in forest.roots] == ["loop", "loop"]
    assert _shape(forest.roots[1]) == ("a", [("b", [("c", [])])])


def test_lines_in_their_place(span: Callable[..., Span], line: Callable[..., Line], trace_id: str) -> None:
    """A line stands in its span, between the children that start before and after it."""
    lines = (line(1, 4, "later"), line(1, 1, "sooner"), line(9, 2, "stray"))
    forest = grow(Trace(trace_id, (span(1, 0, 0, 9), span(2, 1, 2, 3), span(3, 1, 4, 5)), lines))
    contents = forest.roots[0].contents()
    said = [each.span.span_id[-1] if isinstance(each, Node) else each.message for each in contents]
    assert said == ["sooner", "2", "later", "3"]
    assert [each.message for each in forest.strays] == ["stray"]


def test_clocks_that_differ(span: Callable[..., Span], trace_id: str) -> None:
    """A child that starts before its parent is drawn, and by how much is known."""
    forest = grow(Trace(trace_id, (span(1, 0, 10, 20), span(2, 1, 4, 30))))
    assert forest.roots[0].children[0].early == 6_000_000
    assert forest.end - forest.start == 26_000_000


def test_only_lines(line: Callable[..., Line], trace_id: str, begin: int) -> None:
    """A trace of which no span is stored begins with its first line."""
    forest = grow(Trace(trace_id, (), (line(1, 3, "b"), line(1, 1, "a"))))
    assert (forest.roots, forest.start) == ((), begin + 1_000_000)
    assert grow(Trace(trace_id)).start == 0


def test_very_deep(span: Callable[..., Span], trace_id: str) -> None:
    """A chain deeper than the interpreter's stack is no problem."""
    spans = tuple(span(number, number - 1, number, number + 1) for number in range(1, 5_001))
    assert len(list(grow(Trace(trace_id, spans)).nodes())) == 5_000


@given(
    st.lists(st.tuples(_IDS, _IDS, _TIMES, _TIMES), max_size=25),
    st.lists(st.tuples(_IDS, _TIMES), max_size=8),
)
def test_total(spans: list[tuple[int, int, int, int]], lines: list[tuple[int, int]]) -> None:
    """Random parents, loops and doubled ids included: every span and line appears exactly once."""
    made = tuple(
        Span("t", f"{own:016x}", "s", str(at), begin, end, parent_id=f"{parent:016x}" if parent else "")
        for at, (own, parent, begin, end) in enumerate(spans)
    )
    written = tuple(
        Line(str(at), {"span_id": f"{own:016x}", "message": str(at)}, when)
        for at, (own, when) in enumerate(lines)
    )
    forest = grow(Trace("t", made, written))
    nodes = list(forest.nodes())
    assert sorted(node.span.name for node in nodes) == sorted(each.name for each in made)
    hung = [line for node in nodes for line in node.lines] + list(forest.strays)
    assert sorted(line.text for line in hung) == sorted(line.text for line in written)


def test_doubled_ids(span: Callable[..., Span], trace_id: str) -> None:
    """Of two spans with one id, the one that started first has the children."""
    first = span(1, 0, 0, 5, name="first")
    forest = grow(
        Trace(trace_id, (replace(first, start=first.start + 1, name="second"), first, span(2, 1, 1, 2)))
    )
    assert [(root.span.name, len(root.children)) for root in forest.roots] == [("first", 1), ("second", 0)]
