"""What an instrument is: name, kind, unit, description, boundaries. One name means one thing per meter.

OpenTelemetry's SDK makes a second stream for the same name with another unit, kind or description, and
says nothing (SDK 1.45). For Prometheus these are duplicates of one series: it refuses the request, with
everything else in it, or mixes seconds with milliseconds.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.exceptions import InstrumentError
from ameide_telemetry.metrics.said import Said, spelled
from ameide_telemetry.metrics.values import text
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Definition", "Verdicts", "define"]

_NAME: Final = re.compile(r"[a-zA-Z][-_./a-zA-Z0-9]{0,254}")
_NOT_IN_NAME: Final = re.compile(r"[^-_./a-zA-Z0-9]")
_UNIT: Final = re.compile(r"[\x00-\x7f]{0,63}")
_MOST_BOUNDARIES: Final = 1_000
_LONGEST_WORDS: Final = 200


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
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in _WORDS]
        return [
            f"{name} {_WORDS[name](mine)}, not {_WORDS[name](theirs)}"
            for name, mine, theirs in pairs
            if mine != theirs
        ]

    def compatible(self, other: Definition) -> bool:
        """Return whether both can share one stream: only the words or the buckets differ."""
        return (self.kind, self.unit) == (other.kind, other.unit)


def _kind_words(kind: str) -> str:
    """Return a kind, such as `create_up_down_counter`, in words."""
    return kind.removeprefix("create_").replace("_", " ")


def _quoted(value: object) -> str:
    return ascii(value)[:_LONGEST_WORDS]


_WORDS: Final[Mapping[str, Callable[[Any], str]]] = {
    "kind": _kind_words,
    "unit": _quoted,
    "description": _quoted,
    "boundaries": _quoted,
}


class Verdicts:
    """What becomes of definitions that are wrong: they raise where settings are strict, else are said once.

    Attributes:
        strict: whether they raise.
    """

    def __init__(self) -> None:
        self.strict = False
        self._held: list[str] | None = None
        self._said = Said()

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
        else:
            self._said.say(message)

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
    kind: str, name: Any, unit: Any, description: Any, boundaries: Any = None, *, meter: str = ""
) -> tuple[Definition | None, list[str]]:
    """Return the definition, repaired where it can be, and what was wrong with it.

    A name gets `_` for what is not allowed in it; a unit or boundaries that are not allowed are left out; a
    description becomes valid UTF-8. Without a name there is no definition.
    """
    problems: list[str] = []
    named = _named(kind, name, meter, problems)
    if named is None:
        return None, problems
    measured_in = "" if unit is None else _text(unit)
    if measured_in is None or _UNIT.fullmatch(measured_in) is None:
        problems.append(f"the unit of the instrument {named} is not at most 63 ASCII characters: left out")
        measured_in = ""
    advised = None if boundaries is None else contained(_increasing, boundaries)
    if boundaries is not None and advised is None:
        problems.append(
            f"the bucket boundaries of the instrument {named} do not increase,"
            f" or are more than {_MOST_BOUNDARIES}: left out"
        )
    return Definition(named, kind, measured_in, text(_text(description) or ""), advised), problems


def _text(value: Any) -> str | None:
    return exact(value) if issubclass(type(value), str) else None


def _named(kind: str, name: Any, meter: str, problems: list[str]) -> str | None:
    # The SDK looks a name up without the blanks around it, and then refuses it for them (1.45).
    bare = (_text(name) or "").strip()
    if not bare:
        about = f"{_kind_words(kind)} of the meter {spelled(meter)}"
        problems.append(f"an instrument has no name: it measures nothing ({about})")
        return None
    if _NAME.fullmatch(bare):
        return bare
    repaired = _NOT_IN_NAME.sub("_", bare[:255])
    if not repaired[0].isalpha():
        repaired = f"metric_{repaired}"[:255]
    problems.append(
        f"the instrument name '{spelled(bare)}' is not a letter"
        f" followed by at most 254 letters, digits and _.-/: {repaired} is used"
    )
    return repaired


def _increasing(boundaries: Iterable[Any]) -> tuple[float, ...]:
    found = tuple(float(each) for each in islice(boundaries, _MOST_BOUNDARIES + 1))
    if len(found) > _MOST_BOUNDARIES:
        raise ValueError(len(found))
    if all(map(math.isfinite, found)) and all(low < high for low, high in pairwise(found)):
        return found
    raise ValueError(found)
