"""`trace` over a real store: by id, by its beginning, by traceparent, the last one, the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.cli import main
from ameide_telemetry.local.lines import parse
from ameide_telemetry.local.records import Event, Span
from ameide_telemetry.local.store import Store

if TYPE_CHECKING:
    from pathlib import Path

_FIRST = "abc1" + "0" * 27 + "1"
_SECOND = "abc2" + "0" * 27 + "2"
_START = 1_795_334_591_120_000_000


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> str:
    path = tmp_path / "it's a store.sqlite3"
    with Store(path) as store:
        for at, (trace_id, tenant) in enumerate(((_FIRST, "acme"), (_SECOND, "globex\x1b"))):
            start = _START + at * 1_000_000_000
            event = Event(start + 1, "exception", {"exception.type": "E"})
            attributes = {"tenant_id": tenant}
            store.add_spans(
                [
                    Span(
                        trace_id,
                        "5" * 16,
                        f"shop{at}",
                        "GET /",
                        start,
                        start + 2_000_000,
                        status="error" if at else "ok",
                        attributes=attributes,
                        events=(event,),
                    )
                ]
            )
            store.add_lines([parse(json.dumps({"trace_id": trace_id, "message": "hello", "level": "info"}))])
    return str(path)


@pytest.mark.parametrize(
    "wanted",
    [
        _FIRST,
        "abc1",
        " ABC1 ",
        f"00-{_FIRST}-00f067aa0ba902b7-01",
        f"traceparent: 00-{_FIRST}-00f067aa0ba902b7-01",
        f"cc-{_FIRST}-00f067aa0ba902b7-01-new",
    ],
)
def test_ways_to_name_a_trace(path: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An id, the beginning of one and a whole traceparent all find the trace."""
    assert main(["trace", wanted, "--store", path]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        f"trace {_FIRST}  2 ms  2026-11-22 08:03:11.120 UTC\ntenant acme  1 service  1 span  1 line\n"
    )
    assert "hello" in shown


@pytest.mark.parametrize("wanted", ["zz", "", "a" * 33, "00-12-34-56", "\x1b[31m"])
def test_no_id(path: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What can be no id is wrong usage; it is shown without its escapes."""
    assert main(["trace", wanted, "--store", path]) == 2
    shown = capsys.readouterr().err
    assert "neither a trace id nor a traceparent" in shown
    assert "\x1b" not in shown


def test_not_found(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that is not stored ends with the command that shows what is, quoted for the shell."""
    assert main(["trace", "def", "--store", path]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[0] == "ameide-telemetry: no stored trace begins with def"
    assert shown.err.splitlines()[1].startswith(
        "  see what is there: ameide-telemetry trace --list --store '/"
    )
    assert """it'"'"'s a store""" in shown.err


def test_ambiguous(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A beginning that fits several traces lists them."""
    assert main(["trace", "abc", "--store", path]) == 1
    assert capsys.readouterr().err.split()[-2:] == [_FIRST, _SECOND]


def test_last(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The trace that began last, of anybody or of one tenant."""
    assert main(["trace", "--last", "--store", path]) == 0
    assert capsys.readouterr().out.startswith(f"trace {_SECOND}")
    assert main(["trace", "--last", "--tenant", "acme", "--store", path]) == 0
    assert capsys.readouterr().out.startswith(f"trace {_FIRST}")
    assert main(["trace", "--last", "--tenant", "nobody", "--store", path]) == 1
    assert "no trace of tenant nobody" in capsys.readouterr().err


def test_list(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The table shows the newest first and no control characters."""
    assert main(["trace", "--list", "--store", path]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "BEGAN (UTC)              TRACE         TOOK  SPANS  LINES  ERRORS  TENANT      SERVICES  FIRST SPAN",
        "2026-11-22 08:03:12.120  abc200000000  2 ms      1      1       1  globex\\x1b  shop1     GET /",
        "2026-11-22 08:03:11.120  abc100000000  2 ms      1      1       -  acme        shop0     GET /",
    ]
    assert main(["trace", "--list", "--limit", "1", "--store", path]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_tenant_of_one(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that is named by its id is shown only if it is of the tenant."""
    assert main(["trace", _FIRST, "--tenant", "acme", "--store", path]) == 0
    assert capsys.readouterr().out.startswith(f"trace {_FIRST}")
    assert main(["trace", "abc", "--tenant", "acme", "--store", path]) == 0
    assert capsys.readouterr().out.startswith(f"trace {_FIRST}")
    assert main(["trace", _FIRST, "--tenant", "b\x1b", "--store", path]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"no stored trace of tenant b\\x1b begins with {_FIRST}" in shown.err


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "9" * 9])
def test_impossible_limit(path: str, limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit that is no count is wrong usage."""
    assert main(["trace", "--list", f"--limit={limit}", "--store", path]) == 2
    assert "no count" in capsys.readouterr().err


def test_trace_of_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace of which only lines are stored is shown by --last and by --list as by its id."""
    path = tmp_path / "s"
    with Store(path) as store:
        store.add_lines([parse(json.dumps({"trace_id": _FIRST, "message": "hello"}))])
    shown = []
    for which in ("--last", "abc1"):
        assert main(["trace", which, "--store", str(path)]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert "hello" in shown[0]
    assert main(["trace", "--list", "--store", str(path)]) == 0
    assert _FIRST[:12] in capsys.readouterr().out


def test_json(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has times as text, which every reader keeps exactly."""
    assert main(["trace", "abc1", "--json", "--store", path]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["trace_id"], shown["tenants"]) == (_FIRST, ["acme"])
    assert shown["spans"][0]["start"] == str(_START)
    assert shown["spans"][0]["events"][0]["time"] == str(_START + 1)
    assert shown["lines"][0]["record"]["message"] == "hello"
    assert main(["trace", "--list", "--tenant", "acme", "--json", "--store", path]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(each["trace_id"], each["end"]) for each in listed] == [(_FIRST, str(_START + 2_000_000))]


def test_empty_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A store without traces says how to get one."""
    path = tmp_path / "s"
    Store(path).close()
    for option in ("--last", "--list"):
        assert main(["trace", option, "--store", str(path)]) == 1
        assert "ameide-telemetry run -- CMD" in capsys.readouterr().err
