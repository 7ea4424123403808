"""The drawn trace, as text."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ameide_telemetry.local.draw import render
from ameide_telemetry.local.records import Event, Line, Span, Trace
from ameide_telemetry.local.style import Style
from ameide_telemetry.local.text import cells

if TYPE_CHECKING:
    from collections.abc import Callable

_SHORT = st.text(max_size=12)
_TIMES = st.integers(0, 2**63 - 1)


def _drawn(text: str) -> str:
    return dedent(text).strip("\n")


def test_golden(span: Callable[..., Span], line: Callable[..., Line], trace_id: str, begin: int) -> None:
    """A trace over three services with lines, a failure, a slow part and a status."""
    about = {"tenant_id": "acme", "request_id": "req-7"}
    refused = Event(
        begin + 200, "exception", {"exception.type": "CardError", "exception.message": "no\nmoney"}
    )
    trace = Trace(
        trace_id,
        (
            span(
                1,
                0,
                0,
                212,
                service="gateway",
                name="POST /orders",
                attributes={**about, "http.response.status_code": 500},
            ),
            span(2, 1, 9, 110, service="gateway", name="POST"),
            span(3, 2, 14, 104, service="backend", name="POST /price"),
            span(4, 3, 60, 60.4, service="backend", name="publish"),
            span(5, 4, 120, 200, service="worker", name="process"),
            span(6, 1, 115, 210, service="gateway", name="charge", status="error", events=(refused,)),
        ),
        (
            line(1, 1.25, "order received", tenant_id="acme", sku=42, service="gateway"),
            line(3, 70, "slow price", level="warning", service="backend"),
            line(1, 211, "done", service="gateway"),
        ),
    )
    assert render(trace, Style(width=84)) == _drawn("""
        trace 4bf92f3577b34da6a3ce929d0e0e4736  212 ms  2026-11-22 08:03:11.120 UTC
        tenant acme  request req-7  3 services  6 spans  3 lines  1 error

        gateway POST /orders 500      212 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        │  +1.25 ms  INFO     order received  sku=42
        ├─ gateway POST               101 ms   ╺━━━━━━━━━━━━━━━━━━━━━╸
        │  └─ backend POST /price      90 ms     ━━━━━━━━━━━━━━━━━━━╸
        │     └─ backend publish      400 µs               ╸
        │        └─ worker process     80 ms                            ━━━━━━━━━━━━━━━━━
        │        +70 ms  WARNING  slow price
        └─ ✗ gateway charge            95 ms                          ╺━━━━━━━━━━━━━━━━━━━━╸
              ✗ CardError: no\\nmoney
           +211 ms  INFO     done
    """)


def test_golden_of_what_is_odd(span: Callable[..., Span], line: Callable[..., Line], trace_id: str) -> None:
    """Orphans, loops, clocks that differ and lines without a span are drawn and named."""
    trace = Trace(
        trace_id,
        (
            span(1, 0, 10, 20, name="root"),
            span(2, 1, 4, 8, name=""),
            span(3, 0xABCDEF0123456789, 12, 11, name="orphan"),
            span(4, 4, 13, 14, name="loop"),
        ),
        (line(9, 15, "stray"),),
    )
    assert render(trace, Style(width=70)) == _drawn("""
        trace 4bf92f3577b34da6a3ce929d0e0e4736  16 ms  2026-11-22 08:03:11.12…
        1 service  4 spans  1 line

        shop root             10 ms                 ━━━━━━━━━━━━━━━━━━━━━━━━━━
        └─ shop (no name)      4 ms  ━━━━━━━━━━
              (starts 6 ms before its parent: clocks differ)
        shop orphan            0 ns                      ╺
           (its parent abcdef01 is not stored: late, not sampled, or not inst…
           (ends before it starts: the clock was set back)
        shop loop              1 ms                         ━━╸
           (its parents form a loop)

        lines whose span is not stored
           +11 ms  INFO     stray
    """)


def test_ascii(span: Callable[..., Span], trace_id: str) -> None:
    """A terminal without line drawing gets the same picture in ASCII."""
    trace = Trace(
        trace_id, (span(1, 0, 0, 4, name="a"), span(2, 1, 1, 2, name="b", status="error", message="bad"))
    )
    assert render(trace, Style(width=60, ascii=True)).splitlines()[3:] == [
        "shop a           4 ms  =====================================",
        "`- x shop b      1 ms           ==========",
        "      x bad",
    ]


def test_colour(span: Callable[..., Span], trace_id: str) -> None:
    """Colour adds codes and changes nothing else; failures are red."""
    trace = Trace(
        trace_id,
        (
            span(1, 0, 0, 4, attributes={"http.response.status_code": 404}),
            span(2, 1, 1, 2, status="error", message="bad", attributes={"http.response.status_code": 200}),
        ),
    )
    coloured = render(trace, Style(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(trace)
    assert "\x1b[31m✗ bad\x1b[0m" in coloured
    assert "\x1b[33m 404\x1b[0m" in coloured


def test_many_ids_are_cut(line: Callable[..., Line], trace_id: str) -> None:
    """A trace that several tenants share says so without filling the screen."""
    lines = tuple(line(1, at, "x", tenant_id=f"t{at}") for at in range(5))
    assert "tenant t0, t1, t2, and 2 more" in render(Trace(trace_id, (), lines))


def test_deep_traces_stay_readable(span: Callable[..., Span], trace_id: str) -> None:
    """Behind a certain depth the number of the level stands for its guides."""
    spans = tuple(span(number, number - 1, number, 500, name=f"n{number}") for number in range(1, 301))
    rows = render(Trace(trace_id, spans)).splitlines()
    assert len(rows) == 303
    assert any("⋮ 299 shop n300" in row for row in rows)
    assert max(cells(row) for row in rows) <= 110


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), _TIMES, _TIMES, _SHORT, _SHORT), max_size=12),
    st.lists(st.tuples(st.integers(0, 5), _TIMES, _SHORT), max_size=5),
    st.integers(60, 160),
)
def test_total(
    spans: list[tuple[int, int, int, int, str, str]], lines: list[tuple[int, int, str]], width: int
) -> None:
    """Whatever a trace holds, the drawing is printable and no row is wider than the terminal."""
    made = tuple(
        Span(
            "t",
            f"{own:016x}",
            service,
            name,
            begin,
            end,
            parent_id=f"{parent:016x}" if parent else "",
            status="error",
            message=name,
            attributes={"tenant_id": service},
        )
        for own, parent, begin, end, service, name in spans
    )
    written = tuple(
        Line("", {"span_id": f"{own:016x}", "message": text, text: text}, at) for own, at, text in lines
    )
    rows = render(Trace("t", made, written), Style(width=width)).split("\n")
    assert all(row.isprintable() for row in rows)
    assert max(cells(row) for row in rows) <= width
