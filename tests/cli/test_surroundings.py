"""Where the store is, and who may look into it."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.cli.surroundings import environment, existing_store, store_for_writing
from ameide_telemetry.local.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return home


def test_default_is_private(home: Path) -> None:
    """The default store stands in the user's state directory, closed to others."""
    path = store_for_writing(None)
    assert path == home / ".local" / "state" / "ameide-telemetry" / "telemetry.sqlite3"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.touch()
    assert existing_store(None) == store_for_writing(None) == path


def test_home_that_cannot_be_written(home: Path) -> None:
    """Without a home to write in, the temporary directory serves, for writing and reading alike."""
    (home / ".local").write_text("in the way")
    path = store_for_writing(None)
    assert path.parent.name == f"ameide-telemetry-{os.getuid()}"
    path.touch()
    assert existing_store(None) == path


def test_directory_that_others_can_open(home: Path) -> None:
    """A directory that somebody else prepared, or may read, is not trusted."""
    directory = home / ".local" / "state" / "ameide-telemetry"
    directory.mkdir(parents=True)
    directory.chmod(0o755)
    assert home not in store_for_writing(None).parents


def test_reading_looks_where_writing_goes(home: Path) -> None:
    """A store in a directory that is not trusted is not read either, and the error says why."""
    directory = home / ".local" / "state" / "ameide-telemetry"
    directory.mkdir(parents=True)
    old = directory / "telemetry.sqlite3"
    old.touch()
    directory.chmod(0o755)
    with pytest.raises(StoreError, match=f"chmod 700 {directory}"):
        existing_store(None)
    assert existing_store(str(old)) == old
    new = store_for_writing(None)
    new.touch()
    assert existing_store(None) == new != old
    directory.chmod(0o700)
    assert existing_store(None) == store_for_writing(None) == old


def test_nowhere_to_write(home: Path, tmp_path: Path) -> None:
    """With no place at all the error says what helps."""
    (home / ".local").write_text("in the way")
    (tmp_path / "temporary").write_text("in the way")
    with pytest.raises(StoreError, match="--store FILE"):
        store_for_writing(None)


def test_given_store(tmp_path: Path) -> None:
    """A given file is taken as it is; its directory must exist."""
    assert store_for_writing(str(tmp_path / "s")) == tmp_path / "s"
    with pytest.raises(StoreError, match="mkdir -p"):
        store_for_writing(str(tmp_path / "no" / "s"))
    with pytest.raises(StoreError, match="there is no store"):
        existing_store(str(tmp_path / "s"))


def test_environment_is_a_copy() -> None:
    """Changing what was returned changes nothing outside."""
    environment()["AMEIDE_TEST"] = "x"
    assert "AMEIDE_TEST" not in os.environ
