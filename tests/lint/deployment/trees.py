"""Small trees of deployment files, written from one text, and what is read out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ameide_telemetry.lint.deployment.readers import commands
from lint.kit import lay_out, split_files

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Reading


def read(folder: Path, text: str) -> Reading:
    """Return what is deployed by files that are written one below the other, each under `-- name --`."""
    files = {"shop.py": "", **split_files(text)[1]}
    lay_out(folder, files)
    return commands([folder / name for name in files], folder)


def rows(reading: Reading) -> list[str]:
    """Return each command as `service: words`."""
    return [f"{command.service}: {' '.join(command.words)}" for command in reading.commands]
