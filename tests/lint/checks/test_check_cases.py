"""Every case of the checks of source gives exactly the findings that it names; so do the pages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.checks.registry import CHECKS, page
from ameide_telemetry.lint.model import Spot
from lint.checks.running import found, plant, problems, scene_of
from lint.kit import CASES, read_case

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Entrypoint

_CASES = sorted((CASES / "checks").rglob("*.txtar"))
_CODES = [code for code in CHECKS if code[:4] in {"TEL2", "TEL3", "TEL4"}]
_SERVICE = re.compile(r"(?m)^ENV OTEL_SERVICE_NAME=(\S+)$")
_SHOWN = {"TEL401": "pyproject.toml"}


def _entrypoint(scene: Scene, top: Path) -> Entrypoint:
    """Return the entrypoint with what its Dockerfile says of the service's name."""
    dockerfile = top / "Dockerfile"
    text = dockerfile.read_text(encoding="utf-8") if dockerfile.exists() else ""
    names = tuple((each[1], Spot(dockerfile, 1)) for each in _SERVICE.finditer(text))
    return replace(scene.entrypoints[0], names=names)


def _found(top: Path) -> list[str]:
    scene = scene_of(top)
    return found(top, problems(scene, _entrypoint(scene, top)))


@pytest.mark.parametrize("path", _CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_case_gives_what_it_names(path: Path, tmp_path: Path) -> None:
    """Bad cases give each finding at its line, good cases give none."""
    read = read_case(path)
    assert _found(plant(tmp_path, read.files)) == sorted(read.expect)


def test_every_check_has_good_and_bad_cases() -> None:
    """No check goes without either, and each bad case is about the check of its folder."""
    for code in _CODES:
        kinds = {path.stem.partition("-")[0] for path in _CASES if path.parent.name == code}
        assert kinds == {"good", "bad"}
    for path in _CASES:
        assert all(each.startswith(path.parent.name) for each in read_case(path).expect)


@pytest.mark.parametrize("code", _CODES)
def test_the_example_of_a_page_is_true(code: str, tmp_path: Path) -> None:
    """The wrong example of a page gives its code and nothing else; the right one gives nothing."""
    codes = {}
    for heading in ("Wrong", "Right"):
        block = re.search(rf"## {heading}\n\n```[a-z]+\n(.*?\n)```", page(code), re.DOTALL)
        assert block is not None
        files = {_SHOWN.get(code, "orders.py"): block[1]}
        if code == "TEL401":
            files["orders.py"] = 'from ameide_telemetry import init_telemetry\n\ninit_telemetry("orders")\n'
        if code == "TEL402":
            files["Dockerfile"] = "ENV OTEL_SERVICE_NAME=orders\n"
        top = plant(tmp_path / heading, files)
        codes[heading] = [each.partition(" ")[0] for each in _found(top)]
    assert codes == {"Wrong": [code], "Right": []}
