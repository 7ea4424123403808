"""Which files an entrypoint imports, and which of them can matter, told without parsing any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ameide_telemetry.lint.cards import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ameide_telemetry.lint.cards import Card
    from ameide_telemetry.lint.roots import Roots

__all__ = ["Reach", "reach"]


@dataclass(frozen=True, slots=True)
class Reach:
    """What lies on the way of an entrypoint.

    Attributes:
        served: every file that it imports, at its start or later.
        relevant: those of them in which a walk may find something, or that import one of those.
    """

    served: frozenset[Path]
    relevant: frozenset[Path]


def reach(starts: Iterable[Path], roots: Roots, card: Callable[[Path], Card | None]) -> Reach:
    """Return what lies on the way.

    Args:
        starts: files that run first.
        roots: where imports are looked up.
        card: returns the card of a file; None for one that cannot be read.
    """
    waiting = list(dict.fromkeys(starts))
    seen = set(waiting)
    importers: dict[Path, list[Path]] = {}
    hits: list[Path] = []
    while waiting:
        path = waiting.pop()
        known = card(path)
        # Of a file that cannot be read nobody knows that it does not matter.
        if known is None or known.on_the_way:
            hits.append(path)
        if known is None:
            continue
        for each in _targets(known, path, roots):
            importers.setdefault(each, []).append(path)
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return Reach(frozenset(seen), _upwards(hits, importers))


def _targets(card: Card, path: Path, roots: Roots) -> set[Path]:
    package = _package(path, roots) if any(level for level, _, _ in card.imports) else ""
    return {found for each in imported(card, package, roots) for found in each.paths} - {path}


def _package(path: Path, roots: Roots) -> str:
    name = roots.name_of(path)
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def _upwards(hits: Iterable[Path], importers: dict[Path, list[Path]]) -> frozenset[Path]:
    waiting = list(hits)
    seen = set(waiting)
    while waiting:
        for each in importers.get(waiting.pop(), ()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return frozenset(seen)
