"""The lint as a gate: the hook of pre-commit, and the fragment for ruff that the documents give."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[2]
_HOOKS = _ROOT / ".pre-commit-hooks.yaml"
_HOW_TO = _ROOT / "docs" / "how-to" / "lint.md"
_BOOT = 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\n'
_APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
_IMAGE = 'FROM python:3.13\nCOPY . .\nCMD ["uvicorn", "shop:app"]\n'
_SOURCE = """\
import logging

from opentelemetry.sdk.trace import TracerProvider

provider = TracerProvider()
logging.basicConfig()
log = logging.getLogger("shop")


def charge(order: str) -> None:
    print("charged", order)
    log.info(f"charged {order}")
    logging.error("failed: " + order)
    log.info("charged " + order)  # noqa: G003, TEL302 the parser of the bank reads it
"""
_FOUND = {
    ("TID251", 3),  # opentelemetry.sdk
    ("TID251", 6),  # logging.basicConfig
    ("T201", 11),
    ("G004", 12),
    ("LOG015", 13),
    ("G003", 13),
}


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environ = {**os.environ, "PATH": path}
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def _hook() -> dict[str, Any]:
    hooks: list[dict[str, Any]] = yaml.safe_load(_HOOKS.read_text(encoding="utf-8"))
    return next(each for each in hooks if each["id"] == "ameide-telemetry-lint")


def test_the_hook_has_what_pre_commit_needs() -> None:
    """It looks at the whole tree at every commit, once, and can read manifests."""
    hook = _hook()
    declared = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("python", False, True)
    assert hook["additional_dependencies"] == declared["optional-dependencies"]["lint"]


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        (_BOOT + _APP, 0, "nothing wrong"),
        (_APP, 1, "shop.py:3:7: TEL101 "),
        (None, 2, "no entrypoint was found"),
    ],
    ids=["started", "never started", "nothing deployed"],
)
def test_the_hook_runs(source: str | None, code: int, said: str, tmp_path: Path) -> None:
    """The entry, without names of files behind it, judges the folder that it runs in."""
    if source is not None:
        (tmp_path / "shop.py").write_text(source, encoding="utf-8")
        (tmp_path / "Dockerfile").write_text(_IMAGE, encoding="utf-8")
    done = _run(shlex.split(_hook()["entry"]), tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr


def test_ruff_with_the_fragment_finds_what_it_can(tmp_path: Path) -> None:
    """Ruff takes the fragment of the documents, knows our codes, and sees what one file alone shows."""
    fragment = re.search(r"```toml\n(\[tool\.ruff\.lint\]\n.*?)```", _HOW_TO.read_text("utf-8"), re.DOTALL)
    assert fragment is not None
    # Beside what ruff looks for by itself it would not show; of its own checks only the one of unknown codes.
    alone = fragment[1].replace("extend-select", 'select = ["RUF102"]\nextend-select', 1)
    (tmp_path / "pyproject.toml").write_text(alone, encoding="utf-8")
    (tmp_path / "shop.py").write_text(_SOURCE, encoding="utf-8")
    done = _run(["ruff", "check", "--no-cache", "--output-format", "json", "shop.py"], tmp_path)
    found = json.loads(done.stdout)
    assert {(each["code"], each["location"]["row"]) for each in found} == _FOUND
    assert "warning" not in done.stderr
