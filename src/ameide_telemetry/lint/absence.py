"""Of what a run may say that it is not there any more: to see nothing is no proof where not all was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks.table import ENTRYPOINT_CHECKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from ameide_telemetry.lint.config import Config
    from ameide_telemetry.lint.model import Judged, Problem
    from ameide_telemetry.lint.tree import Tree

__all__ = ["Absence"]

_UNREADABLE: Final = "TEL001"
_OF_ENTRYPOINTS: Final = frozenset(check.code for check in ENTRYPOINT_CHECKS)


@dataclass(frozen=True, slots=True)
class Absence:
    """What a run has seen.

    Attributes:
        selected: codes of the checks that ran.
        served: files that lie on the way of an entrypoint that was found.
        partial: whether the tree is part of a larger one, which may deploy more.
        hidden: whether something could not be read that more may lie behind.
        unread: files that could not be read.
    """

    selected: frozenset[str]
    served: Collection[Path]
    partial: bool
    hidden: bool
    unread: frozenset[Path]

    @classmethod
    def after(
        cls,
        tree: Tree,
        config: Config,
        judged: Iterable[Judged],
        problems: Iterable[Problem],
        served: Collection[Path],
    ) -> Absence:
        """Return what a run has seen that has found these problems, whether they are asked for or not."""
        unread = frozenset(each.spot.path for each in problems if each.code == _UNREADABLE)
        return cls(
            config.selected,
            served,
            _is_partial(tree, config),
            bool(tree.unreadable)
            or any(each.trail.unread for each in judged)
            or any(path.suffix != ".py" for path in unread),
            unread,
        )

    @property
    def whole(self) -> bool:
        """Whether all that matters to the tree was seen."""
        return not (self.partial or self.hidden)

    def proves(self, code: str, path: Path) -> bool:
        """Return whether a problem of this check would have been found in a file, if it were there."""
        if code not in self.selected or path in self.unread:
            return False
        if self.hidden and code in _OF_ENTRYPOINTS:
            return False
        return self.whole or path in self.served


def _is_partial(tree: Tree, config: Config) -> bool:
    root = tree.root
    if any(each.parent != root and root.is_relative_to(each.parent) for each in config.files):
        return True
    return not (root / ".git").exists() and any((each / ".git").exists() for each in root.parents)
