"""Procfiles: a name, a colon and a command line for the shell."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.deployment.reading import row
from ameide_telemetry.lint.model import Command, Evidence, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["processes"]

_PROCESS: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*:\s*(.+)")
_MOST: Final = 200


def processes(path: Path, files: Files, starter: Command | None = None) -> Iterator[Command]:
    """Yield the processes of a Procfile, each as a command of the shell.

    Args:
        path: of the Procfile.
        files: has its text.
        starter: the command that reads it, if it is not the platform itself.
    """
    base = starter or Command((), (), "", path.parent)
    count = 0
    for number, line in enumerate(files.text(path).split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        count += 1
        if count > _MOST:
            files.doubt(Spot(path, number), f"It has more than {_MOST} lines; only the first are read.")
            return
        found = _PROCESS.fullmatch(line.rstrip())
        if found is None:
            hint = "write each line as `name: command`"
            files.doubt(Spot(path, number), "This is no line of a Procfile.", hint, line)
            continue
        evidence = Evidence("procfile", Spot(path, number), row(line))
        yield replace(
            base,
            words=("sh", "-c", found[2]),
            evidence=(*base.evidence, evidence),
            service=found[1],
        )
