"""Folders of commands excuse prints, but only below the folder of the service itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lint.checks.running import found, plant, problems, scene_of

if TYPE_CHECKING:
    from pathlib import Path

_PRINTS = {"rows.py": 'def show(name):\n    print("row", name)\n'}


@pytest.mark.parametrize("folder", ["console", "cli/app", "commands", "management/api"])
def test_where_a_service_is_does_not_excuse_it(folder: str, tmp_path: Path) -> None:
    """A service whose folder, or one further up, has the name of a folder of commands is looked at."""
    top = plant(tmp_path / folder, _PRINTS)
    assert found(top, problems(scene_of(top))) == ["TEL301 rows.py:2"]


@pytest.mark.parametrize("path", ["console/rows.py", "src/console/rows.py"])
def test_the_package_of_a_service_does_not_excuse_it(path: str, tmp_path: Path) -> None:
    """A service that is called `console` has all of its code in a package of that name."""
    top = plant(tmp_path / "console", {path: _PRINTS["rows.py"]})
    assert found(top, problems(scene_of(top))) == [f"TEL301 {path}:2"]


def test_a_folder_of_commands_in_such_a_package_does(tmp_path: Path) -> None:
    """Below the package, the same names mean what they do elsewhere; so do Django's commands anywhere."""
    files = dict.fromkeys(("console/cli/rows.py", "a/management/commands/rows.py"), _PRINTS["rows.py"])
    top = plant(tmp_path / "console", files)
    assert found(top, problems(scene_of(top))) == []


def test_what_is_in_no_service_is_not_excused(tmp_path: Path) -> None:
    """What several services share has no folder of a service around it, whatever it is called."""
    top = plant(tmp_path, {"console/lib/rows.py": _PRINTS["rows.py"]})
    shared = replace(scene_of(top), folders={})
    assert found(top, problems(shared)) == ["TEL301 console/lib/rows.py:2"]
