"""A snapshot is plain data, and the same in every run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.testing.snapshot import snapshot_of
from testing.cases import ALONE, CASES, run_pytest, write_case

if TYPE_CHECKING:
    from pathlib import Path

_TEST = """\
import json, os, app, pytest
@pytest.mark.parametrize("n", range(4))
def test_it(telemetry, n):
    app.work(n)
    taken = telemetry.snapshot()
    assert json.loads(json.dumps(taken)) == taken
    folder = os.environ["TAKEN"]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, str(n)), "w") as file:
        json.dump(taken, file, indent=1, sort_keys=True)
"""
_BLANKS = [
    (
        "msg",
        "took 0x7f32aa11bb at /usr/lib/python3.11/json/decoder.py:355",
        "took <address> at <path>/decoder.py:<line>",
    ),
    (
        "msg",
        "http://127.0.0.1:54321/orders and localhost:80",
        "http://127.0.0.1:<port>/orders and localhost:<port>",
    ),
    ("msg", "httpx/0.28.1 at 2026-11-22T20:55:10.425781Z", "httpx/<version> at <time>"),
    ("server.port", 54321, "<port>"),
    ("duration_ms", 1.5, "<duration_ms>"),
    ("exception.stacktrace", "Traceback ...", "<stacktrace>"),
    ("schema_version", "1.0", "1.0"),
    ("http.route", "/orders/{id}", "/orders/{id}"),
    ("count", 3, 3),
    ("ok", True, True),
]


@pytest.mark.parametrize(("name", "value", "expected"), _BLANKS, ids=range(len(_BLANKS)))
def test_what_differs_between_runs_is_blanked(made: Any, name: str, value: object, expected: object) -> None:
    """Times, addresses, paths, ports, versions and line numbers are blanked; what the code says stays."""
    made.line("placed", **{name: value})
    assert snapshot_of((), made.lines, ())["logs"][0][name] == expected


def test_ids_are_counted_and_the_same_everywhere(made: Any, ids: Any) -> None:
    """An id has one name in spans and lines, counted in the order of the spans, parents before children."""
    with made.tracer.start_as_current_span("outer"), made.tracer.start_as_current_span("inner") as inner:
        made.line("placed", inside=inner, request_id="7c9e6679-7425-40de-944b-e07fc1f90ae7", **ids(inner))
    taken = snapshot_of(made.spans, made.lines, ())
    (outer,) = taken["spans"]
    assert (outer["name"], outer["trace"], outer["span"]) == ("outer", "<trace-1>", "<span-1>")
    assert outer["children"][0]["span"] == "<span-2>"
    (line,) = taken["logs"]
    assert (line["trace_id"], line["span_id"]) == ("<trace-1>", "<span-2>")
    assert line["request_id"] == "<request-1>"


def test_snapshots_are_equal_in_every_run(tmp_path: Path) -> None:
    """One after the other, on two workers and in random order each test has the same snapshot."""
    write_case(tmp_path, CASES["ours at import, after the tracers"])
    (tmp_path / "test_app.py").write_text(_TEST, encoding="utf-8")
    taken = []
    for name, more in (("a", ALONE), ("b", (*ALONE, "-n2")), ("c", ALONE[:-2])):
        done = run_pytest(tmp_path, *more, TAKEN=str(tmp_path / name))
        assert done.returncode == 0, done.stdout
        taken.append([(tmp_path / name / str(n)).read_text(encoding="utf-8") for n in range(4)])
    assert taken[0] == taken[1] == taken[2]
    assert json.loads(taken[0][1])["metrics"][0]["value"] == 1
