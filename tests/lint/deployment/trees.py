"""Small trees of deployment files, written from one text, and what is read out of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ameide_telemetry.lint.deployment.readers import commands

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Reading

_HEAD = re.compile(r"^-- (\S+) --\n", re.MULTILINE)


def read(folder: Path, text: str) -> Reading:
    """Return what is deployed by files that are written one below the other, each under `-- name --`."""
    parts = _HEAD.split(text)
    paths = [folder / "shop.py"]
    paths[0].write_text("")
    for name, content in zip(parts[1::2], parts[2::2], strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        paths.append(path)
    return commands(paths, folder)


def rows(reading: Reading) -> list[str]:
    """Return each command as `service: words`."""
    return [f"{command.service}: {' '.join(command.words)}" for command in reading.commands]
