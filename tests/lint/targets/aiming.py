"""A tree of files in a folder, and what a command in it is aimed at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.model import Command, Evidence, Spot
from ameide_telemetry.lint.projects import MANIFESTS, Projects
from ameide_telemetry.lint.source import Sources
from ameide_telemetry.lint.targets.call import Sight
from ameide_telemetry.lint.targets.table import aims

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ameide_telemetry.lint.model import EvidenceKind
    from ameide_telemetry.lint.targets.call import Aim

__all__ = ["aims_of", "command", "plant", "shown", "sight_of"]


def plant(top: Path, files: Mapping[str, str]) -> list[Path]:
    """Write files; a name alone is an empty file."""
    paths = []
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def sight_of(top: Path, paths: list[Path]) -> Sight:
    """Return what can be seen of a tree."""
    return Sight(Projects(top, [path for path in paths if path.name in MANIFESTS]), Sources())


def command(
    top: Path,
    words: tuple[str, ...],
    environment: Mapping[str, str] | None = None,
    *,
    kind: EvidenceKind = "dockerfile",
    context: str = "",
    service: str = "",
    workdir: str = "",
    copied: Mapping[str, str] | None = None,
    name: str = "Dockerfile",
    text: str = "",
    line: int = 1,
) -> Command:
    """Return a command as a deployment file of the tree says it."""
    evidence = (Evidence(kind, Spot(top / name, line), text or " ".join(words)),)
    here = {image: top / path for image, path in (copied or {}).items()}
    return Command(words, evidence, service, top / context, environment or {}, here, workdir)


def aims_of(top: Path, paths: list[Path], given: Command) -> list[Aim]:
    """Return what a command is aimed at, as one of the service of its folder."""
    sight = sight_of(top, paths)
    return aims(given, sight, sight.projects.around(given.context) or given.context)


def shown(aim: Aim, top: Path) -> str:
    """Return an aim in one row: kind, name, file, and what else is known of it."""
    target = aim.target
    where = target.path.relative_to(top).as_posix() if target.path else "-"
    words = [
        *([f"wrapped={'+'.join(target.wrappers)}"] if target.wrappers else []),
        *(["preload"] if target.preload else []),
        *(["forks"] if target.forks else []),
        *([f"imports={'+'.join(target.imports).replace(f'{top}/', '')}"] if target.imports else []),
        *([f"log={target.log_config}"] if target.log_config else []),
    ]
    return " ".join([target.kind, target.name, where, *words])
