"""Patterns: one text that Python and ECMA 262 read alike, bound to the whole value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.contract.patterns import anchored, pattern_fault

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract


@pytest.mark.parametrize("value", ["abc", "abc\n", "abc\n\n", "\nabc", "xabc", "abcx", "abc\nabc", ""])
def test_an_anchored_search_is_a_fullmatch(value: str) -> None:
    """Searching the anchored form finds exactly what `fullmatch` of the bare form accepts."""
    assert bool(re.search(anchored("abc|ab"), value)) == bool(re.fullmatch("abc|ab", value))


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d+",
        r"[\w]",
        r"a\Z",
        r"\u0041",
        "^a",
        "a$",
        "a.b",
        "(?P<name>a)",
        "(?i)a",
        "(?<=a)b",
        "a++",
        "[]a]",
        "[^]",
        "a]",
        "a{2",
        "a{,2}",
        "a{2}+",
        "(a",
        "[b-a]",
        "*a",
        "a{99999999999999999999}",
    ],
)
def test_a_pattern_that_dialects_read_differently_is_refused(pattern: str) -> None:
    """What one of the two dialects lacks or reads in its own way is refused, with a reason."""
    assert pattern_fault(pattern)


@pytest.mark.parametrize(
    "pattern", [r"a\.b", "[.^$]", r"[!\-_.*'()]{1,3}", "(?:a|b)?", "(?!0{2})[0-9]{2}", r"\\"]
)
def test_a_portable_pattern_is_accepted(pattern: str) -> None:
    """Escaped punctuation, classes, groups without a name and look-ahead are read alike."""
    assert pattern_fault(pattern) == ""


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "timestamp",
            ["2026-12-31T23:59:59.000000Z"],
            ["2026-12-31T23:59:59Z", "2026-13-01T00:00:00.000000Z"],
        ),
        ("timestamp", [], ["2026-12-31T23:59:60.000000Z", "2026-12-31T23:59:59.000000+00:00", "٢026"]),
        ("trace_id", ["a" * 32], ["0" * 32, "A" * 32, "a" * 31, "a" * 33]),
        ("span_id", ["0" * 15 + "1"], ["0" * 16, "a" * 15]),
        ("trace_flags", ["00", "01", "ff"], ["1", "0x", "FF"]),
        ("request_id", ["a", "A.b_c-9", "x" * 64], ["", "x" * 65, "a b", "a\n", "ä"]),
        ("tenant_id", ["acme", "a!-_.*'()", "x" * 150], ["", "x" * 151, "a/b", "a b", "ä"]),
    ],
)
def test_the_shipped_patterns_mean_what_they_say(
    contract: Contract, name: str, good: list[str], bad: list[str]
) -> None:
    """Each shipped pattern accepts the good and refuses the bad values."""
    pattern = contract.patterns[name]
    assert [value for value in good if re.fullmatch(pattern, value) is None] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []
