"""Lines at the limits: what is as long or as deep as it may be is judged, one more is told."""

from __future__ import annotations

import pytest

from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.logcheck.line import LONGEST
from ameide_telemetry.logcheck.rules import Rules
from ameide_telemetry.logcheck.source import _with_head
from logcheck.line_cases import GOOD_RECORD, encoded


def _codes(line: bytes, **limits: int) -> list[str]:
    return [finding.code for finding in Inspector(Rules(**limits), engine="standard").inspect(line)]  # type: ignore[arg-type]


def test_the_longest_line_that_is_kept_is_judged() -> None:
    """Of one byte more, only the length is told: the rest of it was never read."""
    record = {**GOOD_RECORD, "level": "INFO", "pad": ""}
    for length, codes in ((LONGEST, ["TEL504", "TEL532"]), (LONGEST + 1, ["TEL504"])):
        line = encoded({**record, "pad": "x" * (length - len(encoded(record)))})
        assert len(line) == length
        assert _codes(line) == codes
    assert _codes(encoded(record), max_line_bytes=len(encoded(record))) == ["TEL532"]


@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"a":', "}"), ("[[],[],", "]"), ('["[{",', "]")])
def test_depth_is_counted_exactly(before: str, after: str) -> None:
    """The line is the first level; what was closed before and what stands in texts does not count."""
    for depth in (1, 2, 5):
        tree = f"{before * depth}1{after * depth}"
        line = encoded(GOOD_RECORD)[:-1] + f',"tree":{tree}}}'.encode()
        # Empty lists beside the last level are one level deeper than it.
        deepest = depth + 1 + ("[]" in before)
        assert _codes(line, max_depth=deepest) == []
        assert _codes(line, max_depth=deepest - 1) == ["TEL508"]


@pytest.mark.parametrize(
    ("pieces", "head"),
    [
        ([b"a", b"b\n", b"c"], [b"ab\n", b"c"]),
        ([b"1234567", b"8", b"9"], [b"12345678", b"9"]),
        ([b"\n", b"2"], [b"\n", b"2"]),
        ([b"12", b"34"], [b"1234"]),
        ([], [b""]),
    ],
)
def test_no_more_is_read_to_tell_what_a_file_is_than_has_to_be(
    pieces: list[bytes], head: list[bytes]
) -> None:
    """Eight bytes, or a line: a pipe that waits after its first line is read at once."""
    assert [*_with_head(iter(pieces))] == head
