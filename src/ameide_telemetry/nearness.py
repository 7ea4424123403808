"""The known name that is most like one that was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["nearest"]

# The time of a comparison grows with the square of it.
_LONGEST: Final = 100


def nearest(name: str, known: Iterable[str], needed: float = 0.6) -> str:
    """Return the known name most like `name`, empty when none reaches the ratio `needed`.

    Args:
        name: what was written.
        known: what exists.
        needed: ratio of `difflib.SequenceMatcher` from 0 to 1.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 few names are wrong

    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name[:_LONGEST])
    best, ratio = "", needed
    for candidate in sorted(known):
        matcher.set_seq1(candidate)
        if (
            matcher.real_quick_ratio() >= ratio
            and matcher.quick_ratio() >= ratio
            and matcher.ratio() >= ratio
        ):
            best, ratio = candidate, matcher.ratio()
    return best
