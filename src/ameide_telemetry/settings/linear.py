"""Whether a pattern takes time in proportion to the text, whatever the text; told by looking at the pattern.

`re` tries a pattern at every character and, where it fails, every other way to get there. Both are harmless
where the number of steps at one character has a limit. That needs a limit for each repetition, and not too
many of them behind or inside one another. The one place where a repetition needs no limit is the very end:
nothing can fail behind it, and what it passed over is not looked at again.
"""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ameide_telemetry.settings.notation import notation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOST_REPEATED", "MOST_STEPS", "checked"]

MOST_REPEATED: Final = 1_000
"""How often something may be repeated at most, where it is not the end."""

MOST_STEPS: Final = 2_000
"""How many steps a pattern may take at each character."""

_LONGEST: Final = 1_000
# Above it nothing is told apart, and numbers stay short.
_MANY: Final = 10**12
_LIMITLESS: Final = 1 << 30
_USUAL: Final = 64


class _Cost(NamedTuple):
    """What trying a part at one place takes.

    Attributes:
        ways: in how many ways it can match there, each of which may be tried.
        steps: what it takes to find all of them.
    """

    ways: int = 1
    steps: int = 1


def checked(pattern: str) -> re.Pattern[str]:
    """Return the compiled pattern.

    Raises:
        ValueError: it is malformed, can match the empty text, or can take more than linear time; the text
            says which part it is and what to write instead.
    """
    if len(pattern) > _LONGEST:
        raise ValueError(f"it has more than {_LONGEST} characters")
    try:
        return _judged(*_read(pattern))
    except RecursionError:
        raise ValueError("its groups are nested too deeply") from None


def _judged(compiled: re.Pattern[str], parsed: Any) -> re.Pattern[str]:
    if parsed.getwidth()[0] == 0:
        raise ValueError("it can match the empty text; make a part of it necessary")
    steps = _sequence(parsed, at_end=True).steps
    if steps > MOST_STEPS:
        number = str(steps) if steps < _MANY else "countless"
        raise ValueError(
            f"{notation(_costliest(parsed))} is repeated so that one place can take {number} steps, more"
            f" than {MOST_STEPS}; use smaller limits, or {{1,{_USUAL}}}+ where nothing has to be given back"
        )
    return compiled


def _read(pattern: str) -> tuple[re.Pattern[str], Any]:
    with warnings.catch_warnings():
        # What will mean something else one day is not for a setting.
        warnings.simplefilter("error")
        try:
            return re.compile(pattern), import_module("re._parser").parse(pattern)
        except (ImportError, AttributeError):
            raise ValueError("this interpreter does not let patterns be checked") from None
        except (re.error, Warning, OverflowError, RecursionError, ValueError) as error:
            reason = error.msg if isinstance(error, re.error) else type(error).__name__
            place = getattr(error, "pos", None)
            where = "" if place is None else f" at character {place + 1}"
            raise ValueError(f"it is no pattern: {reason}{where}") from None


def _sequence(parts: Any, *, at_end: bool) -> _Cost:
    ways, steps = 1, 0
    last = len(parts) - 1
    for index, part in enumerate(parts):
        cost = _part(part, at_end=at_end and index == last)
        steps = min(_MANY, steps + ways * cost.steps)
        ways = min(_MANY, ways * cost.ways)
    return _Cost(ways, max(1, steps))


def _part(part: Any, *, at_end: bool) -> _Cost:
    judge = _JUDGES.get(str(part[0]))
    if judge is None:
        raise ValueError(f"{notation(part)} is not accepted in a pattern; write out what it stands for")
    return judge(part, at_end)


def _one(_: Any, __: bool) -> _Cost:
    return _Cost()


def _repetition(part: Any, at_end: bool) -> _Cost:
    kind, (least, most, inner) = part
    limitless = most >= _LIMITLESS
    if limitless and not at_end:
        better = f"{{{least},{max(least, _USUAL)}}}"
        raise ValueError(
            f"{notation(part)} has no limit and is not the end of the pattern; use {better} instead"
            f" of {_sign(least)}"
        )
    most = least if limitless else most
    if most > MOST_REPEATED:
        raise ValueError(f"{notation(part)} repeats more than {MOST_REPEATED} times; use a smaller limit")
    cost = _sequence(inner, at_end=False)
    if str(kind) == "POSSESSIVE_REPEAT":
        return _Cost(1, min(_MANY, 1 + (most + limitless) * cost.steps))
    ways = steps = 0
    tries = 1
    for count in range(most + 1):
        ways = min(_MANY, ways + tries) if count >= least else ways
        steps = min(_MANY, steps + tries * (cost.steps if count < most or limitless else 1))
        tries = min(_MANY, tries * cost.ways)
    return _Cost(ways, steps)


def _sign(least: int) -> str:
    return {0: "*", 1: "+"}.get(least, f"{{{least},}}")


def _choice(part: Any, at_end: bool) -> _Cost:
    costs = [_sequence(each, at_end=at_end) for each in part[1][1]]
    return _Cost(sum(cost.ways for cost in costs), 1 + sum(cost.steps for cost in costs))


def _group(part: Any, at_end: bool) -> _Cost:
    return _sequence(part[1][-1], at_end=at_end)


def _atomic(part: Any, at_end: bool) -> _Cost:
    return _Cost(1, _sequence(part[1], at_end=at_end).steps)


def _look(part: Any, _: bool) -> _Cost:
    # What it passes over is looked at again, so that its end is no end.
    return _Cost(1, 1 + _sequence(part[1][1], at_end=False).steps)


_JUDGES: Final[dict[str, Callable[[Any, bool], _Cost]]] = {
    **dict.fromkeys(("LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "FAILURE"), _one),
    **dict.fromkeys(("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"), _repetition),
    **dict.fromkeys(("ASSERT", "ASSERT_NOT"), _look),
    "BRANCH": _choice,
    "SUBPATTERN": _group,
    "ATOMIC_GROUP": _atomic,
}


def _costliest(parts: Any) -> Any:
    """Return the repetition with the most steps of its own; there is one, or nothing would be costly."""
    found = [
        each for each in _all(parts) if str(each[0]) in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
    ]
    return max(found, key=lambda each: _part(each, at_end=True).steps, default=parts[0])


def _all(parts: Any) -> list[Any]:
    """Return every part, those inside of others included."""
    found = []
    for part in parts:
        found.append(part)
        for inner in _inside(part):
            found.extend(_all(inner))
    return found


def _inside(part: Any) -> list[Any]:
    kind, value = str(part[0]), part[1]
    if kind == "BRANCH":
        return list(value[1])
    if kind == "ATOMIC_GROUP":
        return [value]
    return [value[-1]] if kind.endswith(("REPEAT", "SUBPATTERN", "ASSERT", "ASSERT_NOT")) else []
