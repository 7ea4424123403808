"""What one run knows, for the next: what is deployed, cards of files, what is wrong in them, trails.

A file is the same if its size and the time of its last change are; where they differ, if its bytes are. All
of it is of this engine, of this Python and of these settings, or it is not used at all.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.lint.cards import Card
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.listing import FolderStamp
from ameide_telemetry.lint.packing import packed, unpacked
from ameide_telemetry.lint.stamps import FileStamp, settled, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ameide_telemetry.lint.listing import Listing
    from ameide_telemetry.lint.model import Entrypoint, Problem, Trail, Verdict

__all__ = ["Course", "Deployed", "Store"]

FOLDER: Final = ".telemetry_lint_cache"
_FILE: Final = "store.bin"
_TAG: Final = (
    "CACHEDIR.TAG",
    "Signature: 8a477f597d28d172789f06886806bc55\n# What `ameide-telemetry lint` keeps between runs.\n",
)
_DIGEST_BYTES: Final = 16
# What decides answers besides the engine itself: which checks there are, and what lines and fields may be.
_ROOMS: Final = ("lint", "checks", "contract", "redaction", "nearness.py", "findings.py")


class Deployed(NamedTuple):
    """What is deployed, and what could not be understood."""

    entrypoints: tuple[Entrypoint, ...]
    problems: tuple[Problem, ...]


class Course(NamedTuple):
    """The course that the start of an entrypoint takes, as it is kept.

    Attributes:
        served: every file that it imports, at its start or later, as text.
        relevant: those of them in which a walk may find something.
        key: of its trail.
        told: whether import statements tell of all that was imported or missed.
    """

    served: tuple[str, ...]
    relevant: tuple[str, ...]
    key: bytes
    told: bool


class Store:
    """The store of one tree.

    Args:
        folder: where it is kept; None to keep nothing.
        key: what the results depend on besides the files: settings, in any form of text.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        self._begun = time.time_ns()
        self._path = folder / _FILE if folder else None
        self._key = _digest(f"{_engine()}\0{key}")
        self._old: dict[str, Any] = self._read()
        self._new: dict[str, Any] = {"files": {}, "trails": {}}
        self._files: dict[str, Any] = self._new["files"]
        self._trails: dict[bytes, Any] = self._new["trails"]
        self._before: Mapping[str, Any] = self._old.get("files", {})
        self._same = False
        self._changed = False

    def begin(self, names: Iterable[str], listing: Listing) -> bool:
        """Begin a run.

        Args:
            names: paths of all files of the tree.
            listing: what is in the folders.

        Returns:
            Whether no name came or went since the run before, in the tree and in all folders it looked into.
        """
        self._new["names"] = _digest("\0".join(names))
        known = self._old.get("folders", {})
        same = self._new["names"] == self._old.get("names")
        self._same = same and all(listing.is_as(each, FolderStamp._make(was)) for each, was in known.items())
        return self._same

    # ------------------------------------------------------------------ files

    def card(self, path: str, stamp: FileStamp) -> Card | None:
        """Return the card of a file that is as it was."""
        known = self._before.get(path)
        if known is None or known[0] != stamp:
            return None
        self._files[path] = known
        return Card._make(known[1])

    def card_before(self, path: str) -> Card | None:
        """Return the card that a file had in the run before."""
        known = self._before.get(path)
        return Card._make(known[1]) if known is not None else None

    def beside(self, files: Mapping[str, FileStamp]) -> list[str]:
        """Return the files that the run before knew, and that are not among some."""
        return [path for path in self._before if path not in files]

    def keep_card(self, path: str, stamp: FileStamp, card: Card) -> None:
        """Keep a card, and what was known of the same bytes."""
        known = self._before.get(path)
        problems = known[2] if known is not None and known[1][0] == card.digest else None
        self._files[path] = ((stamp.size, self._settled(stamp.changed)), tuple(card), problems)
        self._changed = True

    def problems(self, path: str, place: tuple[object, ...]) -> Sequence[Problem] | None:
        """Return what the checks of files found in a file that is as it was; None if they did not look.

        Args:
            path: of the file, whose card is in force.
            place: what they asked of the tree around it.
        """
        if not self.has_problems(path, place):
            return None
        found: Sequence[Problem] = unpacked(self._files[path][2][1])
        return found

    def has_problems(self, path: str, place: tuple[object, ...]) -> bool:
        """Return whether `problems` knows what they found."""
        known = self._files.get(path)
        return known is not None and known[2] is not None and known[2][0] == place

    def keep_problems(self, path: str, place: tuple[object, ...], problems: Iterable[Problem]) -> None:
        """Keep what they found."""
        known = self._files.get(path)
        if known is not None:
            self._files[path] = (*known[:2], (tuple(place), packed(tuple(problems))))
            self._changed = True

    # ------------------------------------------------------------------ entrypoints

    def deployed(self, key: str) -> Deployed | None:
        """Return what was deployed, if no file that says so changed.

        Args:
            key: what it depends on besides files, in any form of text.
        """
        known = self._old.get("deployed") if self._same else None
        if known is None or known[0] != key or not _are_same(known[1]):
            return None
        self._new["deployed"] = known
        return Deployed(*unpacked(known[2]))

    def keep_deployed(self, key: str, deployed: Deployed, files: Mapping[str, FileStamp]) -> None:
        """Keep what is deployed.

        Args:
            key: what it depends on besides files.
            deployed: what was found.
            files: those that were read for it.
        """
        stamps = {path: (stamp.size, self._settled(stamp.changed)) for path, stamp in files.items()}
        self._new["deployed"] = (key, stamps, packed(tuple(deployed)))
        self._changed = True

    def courses(self) -> list[Course]:
        """Return the courses of the entrypoints that were deployed, in their order."""
        return [Course._make(each) for each in self._old.get("courses", ())]

    def keep_courses(self, courses: Iterable[Course]) -> None:
        """Keep the courses of the entrypoints that are deployed."""
        self._new["courses"] = [tuple(each) for each in courses]

    def trail(self, key: bytes) -> tuple[Trail, Verdict] | None:
        """Return the trail and the verdict that were found for a key."""
        known = self._old.get("trails", {}).get(key)
        if known is None:
            return None
        self._trails[key] = known
        trail, verdict = unpacked(known)
        return trail, verdict

    def keep_trail(self, key: bytes, trail: Trail, verdict: Verdict) -> None:
        """Keep a trail and its verdict."""
        self._trails[key] = packed((trail, verdict))
        self._changed = True

    # ------------------------------------------------------------------ the file

    def write(self, folders: Mapping[str, FolderStamp]) -> None:
        """Write what is to be kept; a folder that cannot be written to costs the next run time, no more.

        Args:
            folders: that were looked into.
        """
        same = self._same and not self._changed and len(self._files) == len(self._before)
        if self._path is None or same:
            return
        stamps = {each: (self._settled(stamp.changed), *stamp[1:]) for each, stamp in folders.items()}
        self._new["folders"] = {**(self._old.get("folders", {}) if self._same else {}), **stamps}
        body = marshal.dumps(self._new)
        data = self._key + blake2b(body, digest_size=_DIGEST_BYTES).digest() + body
        beside = self._path.with_name(f"{_FILE}.{os.getpid()}")
        try:
            self._prepare(self._path.parent)
            beside.write_bytes(data)
            beside.replace(self._path)
        except OSError:
            return

    def _settled(self, changed: int) -> int:
        return settled(changed, self._begun, time.time_ns())

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name, text in (_TAG, (".gitignore", "*\n")):
            if not (folder / name).exists():
                (folder / name).write_text(text, encoding="utf-8")

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            data = contents(self._path)
        except OSError:
            return {}
        key, digest = data[:_DIGEST_BYTES], data[_DIGEST_BYTES : 2 * _DIGEST_BYTES]
        body = memoryview(data)[2 * _DIGEST_BYTES :]
        # `marshal` takes broken bytes badly.
        if key != self._key or digest != blake2b(body, digest_size=_DIGEST_BYTES).digest():
            return {}
        found: dict[str, Any] = marshal.loads(body)  # noqa: S302 written by us: the digest says so
        return found


def _are_same(files: Mapping[str, tuple[int, int]]) -> bool:
    return all(stamp_of(path) == was for path, was in files.items())


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def _engine() -> str:
    """Return what the code of the engine is told by, and this Python."""
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for path in sorted(_modules(Path(__file__).parents[1])):
        digest.update(f"{path} {stamp_of(path)}\n".encode())
    return f"{sys.version} {digest.hexdigest()}"


def _modules(package: Path) -> Iterator[str]:
    if not package.is_dir():
        # In an archive we are as old as that is.
        yield from (str(each) for each in package.parents if each.is_file())
    for room in _ROOMS:
        if room.endswith(".py"):
            yield str(package / room)
        for folder, _, names in os.walk(package / room):
            yield from (f"{folder}/{name}" for name in names if name.endswith(".py"))
