"""What the plugin says about lines that break the contract, in real runs of pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = """\
import logging
import pytest
from ameide_telemetry import init_telemetry
init_telemetry("shop")
log = logging.getLogger("shop")
"""
_BAD = "log.warning('placed', extra={'traceId': 'x'})"
_BAD_TWICE = f"""{_HEAD}
def test_bad():
    for _ in range(3):
        {_BAD}
"""


def _write(folder: Path, source: str) -> None:
    (folder / "test_it.py").write_text(source, encoding="utf-8")


def test_failure_says_what_where_who_and_how_to_cure_it(tmp_path: Path) -> None:
    """The text has its parts in order: what broke, the marked line, who logged it, check, edit, allowance."""
    _write(tmp_path, _BAD_TWICE)
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 1
    parts = [
        "ERROR at teardown of test_bad",
        "TEL512 traceId:",
        "(3 lines)",
        '"message":"placed"',
        "^" * len('"traceId":"x"'),
        "logged by  test_it.py:9",
        "in test    test_it.py::test_bad",
        "check      TEL512 unknown-key: ameide-telemetry explain TEL512",
        "fix        write `trace_id`",
        'allow      @pytest.mark.telemetry(allow=["TEL512"])',
    ]
    places = [done.stdout.find(part) for part in parts]
    assert -1 not in places, done.stdout
    assert places == sorted(places), done.stdout
    assert done.stdout.count("logged by") == 1


def test_own_failure_is_not_hidden(tmp_path: Path) -> None:
    """A test that fails by itself is told as a failure with its own text; the contract's comes beside it."""
    _write(tmp_path, f"{_HEAD}\ndef test_own():\n    {_BAD}\n    assert 1 == 2, 'its own'\n")
    done = run_pytest(tmp_path, *ALONE)
    assert "1 failed, 1 error" in done.stdout
    assert "AssertionError: its own" in done.stdout
    assert "TEL512 traceId" in done.stdout


def test_failing_teardown_is_not_hidden(tmp_path: Path) -> None:
    """An error of the test's own teardown stays; the contract's finding is a section below it."""
    fixture = "@pytest.fixture\ndef broken():\n    yield\n    raise OSError('its own teardown')\n"
    _write(tmp_path, f"{_HEAD}\n{fixture}\ndef test_own(broken):\n    {_BAD}\n")
    done = run_pytest(tmp_path, *ALONE)
    assert "1 passed, 1 error" in done.stdout
    assert "OSError: its own teardown" in done.stdout
    assert "- telemetry contract -" in done.stdout
    assert "TEL512 traceId" in done.stdout


def test_modes_and_allowances(tmp_path: Path) -> None:
    """`warn` and `off`, for the run or one test, and an allowed code let tests pass; the table tells it."""
    marks = ("allow=['TEL512']", "contract='warn'", "contract='off'")
    tests = [
        f"@pytest.mark.telemetry({mark})\ndef test_{number}():\n    {_BAD}\n"
        for number, mark in enumerate(marks)
    ]
    _write(tmp_path, "\n".join([_HEAD, *tests]))
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout
    assert "TEL512  warning       1      1  unknown-key" in done.stdout
    _write(tmp_path, _BAD_TWICE)
    assert run_pytest(tmp_path, *ALONE, "--telemetry-contract=warn").returncode == 0
    done = run_pytest(tmp_path, *ALONE, "--telemetry-contract=off")
    assert done.returncode == 0
    assert "telemetry contract" not in done.stdout


def test_nothing_is_judged_where_telemetry_was_never_started(tmp_path: Path) -> None:
    """Without `init_telemetry` the default is off; asked for, the lines that a test captures are judged."""
    body = "import logging\ndef test_it(telemetry):\n    logging.warning('x', extra={'traceId': 'x'})\n"
    _write(tmp_path, body)
    assert run_pytest(tmp_path, *ALONE).returncode == 0
    done = run_pytest(tmp_path, *ALONE, "--telemetry-contract=fail")
    assert "TEL512 traceId" in done.stdout


def test_workers_are_summed_up(tmp_path: Path) -> None:
    """The table of a run with workers counts the lines and findings of all of them."""
    tests = "\n".join(f"def test_{n}():\n    {_BAD}\n" for n in range(4))
    _write(tmp_path, f"{_HEAD}\n{tests}")
    done = run_pytest(tmp_path, *ALONE, "-n2")
    assert "4 lines of 4 tests checked" in done.stdout, done.stdout
    assert "TEL512  warning       4      4  unknown-key" in done.stdout


def test_junit_has_the_findings(tmp_path: Path) -> None:
    """The JUnit file has a property for each finding, and an error with the text."""
    _write(tmp_path, _BAD_TWICE)
    run_pytest(tmp_path, *ALONE, "--junit-xml=report.xml", "-o", "junit_family=xunit1")
    report = (tmp_path / "report.xml").read_text(encoding="utf-8")
    assert '<property name="telemetry" value="TEL512 warning 3" />' in report
    assert "logged by  test_it.py:9" in report


def test_annotations_point_at_the_line_that_logged(tmp_path: Path) -> None:
    """On GitHub a command names the file from the repository's root, and the line; else there is none."""
    folder = tmp_path / "services" / "shop"
    folder.mkdir(parents=True)
    _write(folder, _BAD_TWICE)
    assert "::warning" not in run_pytest(folder, *ALONE).stdout
    done = run_pytest(folder, *ALONE, GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(tmp_path))
    assert "::warning file=services/shop/test_it.py,line=9,title=TEL512 in " in done.stdout, done.stdout


def test_a_clean_service_is_silent_but_for_its_count(tmp_path: Path) -> None:
    """Clean lines pass; the run says how many it has looked at, so that nothing read is no success."""
    _write(tmp_path, f"{_HEAD}\ndef test_it():\n    log.warning('placed')\n")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0
    assert "1 lines of 1 tests checked" in done.stdout
    assert "TEL" not in done.stdout


def test_rules_of_the_project_hold_in_tests_too(tmp_path: Path) -> None:
    """What `logs check` is told in pyproject.toml is told once."""
    _write(tmp_path, _BAD_TWICE)
    (tmp_path / "pyproject.toml").write_text('[tool.ameide_telemetry.logs]\nignore = ["TEL512"]\n', "utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout


def test_wrong_rules_are_an_error_of_usage(tmp_path: Path) -> None:
    """They are named, and no test runs."""
    _write(tmp_path, _BAD_TWICE)
    (tmp_path / "pyproject.toml").write_text("[tool.ameide_telemetry.logs]\nignored = 7\n", "utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 4, done.stdout
    assert "has no key 'ignored': did you mean ignore?" in done.stderr + done.stdout
