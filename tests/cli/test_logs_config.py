"""The section `[tool.ameide_telemetry.logs]`: what it can say, who finds it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ameide_telemetry.cli import main
from support.log_lines import BAD, line

_HEAD = "[tool.ameide_telemetry.logs]\n"
_IDS = {"trace_id": "a" * 32, "span_id": "b" * 16, "trace_flags": "01"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a file of bad lines."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.log").write_text(BAD, encoding="utf-8")
    return tmp_path


def _write(text: str, name: str = "pyproject.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def _found(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["logs", "check", "--json", *arguments]) in {0, 1}
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def _codes(document: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in document["findings"]}


def test_codes_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Codes of the section and of the command line are both left out, and told as skipped."""
    _write(f'{_HEAD}ignore = ["TEL501"]\n')
    document = _found(capsys, "bad.log", "--ignore", "TEL512")
    assert _codes(document) == {"TEL532"}
    assert document["skipped"] == ["TEL501", "TEL512"]


def test_the_nearest_project_with_the_section_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a folder of the project its own file is found, past others without the section."""
    _write(f'{_HEAD}ignore = ["TEL501"]\n')
    (folder / "inner").mkdir()
    monkeypatch.chdir(folder / "inner")
    _write('[tool.other]\nname = "x"\n')
    assert _codes(_found(capsys, "../bad.log")) == {"TEL512", "TEL532"}
    _write(f"{_HEAD}level = 'error'\n", "own.toml")
    assert _codes(_found(capsys, "../bad.log", "--config", "own.toml")) == {"TEL501", "TEL532"}


@pytest.mark.parametrize(
    ("setting", "lines", "codes"),
    [
        ('level = "info"\nknown_keys = ["order_id"]', [line(order_id=1), line(own=2)], {"TEL512"}),
        ("max_line_bytes = 300", [line(text="x" * 300)], {"TEL504"}),
        ("max_depth = 2", [line(tree={"a": {"b": 1}})], {"TEL508"}),
        ("skew_seconds = 120", [line(), line(timestamp="2026-01-31T12:33:56.789012Z")], set()),
        ("personal = false", [line(note="jane.doe@example.com")], set()),
        ('unredacted_classes = ["email"]', [line(note="jane.doe@example.com")], set()),
        ("in_trace = true", [line(**_IDS)], {"TEL514"}),
        ('in_trace = true\nrequire = ["tenant_id"]', [line(**_IDS)], {"TEL514"}),
        ("max_samples = 1", [line(level="x"), line(level="x")], {"TEL532"}),
        ('engine = "standard"', [line()], set()),
    ],
)
def test_each_key_does_what_it_says(
    setting: str, lines: list[str], codes: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every key of the section changes what is found in lines that it is about."""
    _write("\n".join(lines) + "\n", "own.log")
    before = _found(capsys, "own.log")
    _write(f"{_HEAD}{setting}\n")
    after = _found(capsys, "own.log")
    assert _codes(after) == codes
    assert before["findings"] != after["findings"] or before["facts"] != after["facts"] or setting[0] == "e"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{_HEAD}ignored = []\n", "has no key 'ignored': did you mean ignore? the keys are engine, ignore"),
        (f'{_HEAD}ignore = ["TEL599"]\n', "no check 'TEL599' of log lines"),
        (f'{_HEAD}ignore = "TEL501"\n', 'write a list of codes, such as ["TEL512"]'),
        (f"{_HEAD}level = 3\n", "write one of error, warning, info"),
        (f"{_HEAD}max_samples = true\n", "write a whole number above 0"),
        (f"{_HEAD}skew_seconds = nan\n", "write a number of seconds, 0 or more"),
        (f"{_HEAD}in_trace = 1\n", "write true or false"),
        (f'{_HEAD}unredacted_classes = ["mail"]\n', "write a list of password"),
        ("[tool.ameide_telemetry]\nlogs = 1\n", "write [tool.ameide_telemetry.logs] above its keys"),
        (f"{_HEAD}level = \n", "is not TOML"),
    ],
)
def test_what_is_wrong_exits_2(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt key or a wrong value ends the command, with the edit that cures it."""
    _write(text)
    assert main(["logs", "check", "bad.log"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "pyproject.toml" in shown.err
    assert said in shown.err


def test_a_named_file_must_have_the_section(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names a file expects it to count."""
    _write("[tool.other]\n", "other.toml")
    assert main(["logs", "check", "bad.log", "--config", "other.toml"]) == 2
    assert "add it, or leave --config out" in capsys.readouterr().err
