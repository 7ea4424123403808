"""Text for a terminal: escaped, measured, cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.local.text import cells, clock, day, duration, escape, fit, pad


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain ü 東京", "plain ü 東京"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("two\nlines\r\tend", "two\\nlines\\r\\tend"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("\x9b31m", "\\x9b31m"),
        (42, "42"),
    ],
)
def test_escape(value: object, shown: str) -> None:
    """Whatever could steer a terminal is spelled out."""
    assert escape(value) == shown


@given(st.text())
def test_escaped_text_is_one_printable_line(text: str) -> None:
    """No text whatever leaves a control character behind."""
    assert escape(text).isprintable()


@pytest.mark.parametrize(("text", "size"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("", 0), ("a\u20dd", 1)])
def test_cells(text: str, size: int) -> None:
    """Wide characters take two cells, combining ones none."""
    assert cells(text) == size


@given(st.text(), st.integers(0, 20))
def test_pad_is_exact(text: str, width: int) -> None:
    """Padding and cutting together give the asked width, whatever the characters."""
    assert cells(pad(escape(text), width)) == width


def test_fit() -> None:
    """What is cut says so; what fits stays."""
    assert fit("hello", 5) == "hello"
    assert fit("hello", 4) == "hel…"
    assert fit("東京都", 4) == "東…"
    assert fit("hello", 0) == ""


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_500, "1.50 µs"),
        (15_200_000, "15.2 ms"),
        (212_000_000, "212 ms"),
        (1_234_000_000, "1.23 s"),
        (125_000_000_000, "2m 5s"),
        (3_725_000_000_000, "1h 2m"),
        (2**63 - 1, "106751 d"),
        (-4_200_000, "-4.20 ms"),
    ],
)
def test_duration(nanoseconds: int, shown: str) -> None:
    """Every length of time has the unit a human would choose."""
    assert duration(nanoseconds) == shown


def test_clock_and_day() -> None:
    """Unix times are shown in UTC; times outside of the calendar do not fail."""
    assert clock(1_795_334_591_120_999_999) == "08:03:11.120"
    assert day(1_795_334_591_120_999_999) == "2026-11-22"
    assert clock(-5) == "00:00:00.000"
    assert day(2**63 - 1) == "2262-04-11"
    assert day(10**30) == "9999-12-31"
