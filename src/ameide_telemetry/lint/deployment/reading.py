"""The files of the tree as deployment files see them: read once, bounded, and doubts are noted."""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.model import Problem, Spot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ameide_telemetry.lint.model import Command

__all__ = ["DECLARE", "MAX_BYTES", "Files", "Reading", "decoded", "row"]

MAX_BYTES: Final = 2 * 1024 * 1024
"""A deployment file longer than this is not read; the longest of eleven public services has 0.06 MB."""

DECLARE: Final = 'say what it serves in pyproject.toml: [tool.ameide_telemetry.services] NAME = "module:app"'
"""The way out for whatever cannot be read."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_ROW: Final = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """What the deployment files of a tree say.

    Attributes:
        commands: what they start; those that are deployed by more than an image come first.
        problems: what could not be understood, as `TEL002`.
        files: those that were read to know it.
        lost: folders of which something is started that could not be followed.
    """

    commands: tuple[Command, ...]
    problems: tuple[Problem, ...]
    files: frozenset[Path] = frozenset()
    lost: frozenset[Path] = frozenset()


class Files:
    """The files of a tree, and what is doubtful about them.

    Args:
        paths: all of them, absolute.
        root: the folder that they are in.
    """

    def __init__(self, paths: Iterable[Path], root: Path) -> None:
        self.root = root
        self.paths = frozenset(paths)
        self.lost: set[Path] = set()
        self._data: dict[Path, bytes] = {}
        self._doubts: dict[tuple[Path, int, str], Problem] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was doubtful, in order of files and lines."""
        return tuple(sorted(self._doubts.values(), key=lambda doubt: (doubt.spot, doubt.message)))

    def doubt(self, spot: Spot, message: str, hint: str = DECLARE, text: str = "") -> None:
        """Note that something cannot be understood."""
        problem = Problem("TEL002", message, spot, hint, text=row(text), level="warning")
        self._doubts.setdefault((spot.path, spot.line, message), problem)

    @property
    def read(self) -> frozenset[Path]:
        """The files that were read so far."""
        return frozenset(self._data)

    @cached_property
    def folders(self) -> frozenset[Path]:
        """All folders with a file in them or below, up to the root."""
        return _above(self.paths, self.root)

    @cached_property
    def python(self) -> frozenset[Path]:
        """The folders with a Python file in them or below."""
        return _above((path for path in self.paths if path.suffix == ".py"), self.root)

    @cached_property
    def near_python(self) -> frozenset[Path]:
        """The folders with a Python file in them or in a folder directly below."""
        holders = {path.parent for path in self.paths if path.suffix == ".py"}
        return frozenset(holders | {folder.parent for folder in holders if folder != self.root})

    @cached_property
    def importable(self) -> frozenset[str]:
        """The names that modules and folders with Python have."""
        modules = {path.stem for path in self.paths if path.suffix == ".py"}
        return frozenset(modules | {folder.name for folder in self.python})

    def names(self, folder: Path) -> list[str]:
        """Return the names of what is in a folder."""
        depth = len(folder.parts)
        return sorted({path.parts[depth] for path in self.paths if path.is_relative_to(folder)})

    def find(self, folder: Path, name: str) -> Path | None:
        """Return the file or folder of a relative name, if it is in the tree."""
        if "\0" in name:
            return None
        path = Path(os.path.normpath(folder / name))
        return path if path in self.paths or path in self.folders else None

    def data(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """Return the bytes of a file; none, and a doubt, where they cannot be had."""
        known = self._data.get(path)
        if known is None:
            known = self._data[path] = self._load(path, limit)
        return known

    def text(self, path: Path) -> str:
        """Return what a file says; bytes that are no text of its encoding are replaced."""
        return decoded(self.data(path))

    def _load(self, path: Path, limit: int) -> bytes:
        try:
            data = contents(path, limit + 1)
        except (OSError, ValueError) as error:
            self.doubt(Spot(path), f"It cannot be read: {getattr(error, 'strerror', None) or error}.")
            return b""
        if len(data) > limit:
            self.doubt(Spot(path), f"It has more than {limit:,} bytes and is not read.")
            return b""
        return data


def _above(paths: Iterable[Path], root: Path) -> frozenset[Path]:
    found: set[Path] = {root}
    # As text, for most files share their folders with many.
    for name in {os.path.dirname(path) for path in paths}:  # noqa: PTH120
        folder = Path(name)
        while folder not in found:
            found.add(folder)
            if folder == folder.parent:
                break
            folder = folder.parent
    return frozenset(found)


def decoded(data: bytes) -> str:
    """Return bytes as text with single line feeds; never raises."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def row(text: str) -> str:
    """Return text as one row of bounded length with single blanks."""
    squeezed = " ".join(text[: 4 * _LONGEST_ROW].split())
    return squeezed if len(squeezed) <= _LONGEST_ROW else squeezed[: _LONGEST_ROW - 1] + "…"
