"""The file of known problems: it knows them wherever they move, and only shrinks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lint.gate.shop import BAD, GOOD, PROJECT, lay, lint

if TYPE_CHECKING:
    from pathlib import Path

_ENTRY: dict[str, Any] = {"code": "TEL301", "path": "a.py", "symbol": "f", "text": "print()", "count": 1}
_ROWS = [
    7,
    {},
    {**_ENTRY, "count": 0},
    {**_ENTRY, "count": True},
    {**_ENTRY, "line": 7},
    {**_ENTRY, "path": 7},
    {**_ENTRY, "path": ""},
    {**_ENTRY, "path": "/a.py"},
    {**_ENTRY, "path": "./a.py"},
    {**_ENTRY, "path": "shop//a.py"},
    {**_ENTRY, "path": "a\0.py"},
    {**_ENTRY, "code": "TEL999"},
    {**_ENTRY, "code": "tel301"},
    {**_ENTRY, "code": "TEL003"},
]
_WRONG = [
    *('{"version": 1, "entries": [], "x": 1}', '{"version": true, "entries": []}'),
    *("", "\x00", "[]", '{"version": 2, "entries": []}', '{"version": 1}', '{"version": 1, "entries": 7}'),
    *(json.dumps({"version": 1, "entries": [row]}) for row in _ROWS),
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["entries"]
    return found


def test_its_life(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It grows only with --allow-new, survives moved lines, and stale entries fail until it shrinks."""
    lay(
        tmp_path,
        {**BAD, "pyproject.toml": PROJECT + '[tool.ameide_telemetry.lint]\nbaseline = "known.json"\n'},
    )
    known = tmp_path / "known.json"
    assert lint(capsys)[0] == 2
    assert lint(capsys, "--update-baseline")[0] == 1
    assert not known.exists()
    assert lint(capsys, "--update-baseline", "--allow-new")[0] == 0
    assert [row["path"] for row in _rows(known)] == ["shop/asgi.py", "shop/work.py"]
    assert lint(capsys)[:2] == (0, [])
    work = tmp_path / "shop/work.py"
    work.write_text("\n\n# moved\n" + work.read_text())
    assert lint(capsys)[:2] == (0, [])
    work.write_text(work.read_text() * 2)
    assert [row.split()[1] for row in lint(capsys)[1]] == ["TEL301"]
    assert lint(capsys, "--update-baseline")[0] == 1
    work.write_text("")
    code, rows, _ = lint(capsys)
    assert (code, [row.split()[1] for row in rows]) == (1, ["TEL003"])
    assert lint(capsys, "--update-baseline")[0] == 0
    assert [row["code"] for row in _rows(known)] == ["TEL101"]
    assert lint(capsys)[0] == 0


def test_a_part_of_the_tree_or_of_the_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a run did not look for is neither stale nor forgotten; paths are those of the file's folder."""
    for name in ("one", "two"):
        lay(tmp_path / name, BAD)
    words = ("--baseline", "known.json")
    assert lint(capsys, *words, "--update-baseline", "--allow-new")[0] == 0
    before = _rows(tmp_path / "known.json")
    assert len(before) == 4
    for part in (
        ["one"],
        ["--ignore", "TEL101"],
        ["one/shop/work.py"],
        ["--select", "TEL3"],
        ["one", "--select", "TEL1"],
    ):
        assert lint(capsys, *part, *words)[:2] == (0, []), part
        assert lint(capsys, *part, *words, "--update-baseline")[0] == 0
        assert _rows(tmp_path / "known.json") == before, part
    lay(tmp_path / "one", GOOD)
    assert lint(capsys, "two", *words)[0] == 0
    assert lint(capsys, "one", *words, "--update-baseline")[0] == 0
    assert {row["path"].split("/")[0] for row in _rows(tmp_path / "known.json")} == {"two"}


def test_it_merges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each entry is one row, sorted, so that two people who cure two things do not meet."""
    lay(tmp_path, BAD)
    lint(capsys, "--baseline", "known.json", "--update-baseline", "--allow-new")
    rows = [row for row in (tmp_path / "known.json").read_text().splitlines() if '"code"' in row]
    assert rows == sorted(rows)
    assert [json.loads(row.rstrip(","))["code"] for row in rows] == ["TEL101", "TEL301"]


@pytest.mark.parametrize("text", _WRONG)
def test_a_broken_one_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is none of ours ends with 2 and is left alone."""
    lay(tmp_path, {**BAD, "known.json": text})
    code, rows, error = lint(capsys, "--baseline", "known.json")
    assert (code, rows) == (2, [])
    assert "delete it first" in error
    assert (tmp_path / "known.json").read_text() == text


def test_a_refusal_names_the_accepted_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who writes an entry by hand sees how one is written, or which code was meant."""
    said = {
        json.dumps(
            {"version": 1, "entries": [{**_ENTRY, "path": "/a.py"}]}
        ): "relative to the folder of this",
        json.dumps({"version": 1, "entries": [{**_ENTRY, "x": 1}]}): '"path": "shop/asgi.py"',
        json.dumps({"version": 1, "entries": [{**_ENTRY, "code": "TEL3O1"}]}): "did you mean TEL301?",
        '{"version": 1, "entries": [], "x": 1}': "its keys are version, entries",
    }
    for text, words in said.items():
        lay(tmp_path, {**BAD, "known.json": text})
        code, _, error = lint(capsys, "--baseline", "known.json")
        assert code == 2
        assert words in error
