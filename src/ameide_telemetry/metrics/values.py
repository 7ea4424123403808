"""What a measurement holds, made plain: a number and attributes that every exporter can carry.

One value that cannot be encoded makes the export of all instruments fail, again at every interval
(opentelemetry-python#4093). So foreign objects, with all that their methods may do, end here. Their methods
run contained, as those of what is logged do: `SystemExit` out of a `__float__` ends nothing either.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry import guard
from ameide_telemetry.values.foreign import contained, shielded
from ameide_telemetry.values.text import exact, text_of, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ameide_telemetry.metrics.said import Remarks

__all__ = ["INT64", "fits", "is_simple", "number", "plain", "text", "text_size"]

# OTLP carries integers of 64 bits.
INT64: Final = 2**63
# Values of exactly these classes run no foreign code, whatever is done with them.
_SIMPLE: Final = frozenset({str, bool, int, float, type(None)})

# The specification sets no limits for attributes of metrics. These are far beyond every sensible use:
# Mimir takes 30 labels with values of 2,048 bytes, Prometheus any, at the price of its memory.
_MOST_ATTRIBUTES: Final = 64
_MOST_ELEMENTS: Final = 16
_DEEPEST: Final = 2
_LONGEST_NAME: Final = 255
_LONGEST_TEXT: Final = 1024
_LONGEST_DIGITS: Final = 1024


def number(value: Any) -> int | float | None:
    """Return a measured value as a finite `float` or an `int` of 64 bits; None for anything else.

    Taken are `bool`, `Decimal`, `Fraction`, scalars of numpy and whatever else converts itself by
    `__index__` or `__float__`. Text is refused, also where it spells a number.
    """
    kind = type(value)
    found: int | float | None = value if kind is int or kind is float else contained(_converted, value)
    return found if found is not None and fits(found) else None


def fits(value: float) -> bool:
    """Return whether OTLP carries this number and Prometheus can add it up."""
    return -INT64 <= value < INT64 if isinstance(value, int) else math.isfinite(value)


def _converted(value: Any) -> int | float | None:
    kind = type(value)
    if issubclass(kind, int):
        return int.__index__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    if hasattr(kind, "__index__"):
        # An array of numpy has both, and refuses the first when it holds no integer.
        with suppress(TypeError):
            return int.__index__(operator.index(value))
    return float(value) if hasattr(kind, "__float__") else None


def is_simple(attributes: Any) -> bool:
    """Return whether these are few, named, and of classes that run no foreign code; costs next to nothing."""
    if type(attributes) is not dict or len(attributes) > _MOST_ATTRIBUTES:
        return False
    for name, value in attributes.items():
        kind = type(value)
        # By identity: a metaclass may have an opinion of what its class is equal to, and on its hash.
        if not (
            type(name) is str
            and name
            and (kind is str or kind is int or kind is bool or kind is float or value is None)
        ):
            return False
    return True


def plain(attributes: Any, remarks: Remarks | None = None) -> dict[str, Any]:
    """Return attributes as a new dict of valid UTF-8, finite numbers, tuples and dicts; never raises.

    What is too much is cut: 64 attributes, 255 characters of a name, 1,024 of a value, lists of 16, two
    levels. One that cannot be read is left out; the others stay. What was changed is counted.

    Args:
        attributes: as they were given.
        remarks: on the instrument that they were given to; None where there is none.
    """
    if is_simple(attributes):
        return {text(name, _LONGEST_NAME): _plain_value(each, 0) for name, each in attributes.items()}
    kept: dict[str, Any] = {}
    complete = contained(_gather, attributes, kept)
    if complete is None:
        guard.note("metrics.attributes_refused")
        _say(remarks, "attributes of {} could not be read as a mapping and were left out")
    elif not complete:
        guard.note("metrics.attributes_cut")
        _say(remarks, f"attributes of {{}} beyond {_MOST_ATTRIBUTES} were left out")
    return kept


def _say(remarks: Remarks | None, message: str) -> None:
    if remarks is not None:
        remarks.say(message)


def _gather(attributes: Any, kept: dict[str, Any]) -> bool:
    """Keep what can be read; return whether that was all."""
    for name, value in islice(attributes.items(), _MOST_ATTRIBUTES):
        shielded(_keep, kept, name, value)
    return len(attributes) <= _MOST_ATTRIBUTES


def _keep(kept: dict[str, Any], name: Any, value: Any) -> None:
    spelled = text(name if type(name) is str else _described(name), _LONGEST_NAME)
    if spelled:
        kept[spelled] = _plain_value(value, _DEEPEST)


def _plain_value(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _SIMPLE:
        return _PLAIN.get(kind, _same)(value)
    for base, convert in _CONVERSIONS:
        if issubclass(kind, base):
            return convert(value, depth)
    return text(_described(value))


def text(value: str, longest: int = _LONGEST_TEXT) -> str:
    """Return a text as valid UTF-8 of so many characters before the repair; the same one when it is fine."""
    if len(value) <= longest and (value.isascii() or _is_valid(value)):
        return value
    guard.note("metrics.text_repaired")
    return value[:longest].encode("utf-8", "backslashreplace").decode()


def text_size(value: Any) -> int:
    """Return about how many characters a plain value holds."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(name) + text_size(each) for name, each in value.items())
    return sum(map(text_size, value)) if isinstance(value, tuple) else 8


def _is_valid(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _same(value: Any) -> Any:
    return value


def _integer(value: int) -> int | str:
    if fits(value):
        return value
    guard.note("metrics.text_repaired")
    # Python refuses to spell integers of more than 4,300 decimal digits.
    return str(value) if value.bit_length() < _LONGEST_DIGITS else hex(value)[:_LONGEST_TEXT]


def _decimal(value: float) -> float | str:
    if math.isfinite(value):
        return value
    guard.note("metrics.text_repaired")
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 what NaN is


def _octets(value: Any, _depth: int) -> str:
    return text(bytes(value[:_LONGEST_TEXT]).decode("utf-8", "backslashreplace"))


def _sequence(value: Any, depth: int) -> Any:
    if not depth:
        return "..."
    return tuple(_plain_value(each, depth - 1) for each in islice(value, _MOST_ELEMENTS))


def _mapping(value: Any, depth: int) -> Any:
    if not depth:
        return "..."
    return {
        text(name if type(name) is str else _described(name), _LONGEST_NAME): _plain_value(each, depth - 1)
        for name, each in islice(value.items(), _MOST_ELEMENTS)
    }


def _described(value: Any) -> str:
    """Return an object as text; one without a text of its own by its class, for an address is no label."""
    kind: Any = type(value)
    if issubclass(kind, str):
        return exact(value)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return type_name(value)
    return text_of(value)


_PLAIN: Final[Mapping[type, Callable[[Any], Any]]] = {str: text, int: _integer, float: _decimal}
# In this order: a subclass of `int` or `str`, such as an enumeration's member, is what it stands for.
_CONVERSIONS: Final[tuple[tuple[Any, Callable[[Any, int], Any]], ...]] = (
    (str, lambda value, _: text(exact(value))),
    (int, lambda value, _: _integer(int.__index__(value))),
    (float, lambda value, _: _decimal(float.__float__(value))),
    ((bytes, bytearray, memoryview), _octets),
    (Mapping, _mapping),
    (Sequence, _sequence),
)
