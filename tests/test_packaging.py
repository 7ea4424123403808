"""What is handed to users: the declaration, the constraints, the files in the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parent.parent
_DECLARED: dict[str, Any] = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_LOCK = (_ROOT / "requirements.lock").read_text(encoding="utf-8")
_LOCKED = dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^ ;\\]+)", _LOCK))
_EXTRAS: dict[str, list[str]] = _DECLARED["optional-dependencies"]
_REQUIRED: list[str] = [*_DECLARED["dependencies"], *chain.from_iterable(_EXTRAS.values())]
_CONSTRAINTS = (_ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found.group().lower()


def _is_beta(requirement: str) -> bool:
    return _name(requirement).startswith("opentelemetry-instrumentation")


def test_extras_are_the_promised_ones() -> None:
    """The extras that the documents name exist, and `all` holds every other one."""
    names = "all celery check clients fast fastapi flask grpc lint local pytest"
    promised = set(names.split())
    (everything,) = _EXTRAS["all"]
    assert set(_EXTRAS) == promised
    assert set(everything.partition("[")[2].rstrip("]").split(",")) == promised - {"all"}


def test_betas_stay_in_extras() -> None:
    """The base installs stable packages only."""
    assert [requirement for requirement in _DECLARED["dependencies"] if _is_beta(requirement)] == []


@pytest.mark.parametrize("requirement", _REQUIRED)
def test_nothing_is_pinned(requirement: str) -> None:
    """A library that pins forbids its users every other release."""
    assert not re.search(r"(?<![!<>~])==|===|~=", requirement)


def test_constraints_come_from_the_lock() -> None:
    """Every version in constraints.txt is the locked one, and every dependency of users is there."""
    constrained = dict(line.partition(" ;")[0].split("==") for line in _CONSTRAINTS)
    needed = {_name(requirement) for requirement in _REQUIRED} - {_DECLARED["name"]}
    assert constrained.items() <= _LOCKED.items()
    assert needed <= constrained.keys()


def test_the_lock_has_hashes_and_no_addresses() -> None:
    """What is installed is what was locked, from whichever index the machine is set up for."""
    assert len(_LOCKED) > len(_CONSTRAINTS)
    assert _LOCK.count("--hash=sha256:") >= len(_LOCKED)
    assert "://" not in _LOCK + "".join(_CONSTRAINTS)


def test_opentelemetry_is_one_release() -> None:
    """The lock holds one release of OpenTelemetry; a mixed one cannot be installed by pip."""
    stable: set[str] = set()
    beta: set[str] = set()
    for line in _CONSTRAINTS:
        name, _, version = line.partition("==")
        if name.startswith("opentelemetry-"):
            (beta if "b" in version else stable).add(version)
    assert len(stable) == len(beta) == 1


def test_lock_is_fresh() -> None:
    """The lock holds everything that the declaration asks for, development groups included."""
    groups = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    named = {_name(each) for group in groups.values() for each in group if isinstance(each, str)}
    assert named | ({_name(each) for each in _REQUIRED} - {_DECLARED["name"]}) <= _LOCKED.keys()


def test_installed_metadata_names_the_command_and_the_licence() -> None:
    """An installed copy knows its version, its command and its licence."""
    installed = metadata.distribution(_DECLARED["name"])
    commands = {entry.name: entry.value for entry in installed.entry_points.select(group="console_scripts")}
    assert installed.version == _DECLARED["version"]
    assert commands == {"ameide-telemetry": "ameide_telemetry.cli:main"}
    assert installed.metadata["License-Expression"] == "Apache-2.0"


def test_package_is_typed() -> None:
    """Type checkers of users read the package's own annotations."""
    assert (_ROOT / "src" / "ameide_telemetry" / "py.typed").is_file()


def test_module_runs_as_the_command() -> None:
    """`python -m ameide_telemetry` is the command too, for images without its script on PATH."""
    command = [sys.executable, "-m", _DECLARED["name"].replace("-", "_"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "ameide-telemetry" in done.stdout


def test_continuous_integration_runs_the_readme_command() -> None:
    """What the machine checks is what the README tells a newcomer to run."""
    runner = _ROOT / ".ci" / "run"
    assert os.access(runner, os.X_OK)
    assert os.access(_ROOT / "dev", os.X_OK)
    assert runner.read_text(encoding="utf-8").rstrip().endswith("python3 dev test")
