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

from support.log_lines import BAD, GOOD, line

_ROOT = Path(__file__).parents[2]
_HOOKS = _ROOT / ".pre-commit-hooks.yaml"
_ACTION = _ROOT / "action.yml"
_EXPRESSION = re.compile(r"\$\{\{ (\S+) \}\}")
# How the runner starts a step whose shell is bash; the script is a file.
_BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]
_ANNOTATION = re.compile(
    r"::(?:error|warning) file=(?P<file>[^:,\r\n]+),line=(?P<line>\d+),title=(?P<title>[^:,\r\n]+)"
    r"::(?P<message>[^\r\n]+)"
)
# A stand-in for an interpreter: says what it was started with.
_PYTHON = '#!/bin/sh\nprintf "<%s>" "$@"\nexit "${CODE:-0}"\n'


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


def _step(
    name: str, folder: Path, inputs: dict[str, str], **surroundings: str
) -> subprocess.CompletedProcess[str]:
    """Run a step of the action with what its expressions give: inputs not named have their defaults."""
    action = _action()
    step = next(each for each in action["runs"]["steps"] if each["name"] == name)
    values = {f"inputs.{key}": each.get("default", "") for key, each in action["inputs"].items()}
    values |= {f"inputs.{key}": value for key, value in inputs.items()}
    values["github.action_path"] = str(folder / "the action's checkout")
    variables = {
        key: _EXPRESSION.sub(lambda found: values[found[1]], text) for key, text in step["env"].items()
    }
    script = folder / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    return _run([*_BASH, str(script)], folder, **variables, **surroundings)


def _unescaped(text: str) -> str:
    """Undo what the runner undoes (actions/runner, src/Runner.Common/ActionCommand.cs)."""
    for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(written, meant)
    return text


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
    done = _run([*shlex.split(hook["entry"]), *hook.get("args", []), file], folder)
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


def test_the_action_installs_its_own_checkout(folder: Path) -> None:
    """What is installed is the checkout of the action, whatever its path, and a failure ends the step."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "python3").write_text(_PYTHON, encoding="utf-8")
    (programs / "python3").chmod(0o755)
    path = os.pathsep.join([str(programs), os.defpath])
    done = _step("Install", folder, {}, PATH=path)
    assert done.stdout == f"<-m><pip><install><--quiet><{folder}/the action's checkout>"
    assert done.returncode == 0, done.stderr
    assert _step("Install", folder, {}, PATH=path, CODE="3").returncode == 3
    assert (_ACTION.parent / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"files": "good.log"}, 0, "nothing wrong in 10 lines"),
        ({"files": "*.log", "sarif": "out 1.sarif", "junit": "out.xml"}, 1, "::error file=bad.log,line=3,"),
        ({"files": "good.log", "level": "$(touch stolen)"}, 2, ""),
        ({"files": "bad.log", "level": "error --ignore TEL501"}, 2, ""),
        ({"files": "good.log; touch stolen"}, 2, ""),
        ({"files": "--ignore=TEL501 bad.log"}, 2, ""),
        ({"files": "none*.log"}, 2, ""),
    ],
)
def test_the_action_checks(inputs: dict[str, str], code: int, said: str, folder: Path) -> None:
    """The script of the action, run by bash as GitHub runs it, checks, annotates and runs nothing else."""
    done = _step("Check", folder, inputs)
    assert done.returncode == code, done.stderr
    assert said in done.stdout
    assert not (folder / "stolen").exists()
    reports = [inputs[name] for name in ("sarif", "junit") if name in inputs]
    assert [name for name in reports if not (folder / name).is_file()] == []


def test_annotations_are_what_github_reads(folder: Path) -> None:
    """One row for each finding, which the runner can take apart, whatever stands in the name of a file."""
    odd = "50%25,a:b\r\n.log"
    (folder / odd).write_text(f"{line(traceId='::error::')}\n{line(level='%0A')}\n", encoding="utf-8")
    done = _step("Check", folder, {"files": "50*.log"})
    *rows, verdict = done.stdout.split("\n")[:-1]
    found = [_ANNOTATION.fullmatch(row) for row in rows]
    assert (done.returncode, verdict) == (1, "1 error, 1 warning in 2 lines")
    assert "file=50%2525%2Ca%3Ab%0D%0A.log,line=" in rows[0]
    read = [{key: _unescaped(text) for key, text in each.groupdict().items()} for each in found if each]
    assert {(each["file"], each["line"], each["title"]) for each in read} == {
        (odd, "1", "TEL512 unknown-key"),
        (odd, "2", "TEL532 wrong-value"),
    }
    assert [each["message"].split("\n")[-1] for each in read] == [
        f"why: ameide-telemetry explain {each['title'].partition(' ')[0]}" for each in read
    ]


def test_neither_names_a_host() -> None:
    """Where packages come from is the affair of whoever runs them."""
    text = _HOOKS.read_text(encoding="utf-8") + _ACTION.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
