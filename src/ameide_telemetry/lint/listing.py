"""What is in which folder."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ameide_telemetry.lint.stamps import changed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FolderStamp", "Listing"]

_NOTHING: Final[Mapping[str, bool]] = {}
_DIGEST_BYTES: Final = 16


class FolderStamp(NamedTuple):
    """What tells that the same names are in a folder.

    Attributes:
        changed: time at which a name came or went, in nanoseconds since 1970; 0 if there is no such folder.
        names: digest of them, for where the time is another one.
        links: those that are links, which change elsewhere, each with whether it is one to a folder.
    """

    changed: int
    names: bytes
    links: tuple[tuple[str, bool], ...]


class Listing:
    """What is in which folder; every folder is read once.

    Attributes:
        stamps: folder, as text -> its stamp, for those that were read so far.
    """

    def __init__(self) -> None:
        self.stamps: dict[str, FolderStamp] = {}
        self._known: dict[str, Mapping[str, bool]] = {}

    def names(self, folder: Path | str) -> Mapping[str, bool]:
        """Return the names in a folder, each with whether it is a folder; empty if it cannot be read."""
        key = os.fspath(folder)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(key)
        return known

    def is_file(self, path: Path) -> bool:
        """Return whether there is a file of this name."""
        return self.names(path.parent).get(path.name) is False

    def is_folder(self, path: Path) -> bool:
        """Return whether there is a folder of this name."""
        # A root has no name that could stand in a listing.
        return bool(self.names(path.parent).get(path.name)) if path.name else True

    def is_as(self, folder: str, was: FolderStamp) -> bool:
        """Return whether a folder holds what it held when it had a stamp."""
        if changed(folder) == was.changed:
            return all(Path(folder, name).is_dir() == is_folder for name, is_folder in was.links)
        # An editor that puts a new file in the place of an old one changes the time only.
        self.names(folder)
        return self.stamps[folder][1:] == was[1:]

    def _read(self, folder: str) -> Mapping[str, bool]:
        # The time first: what comes or goes meanwhile is seen the next time.
        time = changed(folder)
        found, links = {}, []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    found[entry.name] = _is_folder(entry)
                    if entry.is_symlink():
                        links.append((entry.name, found[entry.name]))
        except (OSError, ValueError):  # a ValueError is a null byte in the name
            return self._keep(folder, time, _NOTHING, ())
        return self._keep(folder, time, found, links)

    def _keep(
        self, folder: str, time: int, found: Mapping[str, bool], links: Iterable[tuple[str, bool]]
    ) -> Mapping[str, bool]:
        digest = blake2b(
            repr(sorted(filter(_matters, found.items()))).encode("utf-8", "surrogatepass"),
            digest_size=_DIGEST_BYTES,
        )
        self.stamps[folder] = FolderStamp(time, digest.digest(), tuple(sorted(links)))
        return found


def _matters(entry: tuple[str, bool]) -> bool:
    # Caches and half-written files of tools come and go, and nobody imports them.
    return not entry[0].startswith(".") and entry[0] != "__pycache__"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, which is nothing; what stands beside it counts
        return False
