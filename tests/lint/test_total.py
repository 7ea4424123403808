"""The lint answers on whatever it is given: findings, or exit 2 with the reason; no traceback, no silence."""

from __future__ import annotations

import ast
import io
import re
import site
import sysconfig
import tokenize
import warnings
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from ameide_telemetry.exceptions import TelemetryError
from ameide_telemetry.lint.config import read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.source import Unreadable, parsed
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from lint.kit import case_paths, read_case
from lint.mutating import mutated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ameide_telemetry.lint.outcome import Outcome

# What has this name in it is walked, not only looked at.
_NEEDLE: Final = b"\n# init_telemetry\n"
_HEAD: Final = "from fastapi import FastAPI\n\n"
_CALLED: Final = re.compile(rb"(?m)^(?:async )?(?:def|class) ([A-Za-z_]\w*)")
_TOGETHER: Final = 20
_PARTS: Final = 40
_DEPLOYED: Final = re.compile(r"Dockerfile|Procfile|\.(?:ya?ml|sh|conf|service|toml|txt|cfg)\b")


def _run(folder: Path) -> Outcome | None:
    """Return what the lint says of a tree; None where its settings are wrong: the command exits 2 then."""
    try:
        config = read_config(folder, sorted(folder.rglob("pyproject.toml")))
    except TelemetryError:
        return None
    return Linter(Tree.of(folder, config.exclude), config, Store(None, "")).run()


def _service(folder: Path, files: Sequence[bytes]) -> Outcome:
    """Lay out a service that imports some files and calls what is in them, and look at it."""
    folder.mkdir(parents=True)
    (folder / "Procfile").write_text("web: uvicorn main:app\n", encoding="utf-8")
    rows = []
    for number, data in enumerate(files):
        (folder / f"m{number}.py").write_bytes(data + _NEEDLE)
        rows.append(f"import m{number}")
        rows += [f"m{number}.{name.decode()}()" for name in _CALLED.findall(data)[:20]]
    (folder / "main.py").write_text(_HEAD + "\n".join([*rows, "app = FastAPI()", ""]), encoding="utf-8")
    outcome = _run(folder)
    assert outcome is not None
    return outcome


def _look(folder: Path, files: Sequence[bytes]) -> int:
    """Look at some files; each that cannot be read is told of. Return how many those are."""
    outcome = _service(folder, files)
    assert [each.entrypoint.target.name for each in outcome.judged] == ["main:app"]
    told = {each.spot.path.name for each in outcome.problems if each.code == "TEL001"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        broken = {
            f"m{number}.py"
            for number, data in enumerate(files)
            if isinstance(parsed(folder / f"m{number}.py", data + _NEEDLE), Unreadable)
        }
    assert broken <= told, broken - told
    for each in outcome.problems:
        assert each.message
        assert each.hint
        assert each.spot.line >= 0
    return len(broken)


def _in_groups(folder: Path, files: Sequence[bytes]) -> int:
    groups = [files[begin : begin + _TOGETHER] for begin in range(0, len(files), _TOGETHER)]
    return sum(_look(folder / f"g{number}", group) for number, group in enumerate(groups))


def _standard() -> list[Path]:
    top = Path(sysconfig.get_path("stdlib"))
    return sorted(path for path in top.rglob("*.py") if "site-packages" not in path.parts)


def _installed() -> list[Path]:
    return sorted({path for top in site.getsitepackages() for path in Path(top).rglob("*.py")})


def _pool() -> list[bytes]:
    """Return what is mutated: sources of the cases, and smaller modules of the standard library."""
    texts = [
        text.encode()
        for path in case_paths()
        for name, text in read_case(path).files.items()
        if name.endswith(".py") and text.strip()
    ]
    top = Path(sysconfig.get_path("stdlib"))
    return texts + [path.read_bytes() for path in sorted(top.glob("[a-h]*.py"))]


def test_modules_of_python_and_of_packages_are_read(tmp_path: Path) -> None:
    """A sample of what everybody has installed: every file is read, or told of."""
    paths = Random(6).sample([*_standard(), *_installed()], 200)
    _in_groups(tmp_path, [path.read_bytes() for path in paths if path.stat().st_size < 40_000])


@pytest.mark.soak
@pytest.mark.parametrize("part", range(_PARTS))
def test_all_of_python_and_of_packages_is_read(part: int, tmp_path: Path) -> None:
    """Every file of the standard library, and of each package of this environment."""
    paths = [*_standard(), *_installed()][part::_PARTS]
    _in_groups(tmp_path, [path.read_bytes() for path in paths])


def test_mutated_sources_are_read(tmp_path: Path) -> None:
    """300 files that nobody would write: every one is read, or told of."""
    pool, chance = _pool(), Random(1)
    broken = _in_groups(tmp_path, [mutated(pool, chance) for _ in range(300)])
    assert 30 < broken < 270


@pytest.mark.soak
@pytest.mark.parametrize("part", range(_PARTS))
def test_many_mutated_sources_are_read(part: int, tmp_path: Path) -> None:
    """20,000 files that nobody would write, 500 at a time."""
    pool, chance = _pool(), Random(1_000 + part)
    _in_groups(tmp_path, [mutated(pool, chance) for _ in range(500)])


def _deployed(folder: Path, seed: int) -> None:
    """Change the deployment files of one case, and look at it."""
    chance = Random(seed)
    path = chance.choice(case_paths())
    case = read_case(path)
    case.lay_out(folder)
    names = [name for name in case.files if _DEPLOYED.search(name)]
    pool = [case.files[name].encode() for name in names] or [b"x"]
    for name in names:
        if chance.random() < 0.7:
            (folder / name).write_bytes(mutated(pool, chance))
    outcome = _run(folder.resolve())
    for each in outcome.problems if outcome else ():
        assert each.message
        assert each.hint


def test_mutated_deployment_files_are_read(tmp_path: Path) -> None:
    """Images, manifests, scripts and settings of the cases, broken in many ways."""
    for seed in range(200):
        _deployed(tmp_path / str(seed), seed)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(_PARTS))
def test_many_mutated_deployment_files_are_read(part: int, tmp_path: Path) -> None:
    """10,000 trees, 250 at a time."""
    for seed in range(250):
        _deployed(tmp_path / str(seed), 1_000 * (part + 1) + seed)


def test_the_parser_of_this_python_agrees(tmp_path: Path) -> None:
    """What this Python parses is never told to be unreadable."""
    pool, chance = _pool(), Random(3)
    for _ in range(300):
        data = mutated(pool, chance)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # A file is read by what its first lines say, its comments too; bytes in memory are not.
                encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
                data.decode(encoding)
                ast.parse(data)
        except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
            continue
        assert not isinstance(parsed(tmp_path / "a.py", data), Unreadable)
