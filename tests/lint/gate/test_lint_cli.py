"""The command as a gate: its exit codes, its reports, and what it says when nothing was looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry import guard
from ameide_telemetry.cli.main import main
from ameide_telemetry.lint.tree import Tree
from lint.gate.shop import BAD, GOOD, PROJECT, lay, lint

if TYPE_CHECKING:
    from pathlib import Path

_UNUSABLE: Final = {
    "no such check": (["--select", "TEL9"], "TEL9"),
    "no such check to ignore": (["--ignore", "TEL1O1"], "TEL1O1"),
    "no check left": (["--select", "TEL1", "--ignore", "TEL1"], "no check is left"),
    "only commas": (["--select", ","], "no check is left"),
    "no such format": (["--format", "sarf"], "did you mean sarif"),
    "no such format of a file": (["-o", "sarf=x"], "did you mean sarif"),
    "no such path": (["nowhere"], "nowhere does not exist"),
    "no such settings": (["--config", "nowhere.toml"], "cannot be read"),
    "no such baseline": (["--baseline", "nowhere.json"], "cannot be read"),
    "no dotted name": (["--bootstrap", "in it"], "no dotted name"),
    "growth without a baseline": (["--allow-new"], "--update-baseline"),
    "a baseline that nobody named": (["--update-baseline"], "no baseline is named"),
    "a report over an input": (["-o", "json=Dockerfile"], "read already"),
    "two reports in one file": (["-o", "json=new", "-o", "sarif=new"], "read already"),
    "a report over a folder": (["-o", "json=shop"], "is a directory"),
    "a report into nowhere": (["-o", "json=no/where"], "does not exist"),
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", _UNUSABLE)
def test_wrong_usage_is_two_and_says_the_cure(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is asked in a wrong way ends with 2, one sentence and nothing written."""
    words, said = _UNUSABLE[name]
    lay(tmp_path, GOOD)
    code, rows, error = lint(capsys, "--no-cache", *words)
    assert (code, rows) == (2, [])
    assert said in error
    assert (tmp_path / "Dockerfile").read_text() == GOOD["Dockerfile"]
    assert not (tmp_path / "new").exists()


def test_exit_codes_of_trees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Clean is 0, found is 1; 2 is for a tree in which nothing was examined, even if all else is ignored."""
    lay(tmp_path / "good", GOOD)
    lay(tmp_path / "bad", BAD)
    lay(tmp_path / "empty", {"readme.txt": ""})
    lay(
        tmp_path / "lost", {**GOOD, "Dockerfile": 'FROM python\nCOPY . .\nCMD ["uvicorn", "shop.gone:app"]\n'}
    )
    loose = {"notes.py": "x = 1  # telemetry: ignore[TEL301]\n"}
    lay(tmp_path / "loose", loose)
    assert lint(capsys, "good")[0] == 0
    code, rows, _ = lint(capsys, "bad")
    assert code == 1
    assert [row.split(":")[0] for row in rows] == ["bad/shop/asgi.py", "bad/shop/work.py"]
    assert lint(capsys, "empty")[0] == 2
    assert lint(capsys, "loose")[0] == 2
    assert lint(capsys, "lost")[0] == 1
    assert lint(capsys, "lost", "--ignore", "TEL002")[0] == 2
    assert lint(capsys, "bad", "--select", "TEL2")[0] == 0


def test_an_internal_error_is_two_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the lint itself does wrong is no clean result, and no traceback."""
    lay(tmp_path, GOOD)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Tree, "of", broken)
    guard.reraise_in_tests(choice=False)
    try:
        code, _, error = lint(capsys)
    finally:
        guard.reraise_in_tests("auto")
    assert code == 2
    assert "nothing is said of the tree" in error


def test_reports_are_written_beside_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several formats go to files in one run; a hostile name of a file stays one row and no escape."""
    hostile = "shop/a\x1b[31m\n::error::b.py"
    files = {
        **BAD,
        hostile: "print('x')\n",
        "shop/work.py": "import importlib\nimportlib.import_module('z')\n",
    }
    lay(tmp_path, files)
    out = [
        word for each in ("json", "sarif", "gitlab", "github", "junit") for word in ("-o", f"{each}=r.{each}")
    ]
    code, _, _ = lint(capsys, *out, "--no-cache", "--select", "TEL1")
    assert code == 1
    assert {"json", "sarif", "gitlab", "github", "junit"} == {
        each.suffix[1:] for each in tmp_path.glob("r.*")
    }
    assert json.loads((tmp_path / "r.sarif").read_text())["runs"]
    lay(tmp_path, {"shop/asgi.py": BAD["shop/asgi.py"], hostile: BAD["shop/asgi.py"]})
    (tmp_path / "Dockerfile").write_text('FROM python\nCOPY . .\nCMD ["python", "shop/a\x1b[31mb.py"]\n')
    assert main(["lint", "--format", "full", "--no-cache"]) in {1, 2}
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err


def test_a_file_limits_what_is_shown_and_not_what_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """PATH that is a file shows its findings; the entrypoint that leads there is found all the same."""
    lay(tmp_path, BAD)
    code, rows, _ = lint(capsys, "shop/work.py")
    assert code == 1
    assert [row.split()[1] for row in rows] == ["TEL301"]
    assert lint(capsys, "shop/__init__.py")[:2] == (0, [])


def test_another_bootstrap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The function that counts is the one that is named: of the tree, or of any package."""
    boot = "from shop.boot import setup\n\nsetup()\n" + BAD["shop/asgi.py"]
    lay(tmp_path, {**BAD, "shop/boot.py": "def setup(): ...\n", "shop/asgi.py": boot})
    assert lint(capsys, "--select", "TEL1")[0] == 1
    assert lint(capsys, "--select", "TEL1", "--bootstrap", "shop.boot.setup")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--statistics"], "1  TEL101"),
        (["--score"], "+"),
        (["--show-entrypoints"], "shop.asgi:app"),
        (["--why", "shop.asgi:app"], "missing"),
        (["--print-schema"], '"per-path-ignores"'),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_tables(words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each table is printed instead of the report, with the exit code of the report."""
    lay(tmp_path, BAD)
    assert main(["lint", *words]) == (0 if words == ["--print-schema"] else 1)
    assert said in capsys.readouterr().out
    assert main(["lint", "--why", "shap.asgi:app"]) == 2
    assert "did you mean shop.asgi:app" in capsys.readouterr().err


def test_a_shared_module_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong in a module of two services is one problem, in the report and in the statistics."""
    monkeypatch.chdir(tmp_path)
    services = "[tool.ameide_telemetry.services]\none = 'shop.asgi:app'\ntwo = 'shop.other:app'\n"
    lay(tmp_path, {**GOOD, "pyproject.toml": f"{PROJECT}{services}", "shop/other.py": GOOD["shop/asgi.py"]})
    lay(tmp_path, {"shop/work.py": BAD["shop/work.py"]})
    main(["lint", "--statistics"])
    assert capsys.readouterr().out.split()[:2] == ["1", "TEL301"]
    main(["lint", "--format", "concise"])
    assert capsys.readouterr().out.count(": TEL301") == 1


def test_a_folder_without_entrypoint_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside one with some nobody would notice that nothing is deployed there any more."""
    lay(tmp_path / "shop", GOOD)
    lay(tmp_path / "libs", {"libs/work.py": "TOTAL = 7\n"})
    code, rows, said = lint(capsys, tmp_path / "shop", tmp_path / "libs")
    assert (code, rows) == (0, [])
    assert f"no entrypoint was found in {tmp_path / 'libs'}" in said
    assert "no entrypoint" not in lint(capsys, tmp_path / "shop", tmp_path / "shop/shop")[2]
    assert "no entrypoint" not in lint(capsys, tmp_path)[2]
