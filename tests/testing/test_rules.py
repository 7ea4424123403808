"""Which `pyproject.toml` says how the lines of tests are judged, and when a wrong one matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from ameide_telemetry.logcheck.rules import Rules
from ameide_telemetry.testing.rules import project_file, rules_in
from testing.cases import ALONE, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

_USAGE: Final = 4
_WRONG: Final = "[tool.ameide_telemetry.logs]\nignored = 7\n"
_CURE: Final = "has no key 'ignored': did you mean ignore?"
_UNUSED: Final = """\
import sys
def test_it():
    names = ("ameide_telemetry.logcheck", "ameide_telemetry.testing.rules", "tomllib")
    assert not [name for name in names[:2] if name in sys.modules]
"""
_LATE: Final = """\
import logging
import pytest

def test_it():
    from ameide_telemetry import init_telemetry
    init_telemetry("shop")
    logging.getLogger("shop").warning("placed")
"""
_USED: Final = "def test_it(telemetry_process):\n    raise OSError\n"
_BROKEN: Final = [
    ("[tool.ameide_telemetry", "is not TOML: "),
    (_WRONG, _CURE),
    ("[tool.ameide_telemetry]\nlogs = 7\n", "logs is no table"),
]


class _Config:
    """As much of pytest's configuration as matters."""

    def __init__(self, root: Path, inipath: Path | None) -> None:
        self.rootpath = root
        self.inipath = inipath


def test_only_the_file_of_the_project_counts(tmp_path: Path) -> None:
    """It is the one that pytest reads, or stands in its root folder; none of a folder above."""
    inside = tmp_path / "services"
    cases = {None: inside, inside / "pytest.ini": inside, tmp_path / "pyproject.toml": tmp_path}
    for inipath, folder in cases.items():
        config: Any = _Config(inside, inipath)
        assert project_file(config) == folder / "pyproject.toml"


@pytest.mark.parametrize(("content", "told"), _BROKEN, ids=[told for _, told in _BROKEN])
def test_a_wrong_file_is_named_with_the_cure(tmp_path: Path, content: str, told: str) -> None:
    """The text has the file and what to write, and never an option that pytest does not have."""
    file = tmp_path / "pyproject.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(pytest.UsageError) as raised:
        rules_in(file)
    assert str(raised.value).startswith(str(file))
    assert told in str(raised.value)
    assert "--config" not in str(raised.value)


def test_a_file_that_says_nothing_of_lines_gives_the_default(tmp_path: Path) -> None:
    """No file, one with other sections of ours, and a broken one that does not name us."""
    file = tmp_path / "pyproject.toml"
    assert rules_in(file) == Rules()
    for content in ("[tool.ameide_telemetry.lint]\nx = 1\n", "[broken", ""):
        file.write_text(content, encoding="utf-8")
        assert rules_in(file) == Rules()
    file.write_text('[tool.ameide_telemetry.logs]\nignore = ["TEL512"]\n', encoding="utf-8")
    assert rules_in(file).ignored == {"TEL512"}


def test_a_wrong_file_above_stops_nobody(tmp_path: Path) -> None:
    """Neither where the plugin is not used nor where it is."""
    (tmp_path / "pyproject.toml").write_text("[tool.ameide_telemetry", encoding="utf-8")
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "test_used.py").write_text("def test_it(telemetry): pass\n", encoding="utf-8")
    done = run_pytest(folder, *ALONE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_file_matters_where_the_plugin_is_used(tmp_path: Path) -> None:
    """Unused: no word, nothing of it is read. A fixture: a usage error. Known later: the test tells it."""
    (tmp_path / "pyproject.toml").write_text(_WRONG, encoding="utf-8")
    test = tmp_path / "test_it.py"
    test.write_text(_UNUSED, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert done.returncode == 0, done.stdout + done.stderr
    test.write_text(_USED, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE)
    assert (done.returncode, "OSError" in done.stdout) == (_USAGE, False), done.stdout
    assert _CURE in done.stderr + done.stdout
    test.write_text(_LATE, encoding="utf-8")
    done = run_pytest(tmp_path, *ALONE, "-n1")
    assert done.returncode == 1, done.stdout
    assert "1 passed, 1 error" in done.stdout
    assert _CURE in done.stdout
