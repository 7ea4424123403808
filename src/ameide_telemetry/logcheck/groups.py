"""Findings that say the same of many lines, as one group each: as many as there is room for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ameide_telemetry.reports.model import LEVELS, Group, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.findings import Finding, Level
    from ameide_telemetry.logcheck.samples import Sample

__all__ = ["Groups"]

# Of each level, so that many notes never leave no room for an error.
_MAX_GROUPS: Final = 1_000
_LONGEST_NAME: Final = 120


@dataclass(slots=True)
class _Open:
    finding: Finding
    sample: Sample
    logger: str
    count: int = 0
    places: list[Place] = field(default_factory=list)


class Groups:
    """Collects findings by code, logger and what they say.

    Args:
        max_places: how many places of a group are kept.
    """

    __slots__ = ("_groups", "_kinds", "_max_places", "left_out")

    def __init__(self, max_places: int) -> None:
        self._max_places = max_places
        self._groups: dict[tuple[str, str, str, str], _Open] = {}
        self._kinds: Counter[Level] = Counter()
        self.left_out = 0

    def add(self, finding: Finding, logger: str, place: Place, sample: Callable[[], Sample]) -> None:
        """Count one finding.

        Args:
            finding: what is wrong.
            logger: who wrote the line, as it may be shown.
            place: where it stands.
            sample: returns the line as it is shown; called for the first line of a group only.
        """
        logger = logger[:_LONGEST_NAME]
        key = (finding.code, logger, finding.location, finding.message)
        group = self._groups.get(key)
        if group is None:
            if self._kinds[finding.level] >= _MAX_GROUPS:
                self.left_out += 1
                return
            self._kinds[finding.level] += 1
            group = self._groups[key] = _Open(finding, sample(), logger)
        group.count += 1
        if len(group.places) < self._max_places:
            group.places.append(place)

    def closed(self) -> tuple[Group, ...]:
        """Return the groups, the worst and most frequent first."""
        order = sorted(
            self._groups.values(),
            key=lambda group: (LEVELS.index(group.finding.level), group.finding.code, -group.count),
        )
        return tuple(
            Group(each.finding, each.count, tuple(each.places), each.sample[0], each.sample[1])
            for each in order
        )
