"""All source files of a tree at a glance, and what the checks of files find in them, by several processes."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from ameide_telemetry.lint.cards import Card, Glance, card_of
from ameide_telemetry.lint.checks.making import unreadable
from ameide_telemetry.lint.checks.places import is_by_hand
from ameide_telemetry.lint.disk import contents
from ameide_telemetry.lint.fallback import MAIN
from ameide_telemetry.lint.packing import packed, unpacked
from ameide_telemetry.lint.pool import spread
from ameide_telemetry.lint.serving import NEEDLES
from ameide_telemetry.lint.source import Parsed
from ameide_telemetry.lint.stamps import FileStamp, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ameide_telemetry.lint.checks.kinds import FileCheck, Scene
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.store import Store

__all__ = ["Look", "Survey"]

# Files; below this a second process costs more than it saves.
_FEW: Final = 300


class _Place(NamedTuple):
    """What the checks of files ask of the tree around a file: with the same answers they find the same."""

    served: bool
    main: bool
    folder: str


Look: TypeAlias = tuple[str, _Place]
"""A file that has to be looked at, with what is around it."""


@dataclass
class Survey:
    """The source files of a tree.

    Attributes:
        files: path -> stamp.
        checks: of files, those that were chosen.
        bootstrap: dotted names that start telemetry.
        store: what earlier runs know.
        progress: is told how many of the files are read.
    """

    files: Mapping[str, FileStamp]
    checks: Sequence[FileCheck]
    bootstrap: tuple[str, ...]
    store: Store
    progress: Callable[[str, int, int], None] | None = None

    def card(self, path: Path) -> Card | None:
        """Return the card of a file; None for one that cannot be read."""
        known = self._cards
        text = str(path)
        if text not in known:
            # Outside of the tree, but on a way that leads there.
            stamp = stamp_of(text)
            known[text] = self._kept(text, stamp, _card(text, self._glance))
        return known[text]

    def holds(self, path: Path, needles: tuple[bytes, ...]) -> bool:
        """Return whether a file has one of the needles that discovery looks for."""
        card = self.card(path)
        mask = self._masks.get(needles)
        if mask is None:
            mask = self._masks[needles] = self._glance.mask(needles, ())
        return card is not None and bool(card.needles & mask)

    def tells_the_same(self) -> bool:
        """Return whether `holds` answers as it did in the run before, for every file."""
        mask = self._glance.mask((*MAIN, *NEEDLES), ())
        for path, was in self.changed.items():
            card = self._cards[path]
            if card is None or was is None or (card.needles ^ was.needles) & mask:
                return False
        return True

    @property
    def changed(self) -> Mapping[str, Card | None]:
        """The files that are not as they were in the run before, with the cards that they had then."""
        return self._looked_at[1]

    def with_pragmas(self) -> list[Path]:
        """Return the files that may switch a check off."""
        bit = self._glance.pragmas
        return [Path(path) for path, card in self._cards.items() if card and card.needles & bit]

    def waiting(self, scene: Scene) -> list[Look]:
        """Return the files of services that have to be looked at, each with its place.

        Args:
            scene: what is known of the tree.
        """
        return [look for look in self._looks(scene) if not self.store.has_problems(*look)]

    def look(self, look: Look, scene: Scene) -> list[Any]:
        """Return what the checks find in a file, packed."""
        return _looked(look[0], self.checks, scene)

    def problems(self, scene: Scene, looked: Mapping[Look, list[Any]]) -> Iterator[Problem]:
        """Yield what the checks find in the files of services.

        Args:
            scene: what is known of the tree.
            looked: what was found by `look` already.
        """
        for look in self._looks(scene):
            found = self.store.problems(*look)
            if found is None:
                known = looked.get(look)
                found = list(map(unpacked, self.look(look, scene) if known is None else known))
                self.store.keep_problems(*look, found)
            yield from found

    def _looks(self, scene: Scene) -> list[Look]:
        """Return the files of services, each with its place; the same ones are asked for twice."""
        places = _Places(scene)
        if places.facts not in self._known_looks:
            self._known_looks[places.facts] = [(path, places.of(path)) for path in self._in_services(places)]
        return self._known_looks[places.facts]

    @cached_property
    def _known_looks(self) -> dict[object, list[Look]]:
        return {}

    def _in_services(self, places: _Places) -> Iterator[str]:
        folders, served = places.folders, places.served
        mask = self._mask(check for check in self.checks if not check.served_only)
        for path, card in self._cards.items():
            if path not in self.files:
                # What is excluded, or beside the tree, is followed and not judged.
                continue
            # What is served is parsed in any case: that it can be is the first thing to be known of it.
            if path in served:
                yield path
            elif card and card.needles & mask:
                folder = folders.of(path)
                if folder and not is_by_hand(Path(path), Path(folder)):
                    yield path

    def _mask(self, checks: Iterable[FileCheck]) -> int:
        chosen = list(checks)
        return self._glance.mask(
            (needle for check in chosen for needle in check.needles),
            (package for check in chosen for package in check.packages),
        )

    # ------------------------------------------------------------------ cards

    @cached_property
    def _masks(self) -> dict[tuple[bytes, ...], int]:
        return {}

    @cached_property
    def _glance(self) -> Glance:
        # What only looks at served files needs none: those are parsed anyway.
        asked = [check for check in self.checks if not check.served_only]
        of_checks = (needle for check in asked for needle in check.needles)
        needles = dict.fromkeys((*of_checks, *MAIN, *NEEDLES))
        packages = dict.fromkeys(package for check in asked for package in check.packages)
        names = dict.fromkeys(name.rpartition(".")[2].encode() for name in self.bootstrap)
        return Glance(tuple(names), tuple(needles), tuple(packages))

    @property
    def _cards(self) -> dict[str, Card | None]:
        return self._looked_at[0]

    @cached_property
    def _looked_at(self) -> tuple[dict[str, Card | None], dict[str, Card | None]]:
        stamps = {**self.files, **{path: stamp_of(path) for path in self.store.beside(self.files)}}
        found = {path: self.store.card(path, stamp) for path, stamp in stamps.items()}
        changed: dict[str, Card | None] = {}
        new = [path for path, card in found.items() if card is None]
        tell = partial(self.progress, "reads files:") if self.progress else None
        for path, card in spread(_Carding(self._glance), new, _FEW, tell=tell):
            was = self.store.card_before(path)
            found[path] = self._kept(path, stamps[path], card)
            if card is None or was is None or card.digest != was.digest:
                changed[path] = was
        return found, changed

    def _kept(self, path: str, stamp: FileStamp, card: Card | None) -> Card | None:
        if card is not None:
            self.store.keep_card(path, stamp, card)
        return card


@dataclass(frozen=True)
class _Carding:
    """Makes cards."""

    glance: Glance

    def __call__(self, path: str) -> Card | None:
        return _card(path, self.glance)


def _looked(path: str, checks: Iterable[FileCheck], scene: Scene) -> list[Any]:
    file = scene.sources.once(Path(path))
    served = Path(path) in scene.served
    if not isinstance(file, Parsed):
        told = unreadable(file)
        # What nothing deployed imports is said to whom it matters, and stops nobody.
        return [packed(told if served else replace(told, level="info"))]
    return [
        packed(problem)
        for check in checks
        if (served or not check.served_only) and _may_find(check, file.text)
        for problem in check.look(file, scene)
    ]


def _may_find(check: FileCheck, text: str) -> bool:
    """Return whether a check can find something in a text: its needles or packages are there."""
    return any(needle.decode() in text for needle in check.needles) or any(
        package in text for package in check.packages
    )


class _Folders:
    """The folders of services."""

    def __init__(self, folders: Iterable[str]) -> None:
        self._known = {folder: folder for folder in folders}

    def of(self, path: str) -> str:
        """Return the innermost folder of a service around a path; empty if there is none."""
        passed = []
        here = os.path.dirname(path)  # noqa: PTH120 ten thousand of them
        while here not in self._known:
            passed.append(here)
            above = os.path.dirname(here)  # noqa: PTH120
            if above == here:
                self._known[here] = ""
            here = above
        self._known.update(dict.fromkeys(passed, self._known[here]))
        return self._known[here]


class _Places:
    def __init__(self, scene: Scene) -> None:
        self.served = frozenset(map(str, scene.served))
        self._main = frozenset(
            str(each.target.path) for each in scene.entrypoints if each.target.kind in {"file", "module"}
        )
        folders = tuple(map(str, scene.folders))
        self.facts = (self.served, self._main, folders)
        self.folders = _Folders(folders)

    def of(self, path: str) -> _Place:
        return _Place(path in self.served, path in self._main, self.folders.of(path))


def _card(path: str, glance: Glance) -> Card | None:
    try:
        return card_of(contents(path), glance)
    except (OSError, ValueError):
        return None
