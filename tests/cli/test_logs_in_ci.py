"""The hook and the action at the root: they are what their hosts read, and what they call works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.log_lines import BAD, GOOD

_ROOT = Path(__file__).parents[2]
_HOOKS = _ROOT / ".pre-commit-hooks.yaml"
_ACTION = _ROOT / "action.yml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files of lines."""
    (tmp_path / "good.log").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.log").write_text(BAD, encoding="utf-8")
    return tmp_path


def _run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environ = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def _action() -> dict[str, Any]:
    action: dict[str, Any] = yaml.safe_load(_ACTION.read_text(encoding="utf-8"))
    return action


def _hook() -> dict[str, Any]:
    hooks: list[dict[str, Any]] = yaml.safe_load(_HOOKS.read_text(encoding="utf-8"))
    return next(each for each in hooks if each["id"] == "ameide-telemetry-logs-check")


def test_the_hook_has_what_pre_commit_needs() -> None:
    """A hook has an id, a name, an entry and a language, and asks for files that hold lines."""
    hook = _hook()
    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert hook["language"] == "python"
    wanted = re.compile(hook["files"])
    names = ("a.log", "b/c.jsonl", "d.ndjson", "e.log.gz")
    assert [name for name in names if not wanted.search(name)] == []
    assert wanted.search("changelog.md") is None


@pytest.mark.parametrize(("file", "code"), [("good.log", 0), ("bad.log", 1), ("none.log", 2)])
def test_the_hook_runs(file: str, code: int, folder: Path) -> None:
    """The entry, with the names of files behind it, is a command that works."""
    hook = _hook()
    done = _run([*shlex.split(hook["entry"]), file], folder)
    assert done.returncode == code, done.stderr


def test_the_action_has_what_github_needs() -> None:
    """A composite action has a name, a description and steps with a shell; every input is used."""
    action = _action()
    assert action["name"]
    assert action["description"]
    assert action["runs"]["using"] == "composite"
    steps = action["runs"]["steps"]
    assert all(step["shell"] == "bash" and step["run"] for step in steps)
    used = re.findall(r"\$\{\{ inputs\.(\w+) \}\}", _ACTION.read_text(encoding="utf-8"))
    assert used == list(action["inputs"])
    assert all(each["description"] for each in action["inputs"].values())


def test_no_input_is_part_of_a_script() -> None:
    """Inputs reach the script as variables: nothing that a pull request can name is run."""
    assert [step for step in _action()["runs"]["steps"] if "${{" in step["run"]] == []


def test_the_action_installs_its_own_checkout() -> None:
    """What is installed is the checkout of the action, and that is a Python project."""
    install = _action()["runs"]["steps"][0]
    assert install["env"] == {"PACKAGE": "${{ github.action_path }}"}
    assert install["run"].endswith('pip install --quiet "$PACKAGE"')
    assert (_ACTION.parent / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"FILES": "good.log"}, 0, "nothing wrong in 10 lines"),
        ({"FILES": "*.log", "SARIF": "out 1.sarif", "JUNIT": "out.xml"}, 1, "::error file=bad.log,line=3,"),
        ({"FILES": "good.log", "LEVEL": "$(touch stolen)"}, 2, ""),
        ({"FILES": "bad.log", "LEVEL": "error --ignore TEL501"}, 2, ""),
        ({"FILES": "good.log; touch stolen"}, 2, ""),
        ({"FILES": "--ignore=TEL501 bad.log"}, 2, ""),
        ({"FILES": "none*.log"}, 2, ""),
    ],
)
def test_the_action_checks(variables: dict[str, str], code: int, said: str, folder: Path) -> None:
    """The script of the action, run by bash as GitHub runs it, checks, annotates and runs nothing else."""
    script = _action()["runs"]["steps"][-1]["run"]
    given = {"LEVEL": "warning", "SARIF": "", "JUNIT": "", **variables}
    done = _run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], folder, **given)
    assert done.returncode == code, done.stderr
    assert said in done.stdout
    assert not (folder / "stolen").exists()
    assert [name for name in (given["SARIF"], given["JUNIT"]) if name and not (folder / name).is_file()] == []


def test_neither_names_a_host() -> None:
    """Where packages come from is the affair of whoever runs them."""
    text = _HOOKS.read_text(encoding="utf-8") + _ACTION.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
