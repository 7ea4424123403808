"""Folders of an image and of this tree: what stands for what."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files
    from ameide_telemetry.lint.model import Command

__all__ = ["absolute", "context_of", "here", "mapped", "moved", "overlays", "program", "within"]

_PROGRAMS: Final = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def absolute(path: str, workdir: str) -> str:
    """Return a path in an image as an absolute one without `.` and `..`."""
    whole = posixpath.normpath(posixpath.join(workdir or "/", path))
    return "/" + whole.lstrip("/")


def within(path: str, folder: str) -> str | None:
    """Return the rest of a path below a folder of an image; None if it is elsewhere."""
    if path == folder:
        return ""
    return path[len(folder.rstrip("/")) + 1 :] if path.startswith(folder.rstrip("/") + "/") else None


def mapped(path: str, copied: dict[str, Path] | None, files: Files) -> Path | None:
    """Return what an absolute path of an image is here: by the longest folder that was copied."""
    for folder in sorted(copied or (), key=len, reverse=True):
        rest = within(path, folder)
        if rest is not None and copied is not None:
            found = files.find(copied[folder], rest)
            if found is not None:
                return found
    return None


def overlays(upper: Path, under: Path, files: Files) -> bool:
    """Return whether a folder that is copied over another has parts of its packages only."""
    package = "__init__.py"
    return any(
        under / name / package in files.paths and upper / name / package not in files.paths
        for name in files.names(upper)
        if upper / name in files.folders
    )


def here(name: str, command: Command, files: Files) -> Path | None:
    """Return the file or folder that a command means by a path."""
    found = mapped(absolute(name, command.workdir), dict(command.copied), files)
    if found is not None:
        return found
    if name.startswith("/"):
        return files.find(command.context, name.lstrip("/")) if name.count("/") > 1 else None
    return files.find(command.context, name)


def program(name: str, command: Command, files: Files) -> Path | None:
    """Return the file that is run for the first word of a command."""
    if "/" in name:
        return here(name, command, files)
    folders = (*command.environment.get("PATH", "").split(":"), *_PROGRAMS)
    found = (mapped(absolute(name, folder), dict(command.copied), files) for folder in folders[:20] if folder)
    return next((path for path in found if path is not None), None)


def context_of(workdir: str, copied: dict[str, Path], files: Files, otherwise: Path) -> Path:
    """Return the folder here that stands for a folder of an image."""
    return mapped(workdir, copied, files) or otherwise


def moved(command: Command, folder: str, files: Files) -> Command:
    """Return a command after `cd folder`."""
    if command.workdir:
        workdir = absolute(folder, command.workdir)
        context = mapped(workdir, dict(command.copied), files) or files.find(
            command.context, folder.lstrip("/")
        )
        return replace(command, workdir=workdir, context=context or command.context)
    context = files.find(command.context, folder.lstrip("/"))
    return replace(command, context=context or command.context)
