"""Programs that start others: those are what serves, where the program itself does not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from ameide_telemetry.lint.model import Evidence, Step
from ameide_telemetry.lint.targets.table import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ameide_telemetry.lint.model import Command
    from ameide_telemetry.lint.targets.call import Aim
    from ameide_telemetry.lint.walk.commands import Begun

__all__ = ["Handovers"]

_PROGRAMS: Final = frozenset({"file", "module", "function"})
_SERVERS: Final = frozenset(PROGRAMS)
_WORD: Final = re.compile(r"[\w.-]+")
_READ: Final = re.compile(r"\$(\w+)")
_DEEPEST: Final = 3
_MOST: Final = 64


class _Lead(Protocol):
    @property
    def aim(self) -> Aim: ...
    @property
    def command(self) -> Command: ...


_L = TypeVar("_L", bound=_Lead)


@dataclass(frozen=True)
class Handovers(Generic[_L]):
    """Follows what programs start.

    Attributes:
        begins: the programs that a file, or a function of it, starts.
        leads: what a command leads to.
        serves: whether a file, or a function of it, begins to serve.
    """

    begins: Callable[[Path, str, tuple[Path, ...]], Sequence[Begun]]
    leads: Callable[[Command], Iterable[_L]]
    serves: Callable[[Path, str], bool]

    def followed(self, leads: Iterable[_L], above: frozenset[object] = frozenset()) -> Iterator[_L]:
        """Yield leads; what a program starts comes after it, or in its place if it does not serve.

        Args:
            leads: what is deployed.
            above: programs that lead here.
        """
        for lead in leads:
            target = lead.aim.target
            begun: Sequence[Begun] = ()
            this = (target.path, target.attribute)
            if target.kind in _PROGRAMS and target.path and this not in above and len(above) < _DEEPEST:
                begun = self._begun(lead)
            inner = [found for each in begun for found in self._inner(lead, each)]
            unsaid = tuple(dict.fromkeys(Step(each.spot, each.text) for each in begun if _is_unsaid(each)))
            alone = not (inner or unsaid) or (target.path and self.serves(target.path, target.attribute))
            if alone or unsaid:
                yield lead if alone else _with(lead, unsaid)
            yield from self.followed(inner, above | {this})

    def _begun(self, lead: _L) -> Sequence[Begun]:
        target = lead.aim.target
        found = self.begins(target.path, target.attribute, lead.aim.roots) if target.path else ()
        said = {word.replace("-", "_") for word in lead.command.words}
        meant = [each for each in found if not each.command or each.command.replace("-", "_") in said]
        alike = {(each.words, each.environment): each for each in reversed(meant)}
        return list(alike.values())[::-1][:_MOST]

    def _inner(self, lead: _L, begun: Begun) -> Iterator[_L]:
        # Who starts Python with the very words of the command starts itself again.
        if not begun.words or begun.words[1:2] == ("$sys_argv",):
            return
        why = Evidence("program", begun.spot, begun.text)
        command = replace(
            lead.command,
            words=tuple(_expanded(word, lead.command.environment) for word in begun.words),
            evidence=(*lead.command.evidence, why),
            environment={**lead.command.environment, **dict(begun.environment)},
        )
        for found in self.leads(command):
            aim = found.aim
            path = aim.target.path
            if aim.known and (aim.sure or (path and self.serves(path, aim.target.attribute))):
                yield found


def _expanded(word: str, environment: Mapping[str, str]) -> str:
    return _READ.sub(lambda found: environment.get(found[1], found[0]), word)


def _is_unsaid(begun: Begun) -> bool:
    """Return whether a program serves that the source does not name."""
    if begun.words and not begun.words[0].startswith("$"):
        return False
    named = set(_WORD.findall(begun.text))
    return begun.instead or not named.isdisjoint(_SERVERS)


def _with(lead: _L, unsaid: tuple[Step, ...]) -> _L:
    target = replace(lead.aim.target, hands_over=unsaid)
    known: Any = lead
    changed: _L = replace(known, aim=replace(lead.aim, target=target))
    return changed
