"""Every case under `cases/`, by the same run as the command's: what is found where, and each verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.lint.config import codes_of, read_config
from ameide_telemetry.lint.linter import Linter
from ameide_telemetry.lint.outcome import level_of
from ameide_telemetry.lint.store import Store
from ameide_telemetry.lint.tree import Tree
from lint.kit import case_paths, read_case

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.config import Config
    from ameide_telemetry.lint.outcome import Outcome

_PATHS = case_paths()


def _outcome(folder: Path, args: tuple[str, ...]) -> tuple[Outcome, Config]:
    manifests = sorted(folder.rglob("pyproject.toml"))
    config = read_config(folder, manifests)
    options = dict(each.partition("=")[::2] for each in args)
    if "--bootstrap" in options:
        config = replace(config, bootstrap=(options["--bootstrap"],))
    if "--select" in options:
        config = replace(config, selected=codes_of(options["--select"].split(","), "args"))
    if "--ignore" in options:
        config = replace(config, selected=config.selected - codes_of(options["--ignore"].split(","), "args"))
    config = replace(config, strict=config.strict or "--strict" in options)
    return Linter(Tree.of(folder, config.exclude), config, Store(None, "")).run(), config


@pytest.mark.parametrize("path", _PATHS, ids=[f"{each.parent.name}/{each.stem}" for each in _PATHS])
def test_the_lint_says_what_the_case_says(path: Path, tmp_path: Path) -> None:
    """All problems at level warning or worse, each at its line, and no other; the verdicts that are named."""
    case = read_case(path)
    folder = case.lay_out(tmp_path / "tree").resolve()
    outcome, config = _outcome(folder, case.args)
    found = [
        f"{each.code} {each.spot.path.relative_to(folder).as_posix()}:{each.spot.line}"
        for each in outcome.problems
        if level_of(each, config.levels) != "info"
    ]
    assert sorted(found) == sorted(case.expect), case.says
    verdicts = {
        (each.entrypoint.service, each.entrypoint.target.name, each.verdict.word) for each in outcome.judged
    }
    assert set(case.verdicts) <= verdicts, case.says
