"""The command with `--fix`: what a cure brings up is cured with it, and the baseline shrinks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from lint.gate.shop import BAD, GOOD, PROJECT, lay, lint

if TYPE_CHECKING:
    from pathlib import Path

_BARE: Final = PROJECT.replace('"ameide-telemetry", ', "")
_LOG: Final = "import logging\n\nlog = logging.getLogger(__name__)\n\n\ndef work(order: str) -> None:\n"
_KNOWN: Final = '    log.info(f"paid {order}")\n'
_NEW: Final = '    log.info(f"sent {order}")\n'
_CURED: Final = '    log.info("sent", extra={"order": order})\n'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_a_cure_brings_up_is_cured_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bootstrap is put in and its package asked for at once; both are told, and nothing is left."""
    for name in ("one", "two"):
        lay(tmp_path / name, {**BAD, "shop/work.py": "", "pyproject.toml": _BARE})
    assert [row.split()[1] for row in lint(capsys)[1]] == ["TEL101", "TEL101"]
    code, rows, said = lint(capsys, "--unsafe-fixes")
    assert (code, rows) == (0, [])
    for name in ("one", "two"):
        assert f"fixed {name}/shop/asgi.py:5 TEL101: call the bootstrap first" in said
        assert f"fixed {name}/pyproject.toml:3 TEL401: add ameide-telemetry" in said
        assert '["ameide-telemetry", "fastapi"]' in (tmp_path / name / "pyproject.toml").read_text()
    assert lint(capsys, "--unsafe-fixes") == (0, [], "")


def test_what_nobody_can_cure_keeps_a_cure_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where only a person can ask for the package, all stays as it was, and what to do first is said."""
    setup = 'from setuptools import setup\n\nsetup(name="shop", install_requires=["fastapi"])\n'
    files = {name: body for name, body in BAD.items() if name != "pyproject.toml"}
    lay(tmp_path, {**files, "shop/work.py": "", "setup.py": setup})
    code, rows, said = lint(capsys, "--unsafe-fixes")
    assert (code, [row.split()[1] for row in rows]) == (1, ["TEL101"])
    assert "not fixed: shop/asgi.py:5 TEL101: setup.py would have TEL401 afterwards: first add" in said
    assert (tmp_path / "shop/asgi.py").read_text() == BAD["shop/asgi.py"]
    assert (tmp_path / "setup.py").read_text() == setup


def test_what_is_known_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--fix` cures what is new beside it, also where the same file has both."""
    lay(tmp_path, {**GOOD, "shop/work.py": _LOG + _KNOWN})
    words = ("--baseline", "known.json")
    assert lint(capsys, *words, "--update-baseline", "--allow-new")[2].endswith(
        "known.json knows 1 problem, of 1 entrypoint\n"
    )
    before = (tmp_path / "known.json").read_bytes()
    lay(tmp_path, {"shop/work.py": _LOG + _KNOWN + _NEW})
    assert lint(capsys, *words, "--fix")[:2] == (0, [])
    assert (tmp_path / "shop/work.py").read_text() == _LOG + _KNOWN + _CURED
    assert (tmp_path / "known.json").read_bytes() == before


def test_a_line_with_a_known_problem_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cure that would change the text by which another problem is known is not written, and told."""
    row = '    log.info(f"sent {order}"); log.info("", extra={"orderId": order})\n'
    lay(tmp_path, {**GOOD, "shop/work.py": _LOG + row})
    words = ("--baseline", "known.json")
    lint(capsys, *words, "--update-baseline", "--allow-new", "--select", "TEL303")
    assert [each.split()[1] for each in lint(capsys, *words)[1]] == ["TEL302"]
    code, rows, said = lint(capsys, *words, "--fix")
    assert (code, [each.split()[1] for each in rows]) == (1, ["TEL302"])
    assert "not fixed: shop/work.py:7 TEL302: work.py would have TEL303 afterwards" in said
    assert (tmp_path / "shop/work.py").read_text() == _LOG + row


def test_the_baseline_shrinks_with_the_cures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An entry that has more than there is goes with `--fix`, as a stale comment does; the others stay."""
    lay(tmp_path, {**GOOD, "shop/work.py": _LOG + _KNOWN + _NEW * 2})
    words = ("--baseline", "known.json")
    lint(capsys, *words, "--update-baseline", "--allow-new")
    lay(tmp_path, {"shop/work.py": _LOG + _NEW})
    assert [row.split()[1] for row in lint(capsys, *words)[1]] == ["TEL003", "TEL003"]
    code, rows, said = lint(capsys, *words, "--fix")
    assert (code, rows) == (0, [])
    assert "fixed known.json TEL003: take what is cured out of the baseline" in said
    entries = json.loads((tmp_path / "known.json").read_text())["entries"]
    assert [(each["text"], each["count"]) for each in entries] == [(_NEW.strip(), 1)]
    assert (tmp_path / "shop/work.py").read_text() == _LOG + _NEW
    lay(tmp_path, {"shop/work.py": _LOG + "    pass\n"})
    assert lint(capsys, *words, "--fix", "shop/asgi.py")[0] == 0
    assert json.loads((tmp_path / "known.json").read_text())["entries"] == entries
    assert lint(capsys, *words, "--fix")[0] == 0
    assert json.loads((tmp_path / "known.json").read_text())["entries"] == []
