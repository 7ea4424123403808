"""What s6 starts in an image whose first process is its `/init`: a script in the folder of each service."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.model import Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.model import Command

__all__ = ["services"]

_FOLDERS: Final = frozenset({"services.d", "s6-rc.d"})
_MOST: Final = 100


def services(command: Command, files: Files) -> Iterator[Command]:
    """Yield what each service starts whose folder is copied into the image."""
    homes = [path for path in command.copied.values() if path != files.root]
    found = sorted(
        path
        for path in files.paths
        if path.name == "run"
        and path.parent.parent.name in _FOLDERS
        and (not homes or any(path.is_relative_to(home) for home in homes))
    )
    for path in found[:_MOST]:
        evidence = Evidence(command.evidence[-1].kind, Spot(path, 1), path.parent.name)
        yield replace(
            command,
            words=("sh", "-c", files.text(path)),
            evidence=(*command.evidence, evidence),
            service=path.parent.name,
        )
