"""Where nobody uses telemetry, the plugin costs an import of pytest's own kind and nothing more."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_IMPORTS = """\
import sys, pytest, difflib
before = set(sys.modules)
import ameide_telemetry.testing.plugin
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - {"ameide_telemetry"} - sys.stdlib_module_names))
own = {name for name in sys.modules if name.startswith("ameide_telemetry")}
print(sorted(name for name in own if not name.startswith("ameide_telemetry.testing")))
"""
_RUN = """\
import sys
def test_it():
    assert not [name for name in sys.modules if name.startswith(("opentelemetry", "structlog"))]
def test_again():
    test_it()
"""
_STARTED = """\
import sys
from ameide_telemetry import init_telemetry
init_telemetry("shop")
LATER = ("logcheck", "reports", "checks", "testing.verdict", "testing.wording", "testing.summary")

def test_it():
    assert not [name for name in LATER if f"ameide_telemetry.{name}" in sys.modules]
def test_again():
    test_it()
"""


def test_plugin_module_imports_only_pytest() -> None:
    """Importing the plugin loads nothing but the standard library, pytest and its own small modules."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == ["[]", "['ameide_telemetry']"]


def test_a_run_without_telemetry_loads_no_opentelemetry(tmp_path: Path) -> None:
    """A whole run with the plugin, tests and report included, leaves OpenTelemetry alone."""
    (tmp_path / "test_it.py").write_text(_RUN, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout
    assert "telemetry contract" not in done.stdout


def test_a_run_that_logs_nothing_loads_nothing_that_judges(tmp_path: Path) -> None:
    """Where the code under test only calls `init_telemetry`, what judges lines waits for the first one."""
    (tmp_path / "test_it.py").write_text(_STARTED, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'shop'\n", encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout
