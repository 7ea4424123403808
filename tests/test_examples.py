"""The examples' own tests, as their readers run them: with the plugin, in a pytest of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ameide_telemetry.cli import main
from support.servers import service_environment
from testing.cases import ALONE

_EXAMPLES = Path(__file__).parent.parent / "examples"
_NAMES = sorted(path.parent.name for path in _EXAMPLES.glob("*/test_app.py"))


@pytest.mark.parametrize("name", _NAMES)
def test_example(name: str) -> None:
    """Every test passes, no line of the example breaks the contract, and lines were looked at."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ALONE, name],
        cwd=_EXAMPLES,
        env=service_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of the contract's fields seen" in done.stdout
    assert "TEL" not in done.stdout


def test_the_lint_proves_every_example(capsys: pytest.CaptureFixture[str]) -> None:
    """Each example is an entrypoint, each reaches the bootstrap in time, and no check finds anything."""
    assert main(["lint", str(_EXAMPLES), "--strict", "--no-cache", "--json", "--level", "info"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = {each["service"]: each["verdict"] for each in report["facts"]["entrypoints"]}
    assert found == dict.fromkeys(_NAMES, "ok")
    assert report["findings"] == []
