"""All source files of a tree at a glance, and what the checks of files find in them, by several processes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.lint.cards import Card, Glance, card_of
from ameide_telemetry.lint.checks.making import unreadable
from ameide_telemetry.lint.checks.places import is_by_hand
from ameide_telemetry.lint.fallback import MAIN
from ameide_telemetry.lint.pool import spread
from ameide_telemetry.lint.serving import NEEDLES
from ameide_telemetry.lint.source import Parsed, Sources
from ameide_telemetry.lint.store import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ameide_telemetry.lint.checks.kinds import FileCheck, Scene
    from ameide_telemetry.lint.model import Problem
    from ameide_telemetry.lint.store import Store
    from ameide_telemetry.lint.tree import FileStamp

__all__ = ["Survey"]

# Files; below this a second process costs more than it saves.
_FEW: Final = 300


class _Place(NamedTuple):
    """What the checks of files ask of the tree around a file: with the same answers they find the same."""

    served: bool
    main: bool
    folder: str


@dataclass
class Survey:
    """The source files of a tree.

    Attributes:
        files: path -> stamp.
        checks: of files, those that were chosen.
        bootstrap: dotted names that start telemetry.
        store: what earlier runs know.
    """

    files: Mapping[str, FileStamp]
    checks: Sequence[FileCheck]
    bootstrap: tuple[str, ...]
    store: Store

    def card(self, path: Path) -> Card | None:
        """Return the card of a file; None for one that cannot be read."""
        known = self._cards
        text = str(path)
        if text not in known:
            # Outside of the tree, but on a way that leads there.
            known[text] = _card(text, self._glance)
        return known[text]

    def holds(self, path: Path, needles: tuple[bytes, ...]) -> bool:
        """Return whether a file has one of the needles that discovery looks for."""
        card = self.card(path)
        mask = self._masks.get(needles)
        if mask is None:
            mask = self._masks[needles] = self._glance.mask(needles, ())
        return card is not None and bool(card.needles & mask)

    def with_pragmas(self) -> list[Path]:
        """Return the files that may switch a check off."""
        bit = self._glance.pragmas
        return [Path(path) for path, card in self._cards.items() if card and card.needles & bit]

    def problems(self, scene: Scene) -> Iterator[Problem]:
        """Yield what the checks find in the files of services.

        Args:
            scene: what is known of the tree.
        """
        places = _Places(scene)
        waiting = []
        for path in self._in_services(scene):
            place = places.of(path)
            known = self.store.problems(path, place)
            if known is None:
                waiting.append((path, place))
            else:
                yield from known
        looking = _Looking(self.checks, scene)
        for (path, place), found in zip(waiting, self._looked(looking, waiting), strict=True):
            self.store.keep_problems(path, place, found)
            yield from found

    def _in_services(self, scene: Scene) -> Iterator[str]:
        # The innermost first.
        folders = sorted((f"{folder}{os.sep}" for folder in scene.folders), key=len, reverse=True)
        served = {str(path) for path in scene.served}
        mask = self._mask(check for check in self.checks if not check.served_only)
        for path, card in self._cards.items():
            if path not in self.files:
                # What is excluded, or beside the tree, is followed and not judged.
                continue
            # What is served is parsed in any case: that it can be is the first thing to be known of it.
            if path in served:
                yield path
            elif card and card.needles & mask:
                folder = next((each for each in folders if path.startswith(each)), None)
                if folder and not is_by_hand(Path(path), Path(folder)):
                    yield path

    def _mask(self, checks: Iterable[FileCheck]) -> int:
        chosen = list(checks)
        return self._glance.mask(
            (needle for check in chosen for needle in check.needles),
            (package for check in chosen for package in check.packages),
        )

    def _looked(self, looking: _Looking, waiting: Sequence[tuple[str, _Place]]) -> Iterator[list[Problem]]:
        paths = [path for path, _ in waiting]
        for _, found in spread(looking, paths, _FEW):
            yield [unpacked(each) for each in found]

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

    @cached_property
    def _cards(self) -> dict[str, Card | None]:
        found: dict[str, Card | None] = {
            path: self.store.card(path, stamp) for path, stamp in self.files.items()
        }
        new = [path for path, card in found.items() if card is None]
        for path, card in spread(_Carding(self._glance), new, _FEW):
            found[path] = card
            if card is not None:
                self.store.keep_card(path, self.files[path], card)
        return found


@dataclass(frozen=True)
class _Carding:
    """Makes cards."""

    glance: Glance

    def __call__(self, path: str) -> Card | None:
        return _card(path, self.glance)


@dataclass(frozen=True)
class _Looking:
    """Runs the checks of files."""

    checks: Sequence[FileCheck]
    scene: Scene

    def __call__(self, path: str) -> list[Any]:
        # Each for itself: a tree is large, and nobody asks for it again.
        file = Sources().get(Path(path))
        served = Path(path) in self.scene.served
        if not isinstance(file, Parsed):
            return [packed(unreadable(file))] if served else []
        return [
            packed(problem)
            for check in self.checks
            if (served or not check.served_only) and _may_find(check, file.text)
            for problem in check.look(file, self.scene)
        ]


def _may_find(check: FileCheck, text: str) -> bool:
    """Return whether a check can find something in a text: its needles or packages are there."""
    return any(needle.decode() in text for needle in check.needles) or any(
        package in text for package in check.packages
    )


class _Places:
    def __init__(self, scene: Scene) -> None:
        self._served = {str(path) for path in scene.served}
        self._main = {
            str(each.target.path) for each in scene.entrypoints if each.target.kind in {"file", "module"}
        }
        # The innermost first.
        self._folders = sorted((str(folder) for folder in scene.folders), key=len, reverse=True)

    def of(self, path: str) -> _Place:
        folder = next((each for each in self._folders if path.startswith(f"{each}{os.sep}")), "")
        return _Place(path in self._served, path in self._main, folder)


def _card(path: str, glance: Glance) -> Card | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 ten thousand of them
            return card_of(file.read(), glance)
    except (OSError, ValueError):
        return None
