"""What processes write becomes the verdict of the test that started them, in real runs of pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from testing.cases import ALONE, PLUGIN, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_CLEAN: Final = """\
import sys
import pytest

SOURCE = '''
import logging
from ameide_telemetry import init_telemetry
with init_telemetry("report"):
    logging.getLogger("report").warning("summed up")
'''

@pytest.mark.parametrize("number", range(4))
def test_clean(telemetry_process, number):
    script = telemetry_process([sys.executable, "-c", SOURCE], ready=None)
    assert script.wait() == 0
    assert len(script.lines) == 1
"""
_BAD: Final = """\
import sys
import pytest

{mark}
def test_bad(telemetry_process):
    source = "import time; print('plain', flush=True); print('plain', flush=True); time.sleep(60)"
    script = telemetry_process([sys.executable, "-c", source], ready=None)
    for _ in range(1000):
        if len(script.lines) == 2:
            break
        time.sleep(0.02)
    print("pid", script.pid)
    {end}
""".replace("import sys\n", "import sys\nimport time\n")
_SILENT: Final = """\
import sys
import pytest

COMMAND = [sys.executable, "-c", "pass"]

def test_silent(telemetry_process):
    assert telemetry_process(COMMAND, ready=None).wait() == 0

@pytest.mark.telemetry(contract="warn")
def test_warns(telemetry_process):
    telemetry_process(COMMAND, ready=None).wait()

@pytest.mark.telemetry(contract="off")
def test_off(telemetry_process):
    telemetry_process(COMMAND, ready=None).wait()

def test_allowed(telemetry_process):
    script = telemetry_process(COMMAND, ready=None, silent=True)
    script.wait()
    assert script.findings == ()

def test_told_before(telemetry_process):
    with pytest.raises(AssertionError, match="exited with 0 before it answered"):
        telemetry_process(COMMAND)

def test_asks(telemetry_process):
    script = telemetry_process(COMMAND, ready=None)
    script.wait()
    for ask in (lambda: script.findings, script.report):
        with pytest.raises(AssertionError, match="has written no line, so far; nothing was looked at"):
            ask()
"""


def _write(folder: Path, source: str) -> None:
    (folder / "test_it.py").write_text(source, encoding="utf-8")


def test_findings_fail_the_test_at_its_teardown(tmp_path: Path) -> None:
    """Nobody asked for findings, and `init_telemetry` was never called here: the test fails all the same."""
    _write(tmp_path, _BAD.format(mark="", end="pass"))
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout
    parts = ["ERROR at teardown of test_bad", "TEL501", "(2 lines)", "logged by  stdout:1 of ", "allow  "]
    places = [done.stdout.find(part) for part in parts]
    assert -1 not in places, done.stdout
    assert places == sorted(places), done.stdout
    assert "2 lines of 1 tests checked" in done.stdout


def test_marker_and_option_are_honoured(tmp_path: Path) -> None:
    """An allowed code, `warn` and `off` let the test pass."""
    for mark in ("allow=['TEL501']", "contract='warn'", "contract='off'"):
        _write(tmp_path, _BAD.format(mark=f"@pytest.mark.telemetry({mark})", end="pass"))
        done = run_pytest(tmp_path, *ALONE)
        assert done.returncode == 0, done.stdout
    _write(tmp_path, _BAD.format(mark="", end="pass"))
    assert run_pytest(tmp_path, *ALONE, "--telemetry-contract=warn").returncode == 0


def test_own_failure_is_not_hidden(tmp_path: Path) -> None:
    """A test that fails by itself is told with its own text; the findings come beside it."""
    _write(tmp_path, _BAD.format(mark="", end="assert 1 == 2, 'its own'"))
    done = run_pytest(tmp_path, *ALONE)
    assert "1 failed, 1 error" in done.stdout
    assert "AssertionError: its own" in done.stdout
    assert "TEL501" in done.stdout


def test_with_workers_and_in_random_order(tmp_path: Path) -> None:
    """Clean processes pass with two workers in a random order, and their lines are counted."""
    _write(tmp_path, _CLEAN)
    own = (*PLUGIN, "-p", "no:ameide_telemetry", "-p", "no:logfire")
    done = run_pytest(tmp_path, *own, "-n2", "-p", "randomly")
    assert done.returncode == 0, done.stdout
    assert "4 lines of 4 tests checked" in done.stdout


def test_a_process_that_writes_nothing_is_no_success(tmp_path: Path) -> None:
    """It fails the test, or stands in the table; unless the test says that it may be silent."""
    _write(tmp_path, _SILENT)
    done = run_pytest(tmp_path, *ALONE, "-rE", "--junit-xml=report.xml", "-o", "junit_family=xunit1")
    assert done.returncode == 1
    assert "6 passed, 1 error" in done.stdout, done.stdout
    parts = [
        "ERROR at teardown of test_silent",
        "telemetry contract: a process has written no line, so nothing was looked at; 0 lines of this test",
        "process    ",
        "in test    test_it.py::test_silent",
        "fix        let it log",
        "allow      telemetry_process(..., silent=True)",
        "0 lines of 5 tests checked",
        "silence warning       0      2  a process has written no line, so nothing was looked at",
    ]
    places = [done.stdout.find(part) for part in parts]
    assert -1 not in places, done.stdout
    assert places == sorted(places), done.stdout
    report = (tmp_path / "report.xml").read_text(encoding="utf-8")
    assert '<property name="telemetry" value="silence warning 0" />' in report
    assert run_pytest(tmp_path, *ALONE, "--telemetry-contract=warn").returncode == 0
