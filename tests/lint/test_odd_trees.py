"""Odd trees, by the command itself: each is a finding, or exit 2 with the reason; nothing is passed over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_IMAGE: Final = b'FROM python:3.13\nWORKDIR /srv\nCOPY . .\nCMD ["uvicorn", "shop.asgi:app"]\n'
_INIT: Final = b'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\n'
_APP: Final = b"from fastapi import FastAPI\n\napp = FastAPI()\n"
_PROJECT: Final = b'[project]\nname = "shop"\ndependencies = ["ameide-telemetry"]\n'
_GOOD: Final[Mapping[str, bytes]] = {
    "Dockerfile": _IMAGE,
    "pyproject.toml": _PROJECT,
    "shop/asgi.py": _INIT + _APP,
}
_CHILD: Final = b"from shop import boot\n"
_LARGE: Final = 50 * 1024 * 1024


def _lay(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _large(name: str, begin: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(begin)
        os.truncate(path, _LARGE)

    return make


def _both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for change in changes:
            change(folder)

    return make


def _nothing(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def _boot(data: bytes) -> Callable[[Path], None]:
    """The module that calls the bootstrap is on the way, and holds something else."""
    return lambda folder: _lay(folder, {"shop/asgi.py": _CHILD + _APP, "shop/boot.py": data})


def _links(folder: Path) -> None:
    (folder / "shop" / "again").symlink_to(folder)
    (folder / "shop" / "self").symlink_to("self")
    (folder / "shop" / "gone.py").symlink_to("nowhere.py")
    (folder / "loop.yaml").symlink_to("loop.yaml")


def _names(folder: Path) -> None:
    (folder / "compose.yaml").mkdir()
    (folder / "shop" / "x.py").mkdir()
    (folder / "shop" / "a\nb.py").write_bytes(b"print(1)\n")
    with open(os.fsencode(folder) + b"/shop/\xff.py", "wb") as file:  # noqa: PTH123 a name that is no text
        file.write(b"init_telemetry\n(")
    os.mkfifo(folder / "shop" / "pipe.py")
    os.mkfifo(folder / "Procfile")


_BROKEN: Final[dict[str, tuple[Callable[[Path], None], int, str]]] = {
    "links that lead in circles": (_links, 0, ""),
    "names that nobody would give": (_names, 0, ""),
    "modules that import each other": (
        lambda folder: _lay(
            folder,
            {"shop/asgi.py": b"import shop.boot\n" + _APP, "shop/boot.py": b"import shop.asgi\n" + _INIT},
        ),
        0,
        "",
    ),
    "a source of 50 MB": (_large("shop/boot.py", b"init_telemetry\n"), 0, ""),
    "a source of 50 MB on the way": (
        _both(_boot(b""), _large("shop/boot.py", _INIT)),
        1,
        "TEL001",
    ),
    "a Dockerfile of 50 MB": (_large("Dockerfile", _IMAGE), 1, "TEL002"),
    "a manifest of 50 MB": (_large("compose.yaml", b"services:\n"), 1, "TEL002"),
    "a script of 50 MB": (
        _both(
            lambda folder: _lay(folder, {"Dockerfile": b'FROM python\nCOPY . .\nCMD ["./run.sh"]\n'}),
            _large("run.sh", b"#!/bin/sh\nexec uvicorn shop.asgi:app\n"),
        ),
        1,
        "TEL002",
    ),
    "a source in UTF-16": (_boot(_INIT.decode().encode("utf-16")), 1, "TEL001"),
    "a source in an encoding that nobody knows": (_boot(b"# coding: klingon\n" + _INIT), 1, "TEL001"),
    "a source in Latin 1": (_boot("# coding: latin-1\n# \xe9\n".encode("latin-1") + _INIT), 0, ""),
    "a source in Latin 1 that does not say so": (_boot(b"# \xe9\n" + _INIT), 1, "TEL001"),
    "a source with a zero byte": (_boot(_INIT + b"\0"), 1, "TEL001"),
    "a source that is nested too deep": (_boot(_INIT + b"x = " + b"(" * 5_000), 1, "TEL001"),
    "a Dockerfile that is no text": (
        lambda folder: _lay(folder, {"Dockerfile": b"\xff\xfe\0F"}),
        1,
        "TEL002",
    ),
    "a Dockerfile without a command": (lambda folder: _lay(folder, {"Dockerfile": b"FROM x\n"}), 0, ""),
    "a manifest that is no YAML": (
        lambda folder: _lay(folder, {"compose.yaml": b"services: [\n"}),
        1,
        "TEL002",
    ),
    "a manifest that explodes": (
        lambda folder: _lay(
            folder,
            {
                "compose.yaml": b"a0: &a0 [x, x]\n"
                + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60))
                + b"x-all: *a59\nservices: {web: {build: .}}\n"
            },
        ),
        0,
        "",
    ),
    "a project file that is no TOML": (
        lambda folder: _lay(folder, {"pyproject.toml": b"[project"}),
        1,
        "TEL002",
    ),
    "settings that are no TOML": (
        lambda folder: _lay(folder, {"pyproject.toml": b"[tool.ameide_telemetry.lint]\nstrict = maybe"}),
        2,
        "pyproject.toml",
    ),
    "nothing at all": (
        _nothing,
        2,
        "no entrypoint",
    ),
}


# To look through 50 MB for what matters takes seconds.
_NAMES: Final = [
    pytest.param(name, marks=pytest.mark.full) if "50 MB" in name and "Dockerfile" not in name else name
    for name in _BROKEN
]


@pytest.mark.parametrize("name", _NAMES)
def test_an_odd_tree_is_told_of(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code, and the code or the reason that is shown."""
    change, exit_code, said = _BROKEN[name]
    _lay(tmp_path, _GOOD)
    change(tmp_path)
    code = main(["lint", "--format", "concise", "--no-cache", str(tmp_path)])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    assert (code, said in shown.out + shown.err) == (exit_code, True), shown.out + shown.err
