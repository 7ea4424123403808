"""The checks of files and entrypoints run over a small tree, in process and without the walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.cards import Glance, card_of
from ameide_telemetry.lint.checks.bootstrap_calls import OURS
from ameide_telemetry.lint.checks.kinds import Scene
from ameide_telemetry.lint.checks.table import ENTRYPOINT_CHECKS, FILE_CHECKS
from ameide_telemetry.lint.model import Entrypoint, Event, Evidence, Judged, Spot, Target, Trail, Verdict
from ameide_telemetry.lint.names import names_of
from ameide_telemetry.lint.source import Parsed, Sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ameide_telemetry.lint.model import Problem

__all__ = ["found", "plant", "problems", "scene_of"]


def plant(top: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder and return it."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return top


def scene_of(top: Path, *, bootstrap: tuple[str, ...] = ()) -> Scene:
    """Return the scene of a tree that is one service, of which every file but scripts is imported.

    Args:
        top: its folder.
        bootstrap: dotted names beside the library's own.
    """
    sources = [path for path in sorted(top.rglob("*.py")) if not {"scripts", "db"} & set(path.parts)]
    evidence = Evidence("declared", Spot(top / "pyproject.toml", 1), "shop")
    target = Target("asgi", "shop.asgi", None, "app")
    entrypoint = Entrypoint("shop", top, target, (top,), (evidence,))
    names = (*sorted(OURS), *bootstrap)
    served = dict.fromkeys(sources, ("shop",))
    return Scene(names, Sources(), (entrypoint,), served, {top: "shop"}, "0.1")


def problems(scene: Scene, entrypoint: Entrypoint | None = None) -> Iterator[Problem]:
    """Yield what the checks of this room find in a tree."""
    first = entrypoint or scene.entrypoints[0]
    for path in sorted(first.folder.rglob("*.py")):
        file = scene.sources.get(path)
        assert isinstance(file, Parsed), file
        data = path.read_bytes()
        for check in FILE_CHECKS:
            served = path in scene.served
            glance = Glance((), check.needles, check.packages)
            if served or (not check.served_only and card_of(data, glance).needles):
                yield from check.look(file, scene)
    judged = Judged(first, _trail(scene), Verdict("ok", Spot(first.folder), "it is"))
    for each in ENTRYPOINT_CHECKS:
        if not each.code.startswith("TEL1"):
            yield from each.look(judged, scene)


def _trail(scene: Scene) -> Trail:
    events: list[Event] = []
    for path in scene.served:
        file = scene.sources.get(path)
        uses = names_of(file).called(OURS) if isinstance(file, Parsed) else ()
        events += [Event("init", 1, Spot(path, use.node.lineno, 1), "init") for use in uses]
    return Trail(tuple(events), imported=tuple(scene.served))


def found(top: Path, some: Iterable[Problem]) -> list[str]:
    """Return problems as cases write them: `CODE path:line`, sorted."""
    return sorted(f"{each.code} {each.spot.path.relative_to(top)}:{each.spot.line}" for each in some)
