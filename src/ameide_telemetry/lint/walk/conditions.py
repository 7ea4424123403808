"""What has to be true for something to happen, and what of that matters to something else."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Condition", "exclude", "relative", "shown", "sure"]

_LONGEST: Final = 120
_NONE: Final[Mapping[int, set[int]]] = {}


@dataclass(slots=True, frozen=True, eq=False)
class Condition:
    """One arm of a fork in the road.

    Attributes:
        fork: number of the place where the ways part; equal for all arms of it.
        arm: which of them this is.
        arms: how many there are; 0 if not all of them are known.
        test: what is asked, as source or as words.
        negated: whether the answer has to be no.
        usual: where the documented off-switch alone decides, whether this is the way while it is not set.
        soft: whether only an unexpected exception leads another way.
    """

    fork: int
    arm: int
    arms: int
    test: ast.expr | str
    negated: bool = False
    usual: bool | None = None
    soft: bool = False

    @property
    def text(self) -> str:
        """The condition as people read it."""
        text = self.test if isinstance(self.test, str) else _source(self.test)
        if not self.negated:
            return text
        plain = isinstance(self.test, (str, ast.Name, ast.Attribute, ast.Call, ast.Subscript))
        return f"not {text}" if plain else f"not ({text})"

    def same(self, other: Condition) -> bool:
        """Return whether both are the same arm of the same fork."""
        return self.fork == other.fork and self.arm == other.arm


def _source(node: ast.expr) -> str:
    try:
        text = " ".join(ast.unparse(node).split())
    except (ValueError, RecursionError):
        return "a long condition"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def exclude(one: Iterable[Condition], other: Iterable[Condition]) -> bool:
    """Return whether no run of the process has both."""
    arms = {condition.fork: condition.arm for condition in other}
    return any(arms.get(condition.fork, condition.arm) != condition.arm for condition in one)


def relative(conditions: Sequence[Condition], reference: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return what has to be true besides what a reference needs and besides the documented off-switch."""
    known = {(condition.fork, condition.arm) for condition in reference}
    return tuple(each for each in conditions if not each.usual and (each.fork, each.arm) not in known)


def shown(conditions: Iterable[Condition]) -> str:
    """Return conditions as people read them."""
    return "; ".join(dict.fromkeys(condition.text for condition in conditions))


def sure(paths: Iterable[tuple[Condition, ...]], dead: Mapping[int, set[int]] = _NONE) -> bool:
    """Return whether one of several happens in every run: the arms of each fork are all there, or end it."""
    known = {tuple((each.fork, each.arm, each.arms) for each in path) for path in paths}
    for _ in range(len(known) * 2):
        whole = _closed(known, dead) - known
        if () in known or not whole:
            break
        known |= whole
    return () in known


def _closed(
    known: set[tuple[tuple[int, int, int], ...]], dead: Mapping[int, set[int]]
) -> set[tuple[tuple[int, int, int], ...]]:
    arms: dict[tuple[tuple[tuple[int, int, int], ...], int, int], set[int]] = {}
    for path in known:
        if path:
            fork, arm, count = path[-1]
            arms.setdefault((path[:-1], fork, count), set()).add(arm)
    for before, fork, count in arms:
        arms[before, fork, count] |= dead.get(fork, set())
    return {before for (before, _, count), seen in arms.items() if count and len(seen) == count}
