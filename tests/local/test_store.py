"""The store: what goes in comes out, rings are bounded, several processes share a file."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.local.errors import StoreError
from ameide_telemetry.local.lines import parse
from ameide_telemetry.local.records import Event, Exemplar, Line, Link, Point, Span
from ameide_telemetry.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITER = """
import sys
from pathlib import Path
from ameide_telemetry.local.records import Span
from ameide_telemetry.local.store import Store
with Store(Path(sys.argv[1])) as store:
    for at in range(20):
        store.add_spans([Span(sys.argv[2] * 32, f"{at:016x}", "s", "n", at, at + 1)])
"""


def test_round_trip(
    store: Store, span: Callable[..., Span], line: Callable[..., Line], trace_id: str
) -> None:
    """Spans with all their parts and lines with all their fields come back as they were."""
    full = span(
        1,
        0,
        0,
        5,
        kind="server",
        status="error",
        message="bad",
        attributes={"tenant_id": "acme", "l": [1, "x"]},
        resource={"service.name": "shop"},
        events=(Event(3, "exception", {"exception.type": "E"}),),
        links=(Link("t", "s", {"k": 1}),),
    )
    written = [line(1, 2, "second", sku=1), line(1, 1, "first")]
    assert (store.add_spans([full]), store.add_lines(written)) == (1, 2)
    trace = store.trace(trace_id)
    assert trace is not None
    assert trace.spans == (full,)
    assert trace.lines == (written[1], written[0])
    assert (trace.services, trace.tenants, trace.requests) == (("shop",), ("acme",), ())
    assert store.trace("0" * 32) is None
    assert store.counts() == {"spans": 1, "lines": 2, "points": 0, "exemplars": 0}
    assert store.added == {"spans": 1, "lines": 2}


def test_points_and_exemplars(store: Store, trace_id: str) -> None:
    """Points come back by metric; the same exemplar of two exports is stored once."""
    exemplar = Exemplar("m", "shop", trace_id, "s", 5, 0.5, {"a": 1})
    point = Point(
        "m", "shop", "sum", 6, 1.0, "s", attributes={"k": "v"}, detail={"d": [1]}, exemplars=(exemplar,)
    )
    assert store.add_points([point]) == 2
    assert store.add_points([replace(point, time=7)]) == 1
    assert store.exemplars() == store.exemplars("m") == (exemplar,)
    assert store.points("m")[0] == replace(point, exemplars=())
    assert (store.points("other"), store.exemplars("other"), len(store.points())) == ((), (), 2)


def test_a_span_sent_twice_is_stored_once(store: Store, span: Callable[..., Span], trace_id: str) -> None:
    """A sender that did not hear our answer sends again."""
    store.add_spans([span(1, 0, 0, 1), span(2, 1, 0, 1)])
    assert store.add_spans([span(1, 0, 0, 1), span(3, 1, 0, 1)]) == 1
    assert store.added["spans"] == 3
    trace = store.trace(trace_id)
    assert trace is not None
    assert len(trace.spans) == 3


def test_a_record_on_both_ways_is_shown_once(store: Store, line: Callable[..., Line], trace_id: str) -> None:
    """A line on stdout hides the OTLP record that says the same in the same span, one each."""
    said = line(1, 1, "twice")
    store.add_lines(
        [replace(line(1, 0.9, "twice"), source="otlp"), said, replace(line(1, 2, "twice"), source="otlp")]
    )
    store.add_lines([replace(line(2, 3, "once"), source="otlp")])
    found = store.lines_of(trace_id)
    assert [(each.source, each.message) for each in found] == [
        ("stdout", "twice"),
        ("otlp", "twice"),
        ("otlp", "once"),
    ]


def _trace(store: Store, number: int, start: int, tenant: str = "") -> str:
    trace_id = f"{number:032x}"
    attributes = {"tenant_id": tenant} if tenant else {}
    store.add_spans(
        [
            Span(trace_id, "c", "back", "child", start + 5, start + 8, parent_id="r", status="error"),
            Span(trace_id, "r", "front", "root", start, start + 9, attributes=attributes),
        ]
    )
    return trace_id


def test_lists_of_traces(store: Store) -> None:
    """Traces are listed by their beginning, newest first, and summed up."""
    late, early = _trace(store, 1, 200, "acme"), _trace(store, 2, 100)
    newest, older = store.traces()
    assert (newest.trace_id, older.trace_id) == (late, early)
    assert (newest.name, newest.services, newest.tenants) == ("root", ("front", "back"), ("acme",))
    assert (newest.start, newest.end, newest.spans, newest.lines, newest.errors) == (200, 209, 2, 0, 1)
    assert [each.trace_id for each in store.traces(1)] == [late]


def test_last_trace_is_the_one_that_began_last(store: Store) -> None:
    """A long trace that ends after everything else is not the last one."""
    long = Span("a" * 32, "s", "x", "n", 100, 900)
    short = Span("b" * 32, "s", "x", "n", 200, 300)
    store.add_spans([short, long])
    last = store.last_trace()
    assert last is not None
    assert last.trace_id == short.trace_id
    assert [each.trace_id for each in store.traces()] == [short.trace_id, long.trace_id]


def test_traces_that_have_only_lines(store: Store) -> None:
    """Lines alone make a trace where they name one that can be; it began with the first of them."""
    _trace(store, 1, 100)
    of_lines, named = "d" * 32, {"service": "shop", "tenant_id": "acme"}
    for trace_id, at in ((of_lines, "04"), (of_lines, "03"), ("job-7", "05"), ("x" * 32, "05"), ("", "05")):
        fields = {"timestamp": f"1970-01-01T00:00:{at}Z", "trace_id": trace_id, **named}
        store.add_lines([parse(json.dumps(fields))])
    newest, older = store.traces()
    assert (newest.trace_id, newest.start, newest.end) == (of_lines, 3 * 10**9, 4 * 10**9)
    assert (newest.name, newest.services, newest.tenants) == ("", ("shop",), ("acme",))
    assert (newest.spans, newest.lines, newest.errors) == (0, 2, 0)
    assert older.trace_id == f"{1:032x}"
    last = store.last_trace("acme")
    assert last is not None
    assert last.trace_id == of_lines
    assert store.traces(tenant="nobody") == ()


def test_tenant_filter(store: Store) -> None:
    """A trace belongs to a tenant that any span or any line of it names."""
    of_span, of_line, _ = _trace(store, 1, 100, "acme"), _trace(store, 2, 200), _trace(store, 3, 300)
    store.add_lines([parse(f'{{"trace_id": "{of_line}", "saas.tenant": "acme"}}')])
    assert [each.trace_id for each in store.traces(tenant="acme")] == [of_line, of_span]
    last, last_of_acme = store.last_trace(), store.last_trace("acme")
    assert last is not None
    assert last_of_acme is not None
    assert (last.trace_id, last_of_acme.trace_id) == (f"{3:032x}", of_line)
    assert store.last_trace("nobody") is None


def test_find_by_prefix(store: Store) -> None:
    """The beginning of an id finds it, also when only a line of the trace is stored."""
    store.add_spans([Span("abc1" + "0" * 28, "s", "x", "n", 0, 1)])
    store.add_lines([parse('{"trace_id": "abc2' + "0" * 28 + '"}')])
    assert [each[:4] for each in store.find("abc")] == ["abc1", "abc2"]
    assert store.find("abc2")[0].startswith("abc2")
    assert (store.find("abd"), len(store.find("abc", 1))) == ((), 1)


def test_find_takes_every_next_digit(store: Store) -> None:
    """The beginning of an id is followed by any digit, the last one of sixteen too."""
    ids = [f"abc{digit}".ljust(32, "0") for digit in "0123456789abcdef"]
    store.add_spans([Span(each, "s", "x", "n", 0, 1) for each in ids])
    assert list(store.find("abc", 20)) == ids
    assert store.find("abcf") == (ids[-1],)
    assert len(store.find("abc")) == 10


def test_find_of_a_tenant(store: Store) -> None:
    """With a tenant only traces are found that name it."""
    acme, other = _trace(store, 1, 100, "acme"), _trace(store, 2, 200, "other")
    assert store.find("0") == (acme, other)
    assert store.find("0", tenant="acme") == (acme,)
    assert store.find(other, tenant="acme") == ()


def test_rings_are_bounded_and_evictions_counted() -> None:
    """The oldest rows make room, and everybody can see how many did."""
    with Store(caps={"lines": 3}) as store:
        store.add_lines([parse(f"line {at}", received=at) for at in range(5)])
        store.add_lines([parse("line 5", received=5)])
        assert [line.text for line in store.unreadable_lines()] == ["line 3", "line 4", "line 5"]
        assert store.evicted() == {"lines": 3}
        assert store.added == {"lines": 6}


@given(st.text(), st.text(), st.integers(0, 2**63 - 1))
def test_any_text_can_be_stored(text: str, field: str, when: int) -> None:
    """Half surrogates, NUL and control characters are no reason to lose a line."""
    with Store() as store:
        line = Line(text, {"message": field, "trace_id": field, "tenant_id": field}, when)
        assert store.add_lines([line]) == 1
        assert store.counts()["lines"] == 1


def test_threads_share_a_store() -> None:
    """Nothing is lost or doubled when many threads write."""
    with Store() as store:

        def write(number: int) -> None:
            for at in range(25):
                store.add_spans([Span(f"{number}", f"{at}", "s", "n", at, at)])

        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert store.counts()["spans"] == 150 == store.added["spans"]


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Processes that make and fill one file at the same time all get their rows in, while a reader reads."""
    path = tmp_path / "shared.sqlite3"
    command = [sys.executable, "-c", _WRITER, str(path)]
    writers = [subprocess.Popen([*command, str(number)]) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    with Store(path) as writing, Store(path, read_only=True) as reading:
        assert reading.counts()["spans"] == 80
        writing.add_lines([parse("x")])
        assert reading.counts()["lines"] == 1
        with pytest.raises(StoreError, match="readonly"):
            reading.add_lines([parse("x")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_closed_twice(tmp_path: Path) -> None:
    """Closing again does nothing; using a closed store is an error with a cure."""
    store = Store(tmp_path / "s.sqlite3")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="--store FILE"):
        store.counts()


def _not_a_database(path: Path) -> None:
    path.write_text("no database " * 100)


def _somebody_elses(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def _of_the_future(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def _with_our_names(path: Path) -> None:
    connection = sqlite3.connect(path)
    for table in ("spans", "lines", "points", "exemplars", "evictions"):
        connection.execute(f"CREATE TABLE {table} (theirs)")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    "make", [_not_a_database, _somebody_elses, _with_our_names, _of_the_future, Path.mkdir]
)
def test_files_that_are_no_store(tmp_path: Path, make: Callable[[Path], None], read_only: bool) -> None:
    """A file that is not ours is refused and left as it is."""
    path = tmp_path / "given"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError, match="cannot be used") as caught:
        Store(path, read_only=read_only)
    assert caught.value.cure in str(caught.value)
    assert "delete" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_damaged_store_is_found_out_at_once(tmp_path: Path) -> None:
    """A page that is broken in the middle of the file is said when it is opened for writing."""
    path = tmp_path / "s"
    with Store(path) as store:
        store.add_lines([parse("x" * 1000) for _ in range(200)])
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 40_960] = b"\xff" * 40_960
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"it is damaged: .+\n  pass another file: --store FILE$"):
        Store(path)


def test_missing_file_is_not_made_for_reading(tmp_path: Path) -> None:
    """Reading never creates a file."""
    with pytest.raises(StoreError):
        Store(tmp_path / "none", read_only=True)
    assert not (tmp_path / "none").exists()
    with pytest.raises(StoreError):
        Store(tmp_path / "no" / "directory")


def test_a_failed_write_leaves_nothing_behind(store: Store, span: Callable[..., Span]) -> None:
    """A batch is stored whole or not at all, and the store goes on."""
    with pytest.raises(OverflowError):
        store.add_spans([span(1, 0, 0, 1), replace(span(2, 0, 0, 1), start=2**64)])
    assert store.counts()["spans"] == 0
    assert store.add_spans([span(1, 0, 0, 1)]) == 1
