"""TEL106: the bootstrap is called at the import of a module that several services share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.kinds import EntrypointCheck
from ameide_telemetry.lint.checks.starts import at_event
from ameide_telemetry.lint.verdict import of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.checks.kinds import Scene
    from ameide_telemetry.lint.model import Event, Judged, Problem

__all__ = ["CHECK"]


def _look(judged: Judged, scene: Scene) -> Iterator[Problem]:
    for event in of_kind(judged.trail, "init"):
        home = event.chain[-1].spot.path if event.symbol != "<module>" and event.chain else event.spot.path
        folders = _folders(home, scene)
        if _at_import(event) and len(folders) > 1:
            message = (
                f"the bootstrap is called when {home.name} is imported, which {len(folders)} services do"
            )
            hint = "make it a function, and call that first in the module of each service that is started"
            yield at_event("TEL106", judged, event, (message, hint), scene)


def _at_import(event: Event) -> bool:
    return event.symbol == "<module>" and any(step.text.startswith("imports ") for step in event.chain[-1:])


def _folders(path: Path, scene: Scene) -> set[Path]:
    """Return the folders of the services that import a file; roles of one service share a folder."""
    return {folder for name in scene.served.get(path, ()) for folder in _of_name(name, path, scene)}


def _of_name(name: str, path: Path, scene: Scene) -> set[Path]:
    """Return the folders of the services of a name; of several, the one that the file is in."""
    folders = {each.folder for each in scene.entrypoints if each.service == name}
    return {folder for folder in folders if path.is_relative_to(folder)} or folders


CHECK: Final = EntrypointCheck("TEL106", _look)
