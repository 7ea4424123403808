"""The `dev` script: what it says on machines that lack something, and what it hands on."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

_DEV = Path(__file__).parent.parent / "dev"
# Stands in for nox: notes its session, prints, and ends as the session's name says.
_TOOL = """#!/bin/sh
while [ "$1" != "--session" ]; do shift; done
echo "ran $2 in $PWD with $VIRTUAL_ENV"; shift
trap 'echo interrupted; exit 130' INT
case $1 in bad) exit 3;; slow) echo $$ >"$PID_FILE"; sleep 60;; *) exit 0;; esac
"""


def _load(path: Path = _DEV) -> ModuleType:
    loader = SourceFileLoader("dev_under_test", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose environment is ready and whose nox is a stand-in."""
    root = tmp_path / "project"
    tools = root / ".venv" / "bin"
    tools.mkdir(parents=True)
    shutil.copy(_DEV, root / "dev")
    (root / "requirements.lock").write_text("locked")
    (root / "pyproject.toml").write_text("declared")
    (tools / "python").symlink_to(sys.executable)
    (tools / "nox").write_text(_TOOL)
    (tools / "nox").chmod(0o755)
    (root / ".venv" / ".dev-stamp").write_text(_load(root / "dev").fingerprint())
    return root


def _dev(root: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "dev"), *arguments]
    return subprocess.run(command, cwd=cwd or root, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["-h"], 0), ([], 2)])
def test_help_names_the_commands(tmp_path: Path, arguments: list[str], code: int) -> None:
    """Help needs no environment and makes none."""
    shutil.copy(_DEV, tmp_path / "dev")
    done = _dev(tmp_path, *arguments)
    assert done.returncode == code
    assert "demo [--check]" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["dev"]


def test_old_python_gets_the_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Python that is too old is told which one to use."""
    dev = _load()
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    assert dev.main(["test"]) == 1
    printed = capsys.readouterr().out
    assert "Python 3.9 is too old" in printed
    assert "python3.11 dev test" in printed


def test_missing_ensurepip_gets_the_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Debian without python3-venv and without uv is told the package that cures it."""
    dev: Any = _load()
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "BIN", tmp_path / ".venv" / "bin")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dev.Problem, match="sudo apt-get install python3-venv"):
        dev.make_venv()


def test_steps_are_timed_and_summed_up(project: Path, tmp_path: Path) -> None:
    """Each step prints its name and seconds, in the project's directory, from any other."""
    done = _dev(project, "test", "lint", "typing", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ran lint in {project} with {project / '.venv'}" in lines
    assert lines[0] == "[1/2] lint"
    assert lines[-1].startswith("dev test: all steps ok, ")


def test_failed_step_is_named_with_its_rerun(project: Path) -> None:
    """A failing step does not hide the ones after it, gives its exit code and the command to rerun it."""
    done = _dev(project, "test", "bad", "typing")
    assert done.returncode == 3
    assert "ran typing in" in done.stdout
    assert "  rerun: python3 dev bad" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1].startswith("dev test: FAILED: bad, ")


def test_one_step_hands_its_exit_code_on(project: Path) -> None:
    """A single step runs in place of the script, so its exit code arrives unchanged."""
    assert _dev(project, "bad").returncode == 3
    assert _dev(project, "typing").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_what_was_started(project: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl+C and a plain kill end the running step too."""
    note = tmp_path / "pid"
    command = [sys.executable, str(project / "dev"), "test", "slow"]
    child = subprocess.Popen(command, env={**os.environ, "PID_FILE": str(note)}, stdout=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while not (note.exists() and note.read_text().endswith("\n")) and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(number)
        printed, _ = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == 130
    assert b"interrupted" in printed
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_changed_lock_is_noticed(project: Path) -> None:
    """The stamp covers the lock, the declaration and the interpreter."""
    dev = _load(project / "dev")
    before = dev.fingerprint()
    assert dev.fingerprint() == before
    (project / "requirements.lock").write_text("locked anew")
    assert dev.fingerprint() != before


def test_index_settings_of_pip_reach_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has only pip set up installs from the same index; what uv has is left alone."""
    dev = _load()
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "127.0.0.1")
    monkeypatch.setenv("UV_INSECURE_HOST", "mine")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setattr(sys, "executable", shutil.which("python3", path=os.defpath) or sys.executable)
    settings = dev.index_settings()
    if settings.get("UV_DEFAULT_INDEX") is None:
        pytest.skip("this Python has no pip to ask")
    assert settings["UV_DEFAULT_INDEX"] == "http://127.0.0.1:1/simple"
    assert settings["UV_INSECURE_HOST"] == "mine"


def test_unreadable_uv_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A uv on PATH that is too old for the lock, or says nothing, is not used."""
    dev: Any = _load()
    old = tmp_path / "uv"
    old.write_text("#!/bin/sh\necho uv 0.4.1\n")
    old.chmod(0o755)
    monkeypatch.setattr(dev, "BIN", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert dev.uv_version(str(old)) == (0, 4)
    assert dev.find_uv() is None
