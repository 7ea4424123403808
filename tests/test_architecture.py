"""The import contracts of pyproject.toml: each one notices the fault it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_DIRECTION = "Imports point down, and every room has its place"
_FAULTS = [
    ("ledger.py", "from ameide_telemetry import bootstrap", _DIRECTION),
    ("traces/__init__.py", "from ameide_telemetry import metrics", _DIRECTION),
    ("attic.py", "import json", _DIRECTION),
    ("findings.py", "import opentelemetry.trace", "The ground floor knows no OpenTelemetry"),
    (
        "logcheck/__init__.py",
        "from ameide_telemetry import logs",
        "A check runs without the telemetry that it judges",
    ),
    ("bootstrap.py", "import fastapi", "A framework is imported by its own integration only"),
    ("local/store.py", "import opentelemetry.sdk", "The local viewer reads OTLP without the SDK"),
    (
        "integrations/flask.py",
        "from ameide_telemetry.integrations import fastapi",
        "No integration knows another framework's",
    ),
    (
        "logs/__init__.py",
        "from ameide_telemetry import init_telemetry",
        "The front door is for users: inside, import the owning room",
    ),
]


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("file", "line", "contract"), _FAULTS, ids=[f"{row[0]}: {row[1]}" for row in _FAULTS]
)
def test_planted_fault_breaks_its_contract(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """A wrong import, or a file without a place, is found by the contract that forbids it."""
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(_ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "src" / "ameide_telemetry" / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    done = _lint(tmp_path)
    assert done.returncode == 1, done.stdout
    assert f"{contract} BROKEN" in done.stdout
