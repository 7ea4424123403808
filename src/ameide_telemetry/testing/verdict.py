"""The lines of one test against the contract."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.logcheck.inspector import Inspector
from ameide_telemetry.reports.model import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ameide_telemetry.logcheck.rules import Rules
    from ameide_telemetry.reports.model import Group
    from ameide_telemetry.testing.sink import Line

__all__ = ["MAX_SAMPLES", "SILENCE", "SILENT", "Failure", "Judge", "failure_of", "silence"]

# Tests set the clock as they like.
_NOT_IN_TESTS: Final = frozenset({"TEL510"})
MAX_SAMPLES: Final = 5
"""How many places of a finding are kept."""
SILENCE: Final = "silence"
"""What stands in the place of a code where a process has written nothing: no check of lines can say so."""
SILENT: Final = "has written no line"


@dataclass(frozen=True, slots=True)
class Failure:
    """One distinct finding of a test, as plain data that workers can send.

    Attributes:
        code: of the check, or `SILENCE`.
        level: `error`, `warning` or `info`.
        message: what broke.
        location: the field.
        hint: the edit that cures it.
        count: how many lines it is about.
        sample: the first of them, redacted and cut.
        mark: where in the sample it is wrong.
        path: of the code that logged it; empty where that is not known.
        line: in that file.
        test: id of the test.
        source: who wrote it, where that is no code of the test's process.
    """

    code: str
    level: str
    message: str
    location: str
    hint: str
    count: int
    sample: str
    mark: tuple[int, int] | None
    path: str
    line: int
    test: str
    source: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


class Judge:
    """Looks at the lines of test after test.

    Nearly all tests are clean. One inspector tells that quickly, because it learns; only the lines of a test
    where it finds something are looked at again, by one that has seen no other test.

    Args:
        rules: what the project asks of its lines.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = replace(rules, max_samples=MAX_SAMPLES)
        self._quick = Inspector(self._without(frozenset()))

    @property
    def coverage(self) -> float:
        """The share of the contract's fields that was seen."""
        return self._quick.coverage

    def failures(
        self,
        lines: Sequence[Line],
        allowed: frozenset[str],
        test: str,
        shown: Callable[[str], str],
    ) -> list[Failure]:
        """Return what is wrong with the lines of a test, each distinct finding once."""
        suspected = False
        for line in lines:
            suspected = bool(self._quick.inspect(line.raw)) or suspected
        if not suspected:
            return []
        inspector = Inspector(self._without(allowed), learning=False)
        for line in lines:
            inspector.inspect(line.raw, Place(shown(line.path), line.number))
        return [failure_of(group, test) for group in inspector.report().groups]

    def _without(self, allowed: Iterable[str]) -> Rules:
        return replace(self._rules, ignored=self._rules.ignored.union(_NOT_IN_TESTS, allowed))


def failure_of(group: Group, test: str) -> Failure:
    """Return a group of findings as what is told of a test."""
    finding = group.finding
    place = group.places[0] if group.places else Place("")
    return Failure(
        code=finding.code,
        level=finding.level,
        message=finding.message,
        location=finding.location,
        hint=finding.hint,
        count=group.count,
        sample=group.sample,
        mark=group.mark,
        path=place.path,
        line=place.line,
        test=test,
    )


def silence(command: str, test: str) -> Failure:
    """Return what is told of a process that has written nothing: no problem was found in nothing."""
    return Failure(
        code=SILENCE,
        level="warning",
        message=f"a process {SILENT}, so nothing was looked at",
        location="",
        hint="let it log: at level info a server says when it has started",
        count=0,
        sample="",
        mark=None,
        path="",
        line=0,
        test=test,
        source=command,
    )
