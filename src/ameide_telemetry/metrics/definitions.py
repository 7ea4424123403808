"""What an instrument is: name, kind, unit, description, boundaries. One name means one thing per meter.

OpenTelemetry's SDK makes a second stream for the same name with another unit, kind or description, and
says nothing (SDK 1.45). For Prometheus these are duplicates of one series: it refuses the request, with
everything else in it, or mixes seconds with milliseconds.
"""

from __future__ import annotations

import logging
import math
import re
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.exceptions import InstrumentError
from ameide_telemetry.metrics.values import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Definition", "Verdicts", "define"]

_NAME: Final = re.compile(r"[a-zA-Z][-_./a-zA-Z0-9]{0,254}")
_NOT_IN_NAME: Final = re.compile(r"[^-_./a-zA-Z0-9]")
_UNIT: Final = re.compile(r"[\x00-\x7f]{0,63}")
_BOUNDARIES: Final = guard.site("metrics.boundaries", foreign=True)
_MOST_SAID: Final = 100
_logger = logging.getLogger("ameide_telemetry")


@dataclass(frozen=True, slots=True)
class Definition:
    """What an instrument is.

    Attributes:
        name: as it is exported; instruments are told apart by it, whatever the case of its letters.
        kind: what makes it at a meter, such as `create_counter`.
        unit: by UCUM, empty when none was given.
        description: one sentence.
        boundaries: of the buckets that a histogram advises; None for the default.
    """

    name: str
    kind: str
    unit: str
    description: str
    boundaries: tuple[float, ...] | None = None

    def differences(self, other: Definition) -> list[str]:
        """Return what differs, without the name, in words such as `unit 's', not 'ms'`."""
        names = [each.name for each in fields(self) if each.name != "name"]
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in names]
        return [f"{name} {mine!r}, not {theirs!r}" for name, mine, theirs in pairs if mine != theirs]

    def compatible(self, other: Definition) -> bool:
        """Return whether both can share one stream: only the words or the buckets differ."""
        return (self.kind, self.unit) == (other.kind, other.unit)


class Verdicts:
    """What becomes of definitions that are wrong: they raise where settings are strict, else are said once.

    Attributes:
        strict: whether they raise.
    """

    def __init__(self) -> None:
        self.strict = False
        self._held: list[str] | None = None
        self._said: set[str] = set()

    def object(self, message: str) -> None:
        """Say what is wrong.

        Raises:
            InstrumentError: strict.
        """
        guard.note("metrics.conflicting_instrument")
        if self._held is not None:
            self._held.append(message)
        elif self.strict:
            raise InstrumentError(message)
        elif message not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(message)
            _logger.warning(message)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Raise what is wrong in the block at its end, all at once: nothing in it is interrupted."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
        if held and self.strict:
            raise InstrumentError("\n  - ".join([f"{len(held)} wrong instruments", *held]))
        for each in held:
            self.object(each)


def define(
    kind: str, name: Any, unit: Any, description: Any, boundaries: Any = None
) -> tuple[Definition | None, list[str]]:
    """Return the definition, repaired where it can be, and what was wrong with it.

    A name gets `_` for what is not allowed in it; a unit or boundaries that are not allowed are left out; a
    description becomes valid UTF-8. Without a name there is no definition.
    """
    problems: list[str] = []
    named = _named(name, problems)
    if named is None:
        return None, problems
    spelled = "" if unit is None else unit
    if not isinstance(spelled, str) or _UNIT.fullmatch(spelled) is None:
        problems.append(f"the unit of the instrument {named} is not at most 63 ASCII characters: left out")
        spelled = ""
    advised = None if boundaries is None else _BOUNDARIES.call(_increasing, boundaries)
    if boundaries is not None and advised is None:
        problems.append(f"the bucket boundaries of the instrument {named} do not increase: left out")
    words = text(str.__str__(description)) if isinstance(description, str) else ""
    return Definition(named, kind, str.__str__(spelled), words, advised), problems


def _named(name: Any, problems: list[str]) -> str | None:
    if not isinstance(name, str) or not name.strip():
        problems.append("an instrument has no name: it measures nothing")
        return None
    # The SDK looks a name up without the blanks around it, and then refuses it for them (1.45).
    bare = str.__str__(name).strip()
    if _NAME.fullmatch(bare):
        return bare
    repaired = _NOT_IN_NAME.sub("_", bare)[:255]
    if not repaired[0].isalpha():
        repaired = f"metric_{repaired}"[:255]
    problems.append(
        f"the instrument name {bare.encode('ascii', 'backslashreplace').decode()[:300]!r} is not a letter"
        f" followed by at most 254 letters, digits and _.-/: {repaired} is used"
    )
    return repaired


def _increasing(boundaries: Sequence[float]) -> tuple[float, ...]:
    found = tuple(float(each) for each in boundaries)
    if all(map(math.isfinite, found)) and all(low < high for low, high in pairwise(found)):
        return found
    raise ValueError(found)
