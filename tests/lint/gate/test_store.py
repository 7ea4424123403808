"""What is kept between runs changes no answer, whatever becomes of the tree or of the store."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from lint.gate.shop import BAD, GOOD, PROJECT, lay, lint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_STORE: Final = ".telemetry_lint_cache/store.bin"
_DYNAMIC: Final = "import importlib\n\nboot = importlib.import_module('shop.boot')\n"
_BOOT: Final = 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("shop")\n'
# Contents that files of the tree take on in turn; None is no file.
_CONTENTS: Final[dict[str, tuple[str | None, ...]]] = {
    "Dockerfile": (
        BAD["Dockerfile"],
        BAD["Dockerfile"].replace("shop.asgi", "shop.other"),
        BAD["Dockerfile"].replace("shop.asgi", "$APP"),
        None,
    ),
    ".env": ("APP=shop.asgi\n", "APP=shop.other\n", None),
    "compose.yaml": (
        "services:\n  web:\n    build: .\n    command: uvicorn shop.other:app\n",
        "services:\n  web:\n    build: .\n    command: sh start.sh\n    env_file: .env\n",
        None,
    ),
    "start.sh": ("exec uvicorn shop.asgi:app\n", "exec uvicorn $APP:app\n", None),
    "pyproject.toml": (
        PROJECT,
        PROJECT.replace('"ameide-telemetry", ', ""),
        PROJECT + "[tool.ameide_telemetry.lint]\nstrict = true\nselect = ['TEL1', 'TEL3']\n",
        PROJECT + "[tool.ameide_telemetry.lint]\nbootstrap = ['shop.boot.setup']\n",
        None,
    ),
    "shop/__init__.py": ("", _BOOT, "print(1)\n", None),
    "shop/asgi.py": (
        BAD["shop/asgi.py"],
        GOOD["shop/asgi.py"],
        _DYNAMIC + BAD["shop/asgi.py"],
        "def (",
        None,
    ),
    "shop/other.py": (BAD["shop/asgi.py"], "from shop.asgi import app\n", None),
    "shop/boot.py": (_BOOT, "def setup(): ...\n\nsetup()\n", None),
    "shop/work.py": (
        BAD["shop/work.py"],
        "import shop.boot\n",
        "x = 1  # telemetry: ignore[TEL301] so\n",
        None,
    ),
    "shop/work/__init__.py": (_BOOT, None),
    "fastapi.py": ("class FastAPI: ...\n", None),
    "shop/lib.py": ("from opentelemetry.sdk.trace import TracerProvider\nTracerProvider()\n", "", None),
}


def _step(folder: Path, random: Random) -> str:
    name = random.choice(list(_CONTENTS))
    path = folder / name
    body = random.choice(_CONTENTS[name])
    if body is None:
        path.unlink(missing_ok=True)
    else:
        lay(folder, {name: body})
    return f"{name}: {body!r}"


_Said = tuple[int, list[str], str]


@pytest.fixture
def both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[_Said, _Said]]:
    """Look at the tree with and without what is kept."""
    return lambda: (lint(capsys, tmp_path), lint(capsys, tmp_path, "--no-cache"))


def test_warm_says_what_cold_says(
    tmp_path: Path, both: Callable[[], tuple[_Said, _Said]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each of 200 edits, made at random, a run with what is kept says the same as one without."""
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, BAD)
    random = Random(11)
    steps: list[str] = []
    seen: set[str] = set()
    for _ in range(200):
        steps.append(_step(tmp_path, random))
        warm, cold = both()
        assert warm == cold, steps[-4:]
        seen.update(row.split()[1] for row in cold[1])
    assert {"TEL001", "TEL002", "TEL003", "TEL101", "TEL301"} <= seen


def test_what_was_missed_and_is_there_now(tmp_path: Path, both: Callable[[], tuple[_Said, _Said]]) -> None:
    """A module that is loaded by a name in a string, and was not there, is looked for again."""
    lay(tmp_path, {**GOOD, "shop/asgi.py": _DYNAMIC + BAD["shop/asgi.py"]})
    before, _ = both()
    lay(tmp_path, {"shop/boot.py": _BOOT})
    warm, cold = both()
    assert warm == cold != before


def test_a_store_that_is_none_of_ours(tmp_path: Path, both: Callable[[], tuple[_Said, _Said]]) -> None:
    """A broken, cut, foreign or old store, or a place where none can be, costs time and nothing else."""
    lay(tmp_path, BAD)
    warm, cold = both()
    store = tmp_path / _STORE
    data = store.read_bytes()
    assert (tmp_path / ".telemetry_lint_cache/.gitignore").read_text() == "*\n"
    for broken in (b"", b"\x00" * 99, data[:-9], data[:16] + b"\xff" * 400, data[:40] + b"\x00" + data[41:]):
        store.write_bytes(broken)
        assert both() == (cold, cold)
        assert store.read_bytes() != broken
    shutil.rmtree(store.parent)
    store.parent.write_text("a file stands where the folder would be")
    assert both() == (cold, cold)
    assert warm == cold


def test_what_one_process_keeps_another_uses(tmp_path: Path) -> None:
    """Processes hash text differently, and still know each other's store; two at once do not break it."""
    lay(tmp_path, BAD)
    command = [sys.executable, "-m", "ameide_telemetry", "lint", "--format", "concise"]
    stamps = []
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        pair = [
            subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE) for _ in range(2)
        ]
        said = {each.communicate(timeout=60)[0] for each in pair}
        assert len(said) == 1
        stamps.append((tmp_path / _STORE).stat().st_mtime_ns)
    assert stamps[0] == stamps[1]
    assert [each.name for each in (tmp_path / _STORE).parent.glob("store*")] == ["store.bin"]


def test_a_link_in_its_place_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may come with somebody's branch, and lead anywhere."""
    tree, other = lay(tmp_path / "tree", BAD), lay(tmp_path / "other", {"store.bin": "mine"})
    (tree / ".telemetry_lint_cache").symlink_to(other)
    monkeypatch.chdir(tree)
    assert lint(capsys)[0] == 1
    assert [(path.name, path.read_text()) for path in other.iterdir()] == [("store.bin", "mine")]
