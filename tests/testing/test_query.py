"""Questions to what was captured, and the text where the answer is not one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ameide_telemetry.testing.query import Query, TelemetryAssertionError


def test_one_finds_by_name_and_fields(made: Any) -> None:
    """A name, fields by a mapping or as arguments, patterns and functions select; `all` keeps the order."""
    for number in range(3):
        made.tracer.start_span("work", attributes={"http.route": "/x", "number": number}).end()
    spans = made.spans
    assert spans.one("work", {"http.route": "/x"}, number=1).attributes["number"] == 1
    assert spans.one(number=lambda value: value > 1).attributes["number"] == 2
    assert [each.attributes["number"] for each in spans.all(re.compile("^wo"))] == [0, 1, 2]
    assert spans.names() == ["work"] * 3
    assert len(spans[1:]) == 2
    assert "3 captured spans" in repr(spans)


def test_no_match_shows_the_nearest_and_what_differs(made: Any) -> None:
    """Without a match the nearest are told, each attribute that differs, and names like the one asked."""
    made.tracer.start_span("orders.place", attributes={"tenant.kind": "b", "n": 1}).end()
    made.tracer.start_span("mail").end()
    with pytest.raises(TelemetryAssertionError) as raised:
        made.spans.one("order.place", {"tenant.kind": "a", "tenant_kind": "a"}, n=1)
    rows = str(raised.value).splitlines()
    assert rows[0] == 'no span "order.place" with tenant.kind="a", tenant_kind="a", n=1 among 2; nearest:'
    assert rows[1:3] == ["  'orders.place'", '    name: "orders.place", expected "order.place"']
    assert rows[3] == '    tenant.kind: "b", expected "a"'
    assert rows[4].endswith('tenant_kind: (missing), expected "a" (there is tenant.kind: "b")')
    assert not any(row.strip().startswith("n:") for row in rows[:5])
    assert rows[-1] == "  all names: 'mail', 'orders.place'"


def test_several_matches_show_what_they_differ_in(made: Any) -> None:
    """Where several fit, the fields that tell them apart are told; ids alone say they are equal otherwise."""
    made.line("placed", tenant_id="a", order=1)
    made.line("placed", tenant_id="b", order=1)
    with pytest.raises(TelemetryAssertionError) as raised:
        made.lines.one("placed", order=1)
    assert str(raised.value).splitlines() == [
        '2 lines "placed" with order=1, expected one; they differ in:',
        '  tenant_id: "a", "b"',
    ]


def test_nothing_at_all_says_so(made: Any) -> None:
    """Where nothing was captured the text says that first."""
    with pytest.raises(TelemetryAssertionError, match="this test has emitted no line at all"):
        made.lines.one("placed")


def test_true_is_not_one(made: Any) -> None:
    """JSON tells true from 1, and so do the questions; lists are equal to the tuples of attributes."""
    made.tracer.start_span("work", attributes={"first": True, "list": ["a", "b"]}).end()
    assert made.spans.all(first=True)
    assert not made.spans.all(first=1)
    assert made.spans.all(list=["a", "b"])


def test_trees(made: Any) -> None:
    """Spans are indented below their parents in the order of their starts, lines below their spans."""
    with made.tracer.start_as_current_span("outer") as outer:
        made.tracer.start_span("first").end()
        with made.tracer.start_as_current_span("second"):
            made.tracer.start_span("third").end()
        made.line("placed", inside=outer, span_id=f"{outer.get_span_context().span_id:016x}")
    made.line("alone")
    assert made.spans.tree() == "outer\n  first\n  second\n    third"
    assert made.lines.tree() == "outer\n  info: placed\ninfo: alone"
    assert Query("thing", [*made.lines]).tree() == "placed\nalone"


def test_lines_are_bytes_and_records(made: Any) -> None:
    """A line has its bytes, its record and the code that logged it; what is no JSON has no fields."""
    made.line("placed", order=7)
    made.line("", raw=b"no json")
    placed, torn = made.lines
    assert placed.raw.startswith(b'{"message": "placed"')
    assert placed["order"] == 7
    assert placed.source == "/srv/shop/orders.py:12"
    assert (torn.fields, torn.raw, torn.name) == ({}, b"no json", "")
