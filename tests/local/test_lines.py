"""One raw line: parsed as a collector would, shown as a human would like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.local.lines import LineSplitter, parse, render, stack_rows
from ameide_telemetry.local.records import Line
from ameide_telemetry.local.style import Style

if TYPE_CHECKING:
    from collections.abc import Callable


def test_record() -> None:
    """The contract's fields are read from where the contract puts them."""
    line = parse(
        b'{"timestamp": "2026-11-22T08:03:11.120001Z", "level": "INFO", "message": "hi", "service": "shop",'
        b' "logger": "a.b", "trace_id": "AB", "span_id": "CD", "request_id": "r",'
        b' "saas.tenant": "acme", "n": 1}',
        source="stderr",
    )
    assert line.is_record
    assert (line.time, line.source) == (1_795_334_591_120_001_000, "stderr")
    assert (line.level, line.message, line.service, line.logger) == ("info", "hi", "shop", "a.b")
    assert (line.trace_id, line.span_id, line.request_id, line.tenant_id) == ("ab", "cd", "r", "acme")
    assert line.get("n") == "1"
    assert line.get("missing") == ""


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"plain", "not JSON"),
        (b"", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"1" * 10_000, "not JSON"),
    ],
)
def test_not_a_record(raw: bytes, reason: str) -> None:
    """A line that a collector cannot parse keeps its text and says why."""
    line = parse(raw, received=7)
    assert (line.is_record, line.reason, line.time) == (False, reason, 7)
    assert line.message == line.text
    assert {line.trace_id, line.tenant_id, line.level} == {""}


@pytest.mark.parametrize(
    "stamp", [None, 5, "yesterday", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", ""]
)
def test_arrival_stands_in_for_a_bad_timestamp(stamp: object) -> None:
    """A record without a time that can be read has the time of its arrival."""
    assert parse(json.dumps({"timestamp": stamp}), received=7).time == 7


@pytest.mark.parametrize(
    "stamp", ["2026-11-22T08:03:11.12+00:00", "2026-11-22T09:03:11.120+01:00", "2026-11-22T08:03:11.12"]
)
def test_timestamps_in_other_forms(stamp: str) -> None:
    """Offsets are honoured, and a time without one is UTC."""
    assert parse(json.dumps({"timestamp": stamp})).time == 1_795_334_591_120_000_000


@given(
    st.binary(max_size=200)
    | st.dictionaries(st.text(), st.text() | st.integers() | st.none()).map(lambda d: json.dumps(d).encode())
)
def test_total(raw: bytes) -> None:
    """Any bytes are a line, and any line can be shown in one printable row."""
    row = render(parse(raw))
    assert row.isprintable()


def test_deep_value_is_shown() -> None:
    """A value nested to the parser's limit does not break the row."""
    line = Line(text="", fields={"deep": _nested(100_000)}, time=0)
    assert "deep=(nested too deeply)" in render(line)


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def test_render(line: Callable[..., Line]) -> None:
    """A row holds time, level, service, tenant, request, message, fields, and where to look further."""
    shown = render(line(1, 0, "order received", tenant_id="acme", request_id="req-7", sku=42, items=["a"]))
    assert shown == (
        '08:03:11.120  INFO     shop  acme  req-7  order received  sku=42  items=["a"]  trace 4bf92f35'
    )


def test_render_exception(line: Callable[..., Line]) -> None:
    """An exception stands in the row, its stack below it."""
    failed = line(
        1,
        0,
        "failed",
        level="error",
        exception_type="KeyError",
        exception_message="'x\x1b'",
        exception_stacktrace="Traceback\n  File\x07",
    )
    assert render(failed).endswith("failed  ✗ KeyError: 'x\\x1b'  trace 4bf92f35")
    assert stack_rows(failed) == ["    Traceback", "      File\\x07"]


def test_long_stack_is_cut(line: Callable[..., Line]) -> None:
    """The innermost rows of an endless stack are shown, and how many are not."""
    rows = stack_rows(line(1, 0, "x", stack="\n".join(map(str, range(100)))))
    assert len(rows) == 41
    assert rows[0] == "    … 60 rows above …"
    assert rows[-1] == "    99"


def test_access_line_is_not_repeated(line: Callable[..., Line]) -> None:
    """What an access line's message says is not said again as fields."""
    shown = render(
        line(1, 0, "GET /x 200", logger="ameide_telemetry.access", http_request_method="GET", duration_ms=3)
    )
    assert "http_request_method" not in shown
    assert "duration_ms=3" in shown


def test_unreadable_lines_are_marked() -> None:
    """A line that is no JSON stands out and names its stream."""
    line = parse("Traceback \x1b[31m", source="stderr", received=0)
    assert render(line) == "00:00:00.000  not JSON, stderr │ Traceback \\x1b[31m"
    assert "\x1b[33mnot JSON, stderr\x1b[0m" in render(line, Style(colour=True))


@given(st.lists(st.binary(max_size=9)), st.integers(1, 8))
def test_splitter_loses_nothing(chunks: list[bytes], limit: int) -> None:
    """However the stream is cut into chunks, the bytes come out, in pieces of at most the limit."""
    splitter = LineSplitter(limit=limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.end()
    assert all(len(line) <= limit for line in lines)
    kept = b"".join(lines)
    assert kept.replace(b"\r", b"") == b"".join(chunks).replace(b"\n", b"").replace(b"\r", b"")


def test_longest_line() -> None:
    """A line of 1 MiB is one line, and thus a record; a longer one comes in pieces of that size."""
    size = 1024 * 1024
    splitter = LineSplitter()
    assert splitter.feed(b"x" * size + b"\n") == [b"x" * size]
    assert splitter.feed(b"x" * size) == []
    assert list(map(len, splitter.feed(b"x\n"))) == [size, 1]


def test_splitter() -> None:
    """Lines end with LF or CRLF; a last line without an end is a line."""
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntwo\r\n\nthr") == [b"one", b"two", b""]
    assert splitter.feed(b"ee") == []
    assert splitter.end() == [b"three"]
    assert splitter.end() == []
