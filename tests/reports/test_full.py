"""The format for people: what they see, in which order, and that it fits their terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from ameide_telemetry.findings import Finding
from ameide_telemetry.reports.formats import FORMATS
from ameide_telemetry.reports.model import Group, Place, Report
from ameide_telemetry.reports.terminal import PLAIN, Style, cells, style_for, wrapped, wrapped_sample
from support.made_reports import CLEAN, LINE, REPORT

_SGR = re.compile("\x1b\\[[0-9;]*m")
_FIRST = """\
✗ trace_id: is all zeros                               412 times
  │ {"timestamp":"2026-11-22T08:43:32.425614Z","level":"info",
  │ "message":"order read","logger":"orders",
  │ "trace_id":"00000000000000000000000000000000","order_id":7}
  │ ‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾
  at     logs/a b.log:3:5, 17, w.log.gz:40 and 409 more
  check  TEL532 wrong-value, error
  fix    leave it out
  allow  --ignore TEL532
"""
_LAST = """\
✗ 413 errors, 2 warnings, 1 note in 1,204 lines
  hidden 12 notes; see them with --level info
  off    TEL520 (not checked)
  fields ━━━━━━━━━━━━━━────── 72% of the contract's fields
         not stack, extra
  why    ameide-telemetry explain TEL532
"""


def _full(report: Report = REPORT, style: Style = PLAIN) -> str:
    return FORMATS["full"](report, style)


def test_a_finding_is_told_in_order() -> None:
    """What broke, the line with the key marked, where, the check, the edit, how to allow it."""
    assert _full(style=Style(width=64)).startswith(_FIRST)


def test_the_end_counts_and_says_what_was_seen() -> None:
    """Counts by level, what is hidden, the coverage of the contract, and where to read on."""
    assert _full().endswith(f"\n\n{_LAST}")


def test_nothing_wrong_says_how_much_was_read() -> None:
    """A clean run names what it looked at: there is no verdict without a number."""
    shown = _full(CLEAN)
    assert shown.startswith("✓ nothing wrong in 1,204 lines\n")
    assert "100% of the contract's fields" in shown


def test_what_there_was_no_room_for_is_counted() -> None:
    """A report that is not whole says so."""
    shown = _full(replace(REPORT, facts={"groups_left_out": 1_500}))
    assert "\n  more   1,500 findings beyond the kinds that there was room for\n" in shown
    assert "  more  " not in _full()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("colour", [False, True])
def test_no_row_is_wider_than_the_terminal(width: int, colour: bool) -> None:
    """Rows fit, with colours taken away, also with wide characters and words that never end."""
    wide = Group(Finding("TEL501", "東京" * 90, "x" * 300, "y" * 500), 1, (Place("p" * 200, 1),), "京" * 200)
    report = replace(REPORT, groups=(*REPORT.groups, wide))
    rows = _SGR.sub("", _full(report, Style(width=width, colour=colour))).splitlines()
    assert max(map(cells, rows)) <= width
    assert sum(row.count("京") for row in rows if row.startswith("  │")) == 200


def test_colours_mark_instead_of_a_second_row() -> None:
    """In colour the key is underlined in place; taken out again, the colours leave the same line."""
    shown = _full(style=Style(width=120, colour=True))
    assert "\x1b[31;1;4m" in shown
    assert "‾" not in shown
    assert _SGR.sub("", shown).replace("\n  │ ", "").count(LINE) == 1


def test_what_a_line_holds_cannot_move_the_cursor() -> None:
    """Escapes, bidirectional overrides and null characters of a line are shown as what they are."""
    shown = _full(style=Style(colour=True))
    assert _SGR.sub("", shown).isascii() is False
    assert "\x1b[2J" not in shown
    assert "\\x1b[2J<b>]]>&\\x00\\ud800\\u202e" in shown


def test_a_long_line_is_shown_around_its_mark() -> None:
    """Of a sample of many rows those around the mark are shown."""
    sample = "a" * 3_000 + "WRONG" + "b" * 3_000
    group = Group(REPORT.groups[0].finding, 1, (Place("x", 1),), sample, (3_000, 3_005))
    shown = _full(replace(REPORT, groups=(group,)))
    assert "WRONG" in shown
    assert shown.count("│ …") == 2
    assert shown.count("│ a") + shown.count("│ b") <= 8


def test_ascii_streams_get_ascii() -> None:
    """A stream that cannot show line drawing gets it in ASCII."""
    style = style_for(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), {})
    assert style.ascii
    assert _full(style=style).isascii()


@pytest.mark.parametrize(
    ("environ", "terminal", "coloured"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({}, False, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_when_there_is_colour(environ: dict[str, str], terminal: bool, coloured: bool) -> None:
    """Terminals get colour unless they are asked not to; nothing else does unless it is asked to."""
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    assert style_for(stream, environ).colour is coloured


def test_words_wrap_at_spaces_and_break_where_there_are_none() -> None:
    """Nothing is lost by wrapping."""
    assert list(wrapped("one two three", 8)) == ["one two", "three"]
    assert list(wrapped("abcdefghij kl", 4)) == ["abcd", "efgh", "ij", "kl"]
    assert list(wrapped("", 4)) == [""]


def test_a_sample_wraps_and_keeps_its_mark() -> None:
    """The mark is found again on each row that it reaches, counted in escaped characters."""
    rows = list(wrapped_sample("ab\x00cdefgh", (2, 5), 6))
    assert rows == [("ab\\x00", 2, 6), ("cdefgh", 0, 2)]
    assert list(wrapped_sample("", None, 6)) == []
