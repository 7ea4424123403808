"""The files that are looked at: no link is followed twice, no installed package is taken for one of ours."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.stamps import FileStamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Tree"]

_NEVER: Final = frozenset(
    {
        ".bzr",
        ".cache",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".idea",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".pytype",
        ".ruff_cache",
        ".svn",
        ".telemetry_lint_cache",
        ".terraform",
        ".tox",
        ".venv",
        ".vscode",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
        "venv",
    }
)
# A folder of this file in it is an environment, whatever it is called.
_ENVIRONMENT: Final = "pyvenv.cfg"


@dataclass(frozen=True)
class Tree:
    """The files below one folder.

    Attributes:
        root: absolute; paths are shown relative to it.
        files: absolute path -> stamp, sorted by path within each folder.
        unreadable: folders that could not be listed, and why.
    """

    root: Path
    files: dict[str, FileStamp]
    unreadable: tuple[tuple[Path, str], ...] = ()

    @classmethod
    def of(cls, root: Path, exclude: Iterable[str] = (), base: Path | None = None) -> Tree:
        """Return the tree below a folder.

        Args:
            root: the folder.
            exclude: patterns of `fnmatch` for paths, with `/`; one that fits a folder takes all in it.
            base: the folder that they are relative to, the root or one above it; the root by default.
        """
        top = root.resolve()
        above = base.resolve() if base is not None else top
        walk = _Walk(top, tuple(exclude), above if top.is_relative_to(above) else top)
        files = dict(walk.below(str(walk.root)))
        return cls(walk.root, files, tuple(walk.unreadable))

    def paths(self) -> list[Path]:
        """Return all files."""
        return list(self._paths)

    @cached_property
    def _paths(self) -> list[Path]:
        return [Path(each) for each in self.files]

    def shown(self, path: Path) -> str:
        """Return a path as it is shown to people: relative to the root, with `/`."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)


class _Walk:
    def __init__(self, root: Path, exclude: Sequence[str], base: Path) -> None:
        self.root = root
        self.unreadable: list[tuple[Path, str]] = []
        self._exclude = exclude
        self._prefix = len(str(base).rstrip("/")) + 1
        # Where links lead, as device and number; a loop ends where it was before.
        self._seen: set[tuple[int, int]] = set()

    def below(self, folder: str) -> Iterator[tuple[str, FileStamp]]:
        waiting = [folder]
        while waiting:
            entries = self._entries(waiting.pop())
            folders = []
            for entry in entries:
                kind = _kind(entry)
                if kind == "folder" and self._enters(entry):
                    folders.append(entry.path)
                elif kind == "file" and not self._is_excluded(entry.path):
                    yield from self._stamped(entry)
            waiting += reversed(folders)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self.unreadable.append((Path(folder), error.strerror or str(error)))
            return []
        if folder != str(self.root) and any(entry.name == _ENVIRONMENT for entry in entries):
            return []
        return entries

    def _enters(self, entry: os.DirEntry[str]) -> bool:
        if entry.name in _NEVER or self._is_excluded(entry.path):
            return False
        if not entry.is_symlink():
            return True
        # Below the root it is found without the link; above it, it would be found for ever.
        target = os.path.realpath(entry.path)
        inside = f"{target}/".startswith(f"{self.root}/") or f"{self.root}/".startswith(f"{target}/")
        if inside:
            return False
        found = entry.stat()
        key = (found.st_dev, found.st_ino)
        new = key not in self._seen
        self._seen.add(key)
        return new

    def _is_excluded(self, path: str) -> bool:
        if not self._exclude:
            return False
        relative = path[self._prefix :]
        return any(fnmatchcase(relative, each.rstrip("/")) for each in self._exclude)

    def _stamped(self, entry: os.DirEntry[str]) -> Iterator[tuple[str, FileStamp]]:
        try:
            found = entry.stat()
        except OSError:
            # A link to nothing is no file.
            return
        yield entry.path, FileStamp.of(found)


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else ""
    except OSError:
        # A link that leads to itself, or into a folder that is closed, is neither.
        return ""
