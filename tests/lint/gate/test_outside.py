"""The command as a process of its own: what it says to people, and what no file in the tree can do to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from lint.gate.shop import BAD, GOOD, PROJECT, lay

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND: Final = [sys.executable, "-m", "ameide_telemetry", "lint"]
_WRONG: Final = {
    "a path": (["nope"], {}, "nope does not exist"),
    "a folder of a report": (["-o", "sarif=nodir/x"], {}, "mkdir -p nodir"),
    "an entrypoint": (["--why", "shop.asgo:app"], {}, "did you mean shop.asgi:app"),
    "no entrypoint": (["--why", ""], {}, "--show-entrypoints"),
    "an option": (["--allow-new"], {}, "--update-baseline"),
    "a key": ([], {"pyproject.toml": f"{PROJECT}[tool.ameide_telemetry.lint]\nselec = []\n"}, "select"),
    "a type": ([], {"pyproject.toml": f"{PROJECT}[tool.ameide_telemetry.lint]\nstrict = 3\n"}, "strict"),
    "a baseline": (["--baseline", "none.json"], {}, "--update-baseline"),
}
# What a deployed service may lead to, and may be a pipe.
_READ: Final = (
    *("shop/work.py", "start.sh", "pyproject.toml", "gunicorn.conf.py", "requirements.txt", "setup.py"),
    *("setup.cfg", "Procfile", "compose.yaml", ".env", "Pipfile", "baseline.json"),
    ".telemetry_lint_cache/store.bin",
)


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # As people run it: errors of our own are raised in tests only.
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    return subprocess.run(
        [*_COMMAND, *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("wrong", _WRONG)
def test_what_was_asked_wrongly_is_said(wrong: str, tmp_path: Path) -> None:
    """Wrong usage and settings end with their cure and 2, and are no fault of the lint."""
    words, files, said = _WRONG[wrong]
    done = _run(lay(tmp_path, {**GOOD, **files}), *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "the lint itself is wrong" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_pipes_and_sockets_in_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no regular file is not waited for, wherever a file is read."""
    lay(tmp_path, {**BAD, "Dockerfile": 'FROM python:3.14\nCOPY . .\nCMD ["sh", "start.sh"]\n'})
    lay(tmp_path, {"web/Dockerfile": 'FROM python:3.14\nCOPY . .\nCMD ["gunicorn", "shop.asgi:app"]\n'})
    (tmp_path / ".telemetry_lint_cache").mkdir()
    for name in _READ:
        for path in (tmp_path / name, tmp_path / "web" / name):
            path.unlink(missing_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(path)
    with socket.socket(socket.AF_UNIX) as end:
        # A path of a test may be longer than an address may be.
        monkeypatch.chdir(tmp_path)
        end.bind("socket.py")
        done = _run(tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "TEL001" in done.stdout
    assert "TEL002" in done.stdout
    baseline = _run(tmp_path, "--baseline", "baseline.json")
    assert (baseline.returncode, baseline.stdout) == (2, "")
    assert "it is no regular file" in baseline.stderr
