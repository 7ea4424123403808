"""Where a module name leads: the folders that a process imports from, looked up as Python does."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from ameide_telemetry.lint.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Found", "Roots", "renamed"]


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


_RENAMED: Final = re.compile(r"(.+)[\\/]<([\w.]+)>", re.DOTALL)


def renamed(path: Path, name: str) -> Path:
    """Return the root in which nothing but a file or folder is found, under another name than it has here.

    Args:
        path: of the file or folder.
        name: dotted, by which it is imported where it was copied to.
    """
    return path / f"<{name}>"


class Roots:
    """The folders in which a process looks up its imports, in order.

    Args:
        folders: absolute; what is named twice counts where it stands first. Some may be made by `renamed`.
        listing: to be shared by all that look into the same tree.
    """

    def __init__(self, folders: Iterable[Path], listing: Listing | None = None) -> None:
        self.folders = tuple(dict.fromkeys(folders))
        self.listing = listing or Listing()
        self._texts = tuple(os.fspath(folder) for folder in self.folders)
        found = (_RENAMED.fullmatch(text) for text in reversed(self._texts) if text.endswith(">"))
        self._renamed = {match[2]: match[1] for match in found if match}
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
        over = self._renamed.get(name, "")
        if over.endswith(".py"):
            return Found(name, "module", (*before, Path(over)), (), tuple(tries))
        if over and self.listing.names(over).get("__init__.py") is False:
            return Found(name, "package", (*before, Path(over, "__init__.py")), (over,), tuple(tries))
        portions += [over] if over else []
        for folder in (parent.folders if parent else self._texts) if last else ():
            names = self.listing.names(folder)
            inner = f"{folder}{os.sep}{last}"
            if names.get(last) and self.listing.names(inner).get("__init__.py") is False:
                path = Path(inner, "__init__.py")
                # What was copied over a package stands in one folder with it.
                places = (over, inner) if over else (inner,)
                return Found(name, "package", (*before, path), places, tuple(tries))
            if names.get(f"{last}.py") is False:
                return Found(name, "module", (*before, Path(f"{inner}.py")), (), tuple(tries))
            if names.get(last):
                portions.append(inner)
            tries += (f"{inner}{os.sep}__init__.py", f"{inner}.py")
        if portions or any(each.startswith(f"{name}.") for each in self._renamed):
            return Found(name, "namespace", before, tuple(portions), tuple(tries))
        return Found(name, "missing", before, (), tuple(tries))
