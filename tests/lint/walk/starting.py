"""Entrypoints for the tests of the walk, made from the command of a Dockerfile without the discovery."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import Scene
from ameide_telemetry.lint.checks.table import ENTRYPOINT_CHECKS
from ameide_telemetry.lint.model import Entrypoint, Evidence, Judged, Spot, Target
from ameide_telemetry.lint.roots import Roots
from ameide_telemetry.lint.verdict import judge
from ameide_telemetry.lint.walk.walker import walk

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.source import Sources

__all__ = ["OURS", "entrypoint", "found", "judged"]

OURS: Final = ("ameide_telemetry.init_telemetry", "ameide_telemetry.bootstrap.init_telemetry")
_WRAPPERS: Final = frozenset({"opentelemetry-instrument"})


def entrypoint(folder: Path, words: list[str], line: int = 1) -> Entrypoint:
    """Return what a command serves, as the tests of the walk need it."""
    wrappers = tuple(word for word in words if word in _WRAPPERS)
    words = [word for word in words if word not in _WRAPPERS]
    spot = Spot(folder / "Dockerfile", line, 1)
    target = replace(_target(folder, words), wrappers=wrappers, server=words[0])
    return Entrypoint("shop", folder, target, (folder,), (Evidence("dockerfile", spot, " ".join(words)),))


def _target(folder: Path, words: list[str]) -> Target:
    roots = Roots([folder])
    last = words[-1]
    if words[0] == "celery":
        return Target("celery", words[2], roots.find(words[2]).path, "app")
    if words[:2] == ["python", "-m"]:
        return Target("module", last, roots.find(f"{last}.__main__").path)
    if words[0] == "python":
        return Target("file", "", folder / last)
    module, _, attribute = last.partition(":")
    config = next((word for word in words if word.endswith(".conf.py")), "")
    text = (folder / config).read_text(encoding="utf-8") if config else ""
    return Target(
        "wsgi" if words[0] == "gunicorn" else "asgi",
        module,
        roots.find(module).path,
        attribute,
        factory="--factory" in words,
        preload="--preload" in words or "preload_app = True" in text,
        imports=(config,) if config else (),
    )


def from_dockerfile(folder: Path) -> Entrypoint:
    """Return what the last line of the Dockerfile starts."""
    lines = (folder / "Dockerfile").read_text(encoding="utf-8").strip().split("\n")
    return entrypoint(folder, json.loads(lines[-1].removeprefix("CMD ")), len(lines))


def judged(start: Entrypoint, sources: Sources, bootstrap: tuple[str, ...] = OURS) -> Judged:
    """Walk and judge."""
    trail = walk(start, sources, bootstrap, Roots(start.roots).find)
    return Judged(start, trail, judge(start, trail, sources))


def found(each: Judged, sources: Sources, served: dict[Path, tuple[str, ...]] | None = None) -> list[Problem]:
    """Return what the checks of the start say, at level warning or worse."""
    scene = Scene(OURS, sources, (each.entrypoint,), served or {})
    checks = [check for check in ENTRYPOINT_CHECKS if check.code.startswith("TEL10")]
    problems = [problem for check in checks for problem in check.look(each, scene)]
    return sorted(
        (each for each in problems if each.level != "info"), key=lambda each: (each.spot, each.code)
    )
