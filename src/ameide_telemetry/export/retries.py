"""When to try again, and when to give up."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ameide_telemetry.export.destination import Answer

__all__ = ["Patience", "Retries", "rest_until"]

# Whatever a peer asks for, nobody is left waiting longer than this at once.
_LONGEST_REST: Final = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the pauses between attempts are, and how many there may be.

    Attributes:
        first: seconds of the first pause at most; each further one is twice as long.
        longest: seconds of any pause at most.
        pauses: how many there may be.
    """

    first: float
    longest: float
    pauses: float = math.inf


RUNNING: Final = Patience(first=1.0, longest=30.0)
# A process that ends waits for a collector that has just gone away, but not long for one that is not there.
CLOSING: Final = Patience(first=0.25, longest=1.0, pauses=2)


class Retries:
    """The pauses between the attempts at one batch, each of a length that is not the same for everybody."""

    __slots__ = ("_made", "_patience")

    def __init__(self) -> None:
        self._patience = RUNNING
        self._made = 0

    def hurry(self) -> None:
        """Be as patient as a process that ends, from now on."""
        if self._patience is not CLOSING:
            self._patience = CLOSING
            self._made = 0

    def resume_at(self, answer: Answer, now: float, limit: float) -> float | None:
        """Return the time of the next attempt; None when there is to be none.

        Args:
            answer: what the last attempt was answered.
            now: the present time.
            limit: time by which the next attempt has to have begun.
        """
        if not answer.retry or self._made >= self._patience.pauses:
            return None
        # Not doubled without end: the power of two of a large number is no float.
        doubled = self._patience.first * 2.0 ** min(self._made, 30)
        pause = min(doubled, self._patience.longest) * random.uniform(0.5, 1.0)  # noqa: S311 no secret
        self._made += 1
        resume = rest_until(answer, now) or now + pause
        return resume if resume < limit else None


def rest_until(answer: Answer, now: float) -> float | None:
    """Return until when the peer asked to be left alone, within reason; None when it did not."""
    asked = answer.retry_after
    # Not a number fails every comparison, and asks for nothing.
    return now + min(asked, _LONGEST_REST) if asked is not None and asked > 0 else None
