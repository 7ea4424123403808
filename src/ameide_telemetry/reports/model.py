"""What one run of checks found: findings that say the same are one group with a count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.findings import Finding, Level

__all__ = ["LEVELS", "Group", "Place", "Report"]

LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "info")
"""The levels, worst first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is.

    Attributes:
        path: a file as the user named it; `-` is standard input.
        line: counted from 1; 0 when it has none.
        column: counted from 1; 0 when it has none.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        shown = "<stdin>" if self.path == "-" else self.path
        return ":".join([shown, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that say the same of several places.

    Attributes:
        finding: what they say; its location is the field, the logger or the name that it is about.
        count: how many there are.
        places: the first of them.
        sample: what stands at the first place, already redacted and cut; may be empty.
        mark: the part of the sample that is wrong, as begin and end.
    """

    finding: Finding
    count: int
    places: tuple[Place, ...]
    sample: str = ""
    mark: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one run found.

    Attributes:
        tool: the command that ran, such as `logs check`.
        groups: what it found, in the order in which it shall be shown.
        examined: how many units were looked at.
        unit: what was looked at, in the singular, such as `line`.
        facts: what else there is to say, as JSON can hold it. Shown to people are `coverage` (a share from 0
            to 1 of the fields of the contract that were seen), `unseen` (the keys of the others) and
            `groups_left_out` (how many findings there was no room for).
        checks: codes of all checks that ran, also of those that found nothing.
        skipped: codes of the checks that somebody switched off.
        allow: how one check is switched off; `{code}` stands for its code.
        otherwise: code -> how it is switched off, where that is another way.
        apart: whether the edit that cures a finding has a row of its own where rows are short.
        hidden: how many findings of each level are not in `groups` because nobody asked for them.
    """

    tool: str
    groups: tuple[Group, ...]
    examined: int
    unit: str
    facts: Mapping[str, object] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    allow: str = "--ignore {code}"
    otherwise: Mapping[str, str] = field(default_factory=dict)
    apart: bool = False
    hidden: Mapping[Level, int] = field(default_factory=dict)

    def failed(self, least: Level = "warning") -> bool:
        """Return whether there is a finding of this level or a worse one."""
        return any(_is_at_least(group, least) for group in self.groups)

    def allowing(self, code: str) -> str:
        """Return how a check is switched off."""
        return self.otherwise.get(code, self.allow).format(code=code)

    def shown(self, least: Level) -> Report:
        """Return the report without the findings below a level; they are counted as hidden."""
        kept = tuple(group for group in self.groups if _is_at_least(group, least))
        rest: Counter[Level] = Counter(self.hidden)
        for group in self.groups:
            if not _is_at_least(group, least):
                rest[group.finding.level] += group.count
        return replace(self, groups=kept, hidden=dict(rest))

    def counts(self) -> dict[Level, int]:
        """Return how many findings there are of each level, worst first."""
        counted: dict[Level, int] = dict.fromkeys(LEVELS, 0)
        for group in self.groups:
            counted[group.finding.level] += group.count
        return counted


def _is_at_least(group: Group, least: Level) -> bool:
    return LEVELS.index(group.finding.level) <= LEVELS.index(least)
