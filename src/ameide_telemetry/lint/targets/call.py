"""One program that is started, with all that decides what its words mean; and what it is aimed at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.roots import Roots, renamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.lint.model import Target
    from ameide_telemetry.lint.projects import Projects
    from ameide_telemetry.lint.source import Sources

__all__ = ["Aim", "Call", "Sight", "climbed"]

_DEPTH: Final = 64


@dataclass(frozen=True)
class Sight:
    """What of the tree can be seen from every command."""

    projects: Projects
    sources: Sources

    def is_file(self, path: Path) -> bool:
        """Return whether there is a file."""
        return self.projects.listing.is_file(path)

    def is_folder(self, path: Path) -> bool:
        """Return whether there is a folder."""
        return self.projects.listing.is_folder(path)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a command turned out to serve.

    Attributes:
        target: with no path where it was not found.
        roots: folders in which its imports are looked up.
        trouble: why it was not found; empty if it was. `{service}` stands for the name of the service.
        hint: the edit that cures the trouble; `{service}` stands for the same.
        looked_for: paths that were not there.
        sure: whether it is a server or worker for certain; a script is one only if it serves.
        code: of the trouble.
        known: whether the program is one that is known; of another nobody says whether it serves.
    """

    target: Target
    roots: tuple[Path, ...] = ()
    trouble: str = ""
    hint: str = ""
    looked_for: tuple[Path, ...] = ()
    sure: bool = True
    code: str = "TEL002"
    known: bool = True


@dataclass(frozen=True)
class Call:
    """A program without what is wrapped around it.

    Attributes:
        program: its name, without folders.
        args: its arguments.
        sight: the tree.
        cwd: folder here that stands for the one that it is started in.
        folder: of the service.
        environment: variables that are known.
        wrappers: programs in front of it, outermost first.
        copied: folder in the image -> folder here.
        workdir: folder in the image that it is started in; empty if nobody says.
        module: whether it is started by `python -m`, which puts the current folder first.
        path: the program as it was written.
        installed: folders of projects, besides that of the service, whose packages may be in the image.
    """

    program: str
    args: tuple[str, ...]
    sight: Sight
    cwd: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    wrappers: tuple[str, ...] = ()
    copied: Mapping[str, Path] = field(default_factory=dict)
    workdir: str = ""
    module: bool = False
    path: str = ""
    installed: tuple[Path, ...] = ()

    def into(self, text: str) -> Call:
        """Return the call as it is in another folder."""
        workdir = str(PurePosixPath(self.workdir, text)) if self.workdir else ""
        return replace(self, cwd=self.here(text, folder=True), workdir=workdir) if text else self

    def here(self, text: str, *, folder: bool = False) -> Path:
        """Return the path here that a path of the process stands for; it need not exist."""
        exists = self.sight.is_folder if folder else self.sight.is_file
        choices = self._choices(text.removeprefix("file:"))
        return next((path for path in choices if exists(path)), choices[0])

    def roots(self, *first: Path) -> Roots:
        """Return the import roots: what the program puts first, PYTHONPATH, what is installed."""
        said = [
            each for each in self.environment.get("PYTHONPATH", "").split(":") if each and "$" not in each
        ]
        folders = [*first, *([self.cwd] if self.module else [])]
        if self.cwd in folders and self.workdir:
            # What was copied into the folder by its own name; the folder itself may be nowhere here.
            at = folders.index(self.cwd) + (_mapped(self.copied, self.workdir) is not None)
            folders[at:at] = self._beside(self.workdir)
        for each in said:
            inside = str(PurePosixPath(self.workdir, each)) if self.workdir else each
            folders += [self.here(each, folder=True), *self._beside(inside)]
        folders += self.sight.projects.roots(self.folder)
        if self.cwd != self.folder:
            folders += self.sight.projects.roots(self.cwd)
        for home in self.installed:
            folders += self.sight.projects.roots(home)
        return Roots(folders, self.sight.projects.listing)

    def _choices(self, text: str) -> list[Path]:
        if not text.startswith("/"):
            inside = [_mapped(self.copied, str(PurePosixPath(self.workdir, text)))] if self.workdir else []
            return [*(path for path in inside if path), _joined(self.cwd, text)]
        mapped = _mapped(self.copied, _plain(text))
        if mapped:
            return [mapped]
        if self.workdir and PurePosixPath(text).is_relative_to(self.workdir):
            return [_joined(self.cwd, str(PurePosixPath(text).relative_to(self.workdir)))]
        # Nobody says what stands where in the image, so the longest end of the path that is here counts.
        parts = PurePosixPath(text).parts[1:][-_DEPTH:]
        return [*(self.cwd.joinpath(*parts[count:]) for count in range(len(parts))), self.cwd]

    def _beside(self, folder: str) -> list[Path]:
        """Return the roots that hold what was copied into a folder of the image, by its name there."""
        found = []
        for name, path in self.copied.items():
            below = _below(_plain(name), _plain(folder))
            if below == path.name and not self._is_part(name, path):
                found.append(path.parent)
            elif below and (dotted := self._dotted(below, path)):
                found.append(renamed(path, dotted))
        return found

    def _is_part(self, name: str, path: Path) -> bool:
        """Return whether a folder is copied over a package: alone it is none, and is looked into first."""
        above = _mapped({each: at for each, at in self.copied.items() if each != name}, name)
        package = above is not None and self.sight.is_file(above / "__init__.py")
        return package and self.sight.is_folder(path) and not self.sight.is_file(path / "__init__.py")

    def _dotted(self, below: str, path: Path) -> str:
        """Return the name by which Python imports a file or folder at a relative path; empty if it cannot."""
        exists = self.sight.is_file if below.endswith(".py") else self.sight.is_folder
        parts = below.removesuffix(".py").split("/")
        return ".".join(parts) if all(part.isidentifier() for part in parts) and exists(path) else ""


def _below(path: str, folder: str) -> str:
    """Return the rest of a path of the image below a folder; empty if it is not below."""
    start = f"{folder.rstrip('/')}/"
    return path[len(start) :] if path.startswith(start) else ""


def climbed(sight: Sight, path: Path) -> tuple[Path, str]:
    """Return the folder above the outermost package of a file or folder, and its dotted name from there."""
    parts, folder = [path.name.removesuffix(".py")], path.parent
    if parts == ["__init__"]:
        parts, folder = [folder.name], folder.parent
    while sight.is_file(folder / "__init__.py") and folder.name:
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _plain(text: str) -> str:
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def _joined(folder: Path, text: str) -> Path:
    for part in PurePosixPath(text).parts[:_DEPTH]:
        folder = folder.parent if part == ".." else folder / part
    return folder


def _mapped(copied: Mapping[str, Path], text: str) -> Path | None:
    """Return where a path of the image comes from, by the nearest folder of which that is known."""
    path = PurePosixPath(_plain(text))
    for parent in (path, *path.parents):
        for name in (str(parent), f"{parent}/"):
            if name in copied:
                return copied[name].joinpath(path.relative_to(parent))
    return None
