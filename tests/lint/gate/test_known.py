"""What the run before knew is not looked for again, and what changed is, wherever it stands."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.lint import stamps
from ameide_telemetry.lint.courses import Courses
from ameide_telemetry.lint.deployment import readers
from ameide_telemetry.lint.listing import Listing
from ameide_telemetry.lint.stamps import NEVER, settled
from lint.gate.shop import BAD, lay, lint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DEPLOYED: Final = "what is deployed"
_WALKED: Final = "an entrypoint"
_DEEP: Final = 1200
_LIBRARY: Final = {
    "lib/pyproject.toml": '[project]\nname = "lib"\n',
    "lib/boot.py": "def setup(): ...\n",
    "app/Dockerfile": BAD["Dockerfile"],
    "app/pyproject.toml": '[project]\nname = "shop"\ndependencies = ["ameide-telemetry", "fastapi", "lib"]\n'
    '[tool.uv.sources]\nlib = { path = "../lib" }\n',
    "app/shop/__init__.py": "",
    "app/shop/asgi.py": "import boot\nfrom fastapi import FastAPI\n\nboot.setup()\napp = FastAPI()\n",
}
_INIT: Final = 'from ameide_telemetry import init_telemetry\n\n\ndef setup():\n    init_telemetry("shop")\n'


@pytest.fixture(autouse=True)
def _believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe the times of files that were written just before the run."""
    monkeypatch.setattr(stamps, "_RACE", 0)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is looked for."""
    found: list[str] = []

    def noted(kind: str, of: Callable[..., object]) -> Callable[..., object]:
        def note(*args: object) -> object:
            found.append(kind)
            return of(*args)

        return note

    monkeypatch.setattr(readers, "commands", noted(_DEPLOYED, readers.commands))
    monkeypatch.setattr(Courses, "_walked", noted(_WALKED, Courses._walked))
    return found


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({}, []),
        ({"shop/work.py": "print(2)\n"}, [_WALKED]),
        ({"tests/test_work.py": "print(3)\n"}, []),
        ({"README.md": "something else\n"}, []),
        ({"Dockerfile": f"{BAD['Dockerfile']}\n# changed\n"}, [_DEPLOYED]),
        ({"requirements.txt": "fastapi\n"}, [_DEPLOYED]),
        ({"shop/asgi.py": f"{BAD['shop/asgi.py']}\n# changed\n"}, [_DEPLOYED, _WALKED]),
        ({"shop/more.py": "import shop.asgi\n"}, [_DEPLOYED]),
        ({"tests/test_work.py": "import fastapi\n\napp = fastapi.FastAPI()\n"}, [_DEPLOYED]),
    ],
    ids=str,
)
def test_only_what_may_be_another_is_looked_for(
    edit: dict[str, str],
    expected: list[str],
    tmp_path: Path,
    looked: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is deployed is read again if one of its files changed, entrypoints walked if one of theirs did."""
    lay(tmp_path, {**BAD, "tests/test_work.py": "", "README.md": "", "requirements.txt": ""})
    lint(capsys, tmp_path)
    assert looked == [_DEPLOYED, _WALKED]
    looked.clear()
    lay(tmp_path, edit)
    lint(capsys, tmp_path)
    assert looked == expected


def test_what_stands_beside_the_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A library above the folder that is looked at counts with its files as they are now."""
    lay(tmp_path, _LIBRARY)
    path = tmp_path / "lib/boot.py"
    seen = []
    for body in (_LIBRARY["lib/boot.py"], _INIT, _LIBRARY["lib/boot.py"], None, _INIT):
        if body is None:
            path.unlink()
        else:
            path.write_text(body)
        code, rows, _ = lint(capsys, tmp_path / "app")
        assert (code, rows) == lint(capsys, tmp_path / "app", "--no-cache")[:2]
        seen.append(any("TEL101" in row for row in rows))
    assert seen[:3] == [True, False, True]
    assert seen[4] is False


def test_what_a_program_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A module on the way of a program that begins to start a server, or another one, is looked at again."""
    run = "import subprocess\n\nsubprocess.run(['uvicorn', 'shop.asgi:app'])\n"
    command = BAD["Dockerfile"].replace('"uvicorn", "shop.asgi:app"', '"python", "-m", "shop"')
    program = 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\nimport shop.way\n'
    files = {**BAD, "Dockerfile": command, "shop/__main__.py": program, "shop/way.py": ""}
    seen = []
    lay(tmp_path, {**files, "shop/more.py": ""})
    for path, text in (("way", ""), ("way", "import shop.more\n"), ("more", run), ("way", "")):
        (tmp_path / f"shop/{path}.py").write_text(text)
        seen.append(any("TEL101" in row for row in lint(capsys, tmp_path)[1]))
    assert seen == [False, False, True, False]


def test_a_link_that_leads_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A link beside the tree is looked into again when it leads somewhere else, or nowhere."""
    application = _LIBRARY["app/shop/asgi.py"].replace("import boot", "from package import boot")
    lay(
        tmp_path,
        {**_LIBRARY, "app/shop/asgi.py": application, "one/boot.py": _INIT, "two/boot.py": "setup = int\n"},
    )
    (tmp_path / "lib/package").symlink_to(tmp_path / "two/here")
    seen = []
    for target in ("one", "two", "nowhere", "one"):
        (tmp_path / "two/here").unlink(missing_ok=True)
        (tmp_path / "two/here").symlink_to(tmp_path / target)
        code, rows, _ = lint(capsys, tmp_path / "app")
        assert (code, rows) == lint(capsys, tmp_path / "app", "--no-cache")[:2], target
        seen.append(any("TEL101" in row for row in rows))
    assert seen == [False, True, True, False]


def test_a_change_in_the_same_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a file that may change once more within it is not believed."""
    monkeypatch.setattr(stamps, "_RACE", 20_000_000)
    begun, now = 1_000_000_000, 1_500_000_000
    assert settled(begun - 100_000_000, begun, now) == begun - 100_000_000
    assert settled(begun - 1_000_000, begun, now) == NEVER
    assert settled(begun + 1_000_000, begun, now) == NEVER
    assert settled(now + 1, begun, now) == now + 1


def test_a_folder_is_as_it_was(tmp_path: Path) -> None:
    """It is told by the names in it; the time alone, a cache or a hidden file make no difference."""
    lay(tmp_path, {"a.py": "", "b/c.py": ""})
    listing = Listing()
    listing.names(tmp_path)
    was = listing.stamps[str(tmp_path)]
    os.utime(tmp_path, (1, 1))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / ".swap").write_text("")
    assert Listing().is_as(str(tmp_path), was)
    (tmp_path / "a.py").rename(tmp_path / "d.py")
    assert not Listing().is_as(str(tmp_path), was)
    (tmp_path / "d.py").rename(tmp_path / "a.py")
    assert Listing().is_as(str(tmp_path), was)
    (tmp_path / "a.py").unlink()
    (tmp_path / "a.py").mkdir()
    assert not Listing().is_as(str(tmp_path), was)


def test_a_folder_with_links_is_as_it_was(tmp_path: Path) -> None:
    """A link in it may begin or cease to lead to a folder, and the folder itself does not change."""
    lay(tmp_path, {"one/a.py": "", "two/b/c.py": ""})
    (tmp_path / "one/link").symlink_to(tmp_path / "two/b")
    listing = Listing()
    listing.names(tmp_path / "one")
    was = listing.stamps[str(tmp_path / "one")]
    assert Listing().is_as(str(tmp_path / "one"), was)
    (tmp_path / "two/b").rename(tmp_path / "two/d")
    assert not Listing().is_as(str(tmp_path / "one"), was)


def test_folders_as_deep_as_a_system_allows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file a thousand folders down is judged like any other."""
    lay(tmp_path, BAD)
    deep = tmp_path / "shop"
    try:
        inner = deep / "/".join("d" * _DEEP)
        subprocess.run(["mkdir", "-p", inner], check=True)
        (inner / "m.py").write_text("print(1)\n")
        code, rows, _ = lint(capsys, tmp_path)
        assert (code, rows) == lint(capsys, tmp_path)[:2]
    finally:
        # What pytest makes and removes folders with calls itself once for each.
        subprocess.run(["rm", "-rf", deep], check=True)
    assert code == 1
    assert any("TEL101" in row for row in rows)
