"""Several applications of which one is served: each is judged, and the worst decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ameide_telemetry.lint.walk.conditions import Condition
    from ameide_telemetry.lint.walk.machine import Happening

__all__ = ["View", "worst"]


@dataclass(frozen=True, slots=True)
class View:
    """What happened, as one application sees it.

    Attributes:
        number: of the application; 0 for none.
        limit: when it was made.
        known: conditions that it stands under itself.
        seen: what may happen where it is served, in order.
        needs: what has to be true besides for each of that, by identity.
        best: whether it stands for others that lack what it has.
    """

    number: int
    limit: float
    known: tuple[Condition, ...]
    seen: list[Happening]
    needs: dict[int, tuple[Condition, ...]]
    best: bool = False

    def early(self) -> bool | None:
        """Return whether the bootstrap is called before it is made; None if only under a condition."""
        early = [each for each in self._calls() if each.moment.order < self.limit]
        sure = any(not self.needs[id(each)] for each in early)
        return True if sure else None if early else False

    def late(self) -> bool:
        """Return whether the bootstrap is called only after it was made."""
        return self.early() is False and bool(self._calls())

    def _calls(self) -> list[Happening]:
        return [each for each in self.seen if each.kind == "init"]


def worst(views: list[View]) -> View:
    """Return the view that decides.

    Where one application never sees a call of the bootstrap and another does, the one that does is returned,
    under the conditions only that all of them share: so the call stands under the condition of its arm.
    """
    first, *others = views
    if not others or all(view.early() for view in views):
        return first
    late = next((view for view in views if view.late()), None)
    found = [view for view in views if view.early() is not False]
    if late or not found:
        return late or first
    best = next((view for view in found if view.early() is None), found[0])
    shared = tuple(
        each for each in best.known if all(any(each.same(other) for other in view.known) for view in views)
    )
    lacking = any(view.early() is False for view in views)
    return replace(best, known=shared, best=True) if lacking else best
