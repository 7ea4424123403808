"""Where module names lead, as Python looks them up, and what a project adds to that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.lint.listing import Listing
from ameide_telemetry.lint.projects import MANIFESTS, Projects
from ameide_telemetry.lint.roots import Roots, renamed
from lint.targets.aiming import plant

if TYPE_CHECKING:
    from pathlib import Path

_FILES = {
    "one/shop/__init__.py": "",
    "one/shop/asgi.py": "",
    "one/both.py": "",
    "one/space/a.py": "",
    "one/mixed/x.py": "",
    "one/my-app.py": "",
    "two/shop/other.py": "",
    "two/both/__init__.py": "",
    "two/space/b.py": "",
    "two/mixed/__init__.py": "",
    "two/inner/__init__.py/odd.txt": "",
    "two/inner/c.py": "",
}


@pytest.mark.parametrize(
    ("name", "kind", "paths"),
    [
        ("shop", "package", "one/shop/__init__.py"),
        ("shop.asgi", "module", "one/shop/__init__.py one/shop/asgi.py"),
        ("shop.other", "missing", "one/shop/__init__.py"),
        ("both", "module", "one/both.py"),
        ("both.x", "missing", "one/both.py"),
        ("space", "namespace", ""),
        ("space.a", "module", "one/space/a.py"),
        ("space.b", "module", "two/space/b.py"),
        ("space.c", "missing", ""),
        ("mixed", "package", "two/mixed/__init__.py"),
        ("mixed.x", "missing", "two/mixed/__init__.py"),
        ("my-app", "module", "one/my-app.py"),
        ("inner.c", "module", "two/inner/c.py"),
        ("a.b.c.d", "missing", ""),
        ("", "missing", ""),
        ("..", "missing", ""),
        ("shop.", "missing", "one/shop/__init__.py"),
        ("\0", "missing", ""),
        ("x" * 5000, "missing", ""),
        ("é.ü", "missing", ""),
    ],
)
def test_a_name_leads_where_python_would_find_it(name: str, kind: str, paths: str, tmp_path: Path) -> None:
    """A package beats a module in one folder, the first folder beats the next, namespaces come last."""
    plant(tmp_path, _FILES)
    roots = Roots([tmp_path / "one", tmp_path / "two", tmp_path / "gone"])
    found = roots.find(name)
    assert found.kind == kind
    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == paths.split()
    assert roots.find(name) is found
    assert (found.path is not None) == (kind in {"module", "package"})
    assert not any(
        path.is_file() for path in found.looked_for if "\0" not in str(path) and len(str(path)) < 4000
    )


def test_no_folder_is_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand names cost as many listings as there are folders."""
    plant(tmp_path, _FILES)
    read: list[str] = []

    def scandir(folder: str) -> object:
        read.append(folder)
        raise OSError

    monkeypatch.setattr("os.scandir", scandir)
    listing = Listing()
    for number in range(1000):
        Roots([tmp_path / "one", tmp_path / "two"], listing).find(f"shop.m{number}")
    assert sorted(read) == [str(tmp_path / "one"), str(tmp_path / "two")]


def test_a_file_knows_its_name(tmp_path: Path) -> None:
    """The name is the one by which an import leads to the same file, not to one that hides it."""
    plant(tmp_path, _FILES)
    roots = Roots([tmp_path / "one", tmp_path / "two"])
    assert roots.name_of(tmp_path / "one/shop/asgi.py") == "shop.asgi"
    assert roots.name_of(tmp_path / "one/shop/__init__.py") == "shop"
    assert roots.name_of(tmp_path / "two/both/__init__.py") == ""
    assert roots.name_of(tmp_path / "one/my-app.py") == ""
    assert roots.name_of(tmp_path) == ""
    assert sorted(roots.modules("space")) == ["a", "b"]


_POETRY = "[tool.poetry]\nname='orders'\n[tool.poetry.dependencies]\ncommon={path='../common'}\n"
_LAYOUTS: dict[str, tuple[dict[str, str], str]] = {
    "plain": ({"svc/pyproject.toml": ""}, "svc"),
    "src": ({"svc/pyproject.toml": "", "svc/src/x.py": ""}, "svc/src svc"),
    "setuptools": (
        {"svc/pyproject.toml": "[tool.setuptools.packages.find]\nwhere=['lib']\n", "svc/lib/x.py": ""},
        "svc/lib svc",
    ),
    "package-dir": (
        {"svc/pyproject.toml": "[tool.setuptools.package-dir]\n''='python'\n", "svc/python/x.py": ""},
        "svc/python svc",
    ),
    "setup.cfg": (
        {"svc/setup.cfg": "[options]\npackage_dir =\n    =lib\n", "svc/lib/x.py": ""},
        "svc/lib svc",
    ),
    "setup.py": ({"svc/setup.py": "setup(package_dir={'': 'lib'})\n", "svc/lib/x.py": ""}, "svc/lib svc"),
    "hatch": (
        {
            "svc/pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages=['code/shop']\n",
            "svc/code/shop/x.py": "",
        },
        "svc/code svc",
    ),
    "uv build": (
        {"svc/pyproject.toml": "[tool.uv.build-backend]\nmodule-root='lib'\n", "svc/lib/x.py": ""},
        "svc/lib svc",
    ),
    "poetry from": (
        {"svc/pyproject.toml": "[tool.poetry]\npackages=[{include='a', from='lib'}]\n", "svc/lib/a.py": ""},
        "svc/lib svc",
    ),
    "workspace": (
        {
            "pyproject.toml": "[tool.uv.workspace]\nmembers=['*']\n",
            "svc/pyproject.toml": "[project]\nname='svc'\ndependencies=['My_Common>=1']\n",
            "common/pyproject.toml": "[project]\nname='my-common'\ndependencies=['deep']\n",
            "deep/pyproject.toml": "[project]\nname='deep'\ndependencies=['my-common']\n",
            "other/pyproject.toml": "[project]\nname='other'\n",
        },
        "svc common deep",
    ),
    "poetry path": ({"svc/pyproject.toml": _POETRY, "common/src/x.py": ""}, "svc common/src common"),
    "requirements": (
        {
            "svc/requirements.txt": "-e ../common[x]\n./lib ; python_version>'3'\n",
            "svc/lib/x.py": "",
            "common/x.py": "",
        },
        "svc common svc/lib",
    ),
    "broken": ({"svc/pyproject.toml": "[[[", "svc/setup.cfg": "nothing", "svc/setup.py": "((("}, "svc"),
    "wrong types": (
        {"svc/pyproject.toml": "project=1\n[tool]\nhatch=[]\nuv={sources=3}\npoetry={packages=[1]}\n"},
        "svc",
    ),
}


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_a_project_says_where_its_packages_are(layout: str, tmp_path: Path) -> None:
    """Build settings, src folders, and projects of the same tree that it depends on add their folders."""
    files, expected = _LAYOUTS[layout]
    paths = plant(tmp_path, files)
    projects = Projects(tmp_path, [path for path in paths if path.name in MANIFESTS])
    roots = projects.roots(tmp_path / "svc")
    assert " ".join(path.relative_to(tmp_path).as_posix() for path in roots) == expected


@pytest.mark.parametrize(
    ("name", "kind", "paths"),
    [
        ("store", "package", "one/shop/__init__.py"),
        ("store.asgi", "module", "one/shop/__init__.py one/shop/asgi.py"),
        ("store.nothing", "missing", "one/shop/__init__.py"),
        ("deep", "namespace", ""),
        ("deep.er", "module", "one/both.py"),
        ("deep.other", "missing", ""),
        ("plain.a", "module", "one/space/a.py"),
        ("plain.b", "module", "three/plain/b.py"),
        ("joined.a", "module", "three/joined/__init__.py one/space/a.py"),
        ("joined.b", "module", "three/joined/__init__.py three/joined/b.py"),
        ("shop", "missing", ""),
    ],
)
def test_what_was_copied_is_found_by_its_new_name(name: str, kind: str, paths: str, tmp_path: Path) -> None:
    """A root may be one file or folder under another name, also below packages; nothing else is in it."""
    own = dict.fromkeys(("three/plain/b.py", "three/joined/__init__.py", "three/joined/b.py"), "")
    plant(tmp_path, {**_FILES, **own})
    copied = {"store": "one/shop", "deep.er": "one/both.py", "plain": "one/space", "joined": "one/space"}
    roots = Roots([tmp_path / "three", *(renamed(tmp_path / path, new) for new, path in copied.items())])
    found = roots.find(name)
    assert found.kind == kind
    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == paths.split()
