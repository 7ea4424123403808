"""Where a module name leads: the folders that a process imports from, looked up as Python does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Found", "Listing", "Roots"]

_NOTHING: Final[Mapping[str, bool]] = {}


class Listing:
    """What is in which folder; every folder is read once."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, bool]] = {}

    def names(self, folder: Path | str) -> Mapping[str, bool]:
        """Return the names in a folder, each with whether it is a folder; empty if it cannot be read."""
        key = os.fspath(folder)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _read(key)
        return known

    def is_file(self, path: Path) -> bool:
        """Return whether there is a file of this name."""
        return self.names(path.parent).get(path.name) is False

    def is_folder(self, path: Path) -> bool:
        """Return whether there is a folder of this name."""
        # A root has no name that could stand in a listing.
        return bool(self.names(path.parent).get(path.name)) if path.name else True


def _read(folder: str) -> Mapping[str, bool]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: _is_folder(entry) for entry in entries}
    except (OSError, ValueError):  # a ValueError is a null byte in the name
        return _NOTHING


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, which is nothing; what stands beside it counts
        return False


@dataclass(frozen=True, slots=True)
class Found:
    """What a dotted name leads to.

    Attributes:
        name: the dotted name.
        kind: of what it is; `missing` if there is nothing.
        paths: files whose bodies run when it is imported, outermost package first.
        folders: where the submodules of a package or namespace are looked up; empty for a module.
        tries: paths that were not there, though one of them would have come first, as text.
    """

    name: str
    kind: Literal["module", "package", "namespace", "missing"]
    paths: tuple[Path, ...] = ()
    folders: tuple[str, ...] = ()
    tries: tuple[str, ...] = ()

    @property
    def path(self) -> Path | None:
        """The file of the module itself; None for a namespace and for nothing."""
        return self.paths[-1] if self.kind in {"module", "package"} else None

    @property
    def looked_for(self) -> tuple[Path, ...]:
        """Paths that were not there."""
        return tuple(Path(text) for text in self.tries)

    def __bool__(self) -> bool:
        return self.kind != "missing"


class Roots:
    """The folders in which a process looks up its imports, in order.

    Args:
        folders: absolute; what is named twice counts where it stands first.
        listing: to be shared by all that look into the same tree.
    """

    def __init__(self, folders: Iterable[Path], listing: Listing | None = None) -> None:
        self.folders = tuple(dict.fromkeys(folders))
        self.listing = listing or Listing()
        self._texts = tuple(os.fspath(folder) for folder in self.folders)
        self._known: dict[str, Found] = {}

    def find(self, name: str) -> Found:
        """Return what importing a dotted, absolute name would run."""
        known = self._known.get(name)
        if known is not None:
            return known
        found: Found | None = None
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            prefix = ".".join(parts[:count])
            known = self._known.get(prefix)
            found = self._child(found, prefix, parts[count - 1]) if known is None else known
            self._known[prefix] = found
            if not found:
                break
        if found is not None and not found and found.name != name:
            found = self._known[name] = Found(name, "missing", found.paths, (), found.tries)
        return Found(name, "missing") if found is None else found

    def name_of(self, path: Path) -> str:
        """Return the dotted name by which a file is imported; empty if no root leads to it."""
        for folder in self.folders:
            if path.suffix == ".py" and path.is_relative_to(folder):
                parts = [
                    *path.relative_to(folder).parent.parts,
                    *([path.stem] if path.stem != "__init__" else []),
                ]
                name = ".".join(parts)
                if parts and all(part.isidentifier() for part in parts) and self.find(name).path == path:
                    return name
        return ""

    def modules(self, package: str = "") -> Iterator[str]:
        """Yield the names of what can be imported from the roots, or from a package, without its prefix."""
        for folder in self.find(package).folders if package else self._texts:
            for name, is_folder in self.listing.names(folder).items():
                stem, _, ending = name.partition(".")
                if (
                    stem.isidentifier()
                    and stem != "__init__"
                    and ((is_folder and not ending) or ending == "py")
                ):
                    yield stem

    def _child(self, parent: Found | None, name: str, last: str) -> Found:
        before = parent.paths if parent else ()
        tries: list[str] = list(parent.tries) if parent else []
        portions: list[str] = []
        for folder in (parent.folders if parent else self._texts) if last else ():
            names = self.listing.names(folder)
            inner = f"{folder}{os.sep}{last}"
            if names.get(last) and self.listing.names(inner).get("__init__.py") is False:
                path = Path(inner, "__init__.py")
                return Found(name, "package", (*before, path), (inner,), tuple(tries))
            if names.get(f"{last}.py") is False:
                return Found(name, "module", (*before, Path(f"{inner}.py")), (), tuple(tries))
            if names.get(last):
                portions.append(inner)
            tries += (f"{inner}{os.sep}__init__.py", f"{inner}.py")
        if portions:
            return Found(name, "namespace", before, tuple(portions), tuple(tries))
        return Found(name, "missing", before, (), tuple(tries))
