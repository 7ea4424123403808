"""What one run knows, for the next: cards of files, problems in them, trails of entrypoints.

A file is the same if its size and the time of its last change are; where they differ, if its bytes are. All
of it is of this engine, of this Python and of these settings, or it is not used at all.
"""

from __future__ import annotations

import marshal
import os
import sys
from dataclasses import fields
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.lint import model
from ameide_telemetry.lint.cards import Card, Import

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable

    from ameide_telemetry.lint.tree import FileStamp

__all__ = ["Store", "packed", "unpacked"]

FOLDER: Final = ".telemetry_lint_cache"
_FILE: Final = "store.bin"
_TAG: Final = (
    "CACHEDIR.TAG",
    "Signature: 8a477f597d28d172789f06886806bc55\n# What `ameide-telemetry lint` keeps between runs.\n",
)
_DIGEST_BYTES: Final = 16
_CLASSES: Final = {
    name: getattr(model, name)
    for name in ("Edit", "Event", "Fix", "Problem", "Spot", "Step", "Trail", "Verdict")
}


def packed(value: Any) -> Any:
    """Return a value of the lint's model as what `marshal` can hold."""
    if isinstance(value, Path):
        return ("Path", str(value))
    if isinstance(value, tuple):
        return ("", *(packed(each) for each in value))
    name = type(value).__name__
    if name in _CLASSES:
        return (name, *(packed(getattr(value, each.name)) for each in fields(value)))
    return value


def unpacked(value: Any) -> Any:
    """Return what `packed` was given."""
    if not isinstance(value, tuple):
        return value
    name, *rest = value
    if name == "Path":
        return Path(rest[0])
    if not name:
        return tuple(unpacked(each) for each in rest)
    return _CLASSES[name](*(unpacked(each) for each in rest))


class Store:
    """The store of one tree.

    Args:
        folder: where it is kept; None to keep nothing.
        key: what the results depend on besides the files: settings, in any form of text.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        self._path = folder / _FILE if folder else None
        self._key = blake2b(f"{_engine()}\0{key}".encode(), digest_size=_DIGEST_BYTES).digest()
        self._old: dict[str, Any] = self._read()
        self._files: dict[str, Any] = {}
        self._trails: dict[bytes, Any] = {}
        self._changed = False

    def card(self, path: str, stamp: FileStamp) -> Card | None:
        """Return the card of a file that is as it was."""
        known = self._old.get("files", {}).get(path)
        if known is None or known[:2] != (stamp.size, stamp.changed):
            return None
        self._files[path] = known
        digest, way, needles, imports = known[2:6]
        return Card(digest, way, needles, tuple(Import(*each) for each in imports))

    def keep_card(self, path: str, stamp: FileStamp, card: Card) -> None:
        """Keep a card, and what was known of the same bytes."""
        known = self._old.get("files", {}).get(path)
        problems = known[-1] if known is not None and known[2] == card.digest else None
        imports = tuple(tuple(each) for each in card.imports)
        self._files[path] = (*stamp, card.digest, card.on_the_way, card.needles, imports, problems)
        self._changed = True

    def problems(self, path: str, place: tuple[object, ...]) -> list[model.Problem] | None:
        """Return what the checks of files found in a file that is as it was; None if they did not look.

        Args:
            path: of the file, whose card is in force.
            place: what they asked of the tree around it.
        """
        known = self._files.get(path)
        if known is None or known[-1] is None or known[-1][0] != tuple(place):
            return None
        return list(unpacked(known[-1][1]))

    def keep_problems(self, path: str, place: tuple[object, ...], problems: Iterable[model.Problem]) -> None:
        """Keep what they found."""
        known = self._files.get(path)
        if known is not None:
            self._files[path] = (*known[:-1], (tuple(place), packed(tuple(problems))))
            self._changed = True

    def trail(self, key: bytes) -> tuple[model.Trail, model.Verdict] | None:
        """Return the trail and the verdict that were found for a key."""
        known = self._old.get("trails", {}).get(key)
        if known is None:
            return None
        self._trails[key] = known
        trail, verdict = unpacked(known)
        return trail, verdict

    def keep_trail(self, key: bytes, trail: model.Trail, verdict: model.Verdict) -> None:
        """Keep a trail and its verdict."""
        self._trails[key] = packed((trail, verdict))
        self._changed = True

    def write(self) -> None:
        """Write what is to be kept; a folder that cannot be written to costs the next run time, no more."""
        if self._path is None or (not self._changed and len(self._files) == len(self._old.get("files", ()))):
            return
        body = marshal.dumps({"files": self._files, "trails": self._trails})
        data = self._key + blake2b(body, digest_size=_DIGEST_BYTES).digest() + body
        beside = self._path.with_name(f"{_FILE}.{os.getpid()}")
        try:
            self._prepare(self._path.parent)
            beside.write_bytes(data)
            beside.replace(self._path)
        except OSError:
            return

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name, text in (_TAG, (".gitignore", "*\n")):
            if not (folder / name).exists():
                (folder / name).write_text(text, encoding="utf-8")

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            data = self._path.read_bytes()
        except OSError:
            return {}
        key, digest = data[:_DIGEST_BYTES], data[_DIGEST_BYTES : 2 * _DIGEST_BYTES]
        body = memoryview(data)[2 * _DIGEST_BYTES :]
        # `marshal` takes broken bytes badly.
        if key != self._key or digest != blake2b(body, digest_size=_DIGEST_BYTES).digest():
            return {}
        found: dict[str, Any] = marshal.loads(body)  # noqa: S302 written by us: the digest says so
        return found


def _engine() -> str:
    """Return what the code of the engine is told by, and this Python."""
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for name, size, changed in sorted(_modules(resources.files(__package__))):
        digest.update(f"{name} {size} {changed}\n".encode())
    return f"{sys.version} {digest.hexdigest()}"


def _modules(folder: Traversable) -> Iterator[tuple[str, int, int]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _modules(each)
        elif each.name.endswith(".py") and isinstance(each, Path):
            found = each.stat()
            yield each.name, found.st_size, found.st_mtime_ns
