"""Containers printed within a budget, where the interpreter's own way might not end.

`str` of a list of two lists of two lists, thirty levels deep, takes gigabytes and minutes, all of it inside
one call that nothing can stop; and it never ends where printing an item adds another one. So what a container
holds is looked at first. One that holds little, and nothing with code of its own, is left to the interpreter.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from itertools import chain, islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.values.foreign import shielded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["is_light", "sketch"]

_MANY: Final = 2_000
_LONG: Final = 200_000
_DEPTH: Final = 6
_BITS: Final = 2_000
_TEXT: Final = 16_000
_NAME: Final = type.__dict__["__name__"].__get__
# The base class's own methods: a subclass's may fail, or never end.
_CONTENTS: Final[tuple[tuple[Any, Callable[[Any], Iterable[object]]], ...]] = (
    (list, list.__iter__),
    (tuple, tuple.__iter__),
    (dict, lambda value: chain.from_iterable(dict.items(value))),
    (set, set.__iter__),
    (frozenset, frozenset.__iter__),
    (deque, deque.__iter__),
)
_BRACKETS: Final = ((list, "[]"), (tuple, "()"), (dict, "{}"), (set, "{}"))


@dataclass(slots=True)
class _Budget:
    """What is left for one text."""

    nodes: int = _MANY
    characters: int = _LONG


def is_light(value: object) -> bool:
    """Tell whether the interpreter can print a value in no time worth mentioning, as far as one can tell.

    How much an object with code of its own prints, only that code knows; it is called once, and waited for.
    """
    if issubclass(type(value), (bytes, bytearray)):
        return len(memoryview(value)) <= _TEXT  # type: ignore[arg-type]
    if type(value) is Decimal:
        # `%d` would write out every digit.
        return abs(value.adjusted()) < _BITS
    many, long = _MANY, _LONG
    waiting: list[tuple[object, bool]] = [(value, False)]
    while waiting and many > 0 and long > 0:
        each, inside = waiting.pop()
        many -= 1
        kind = type(each)
        if kind is str or kind is bytes:
            long -= len(each)  # type: ignore[arg-type]
        elif not (kind is int or kind is float or kind is bool or each is None):
            contents = _contents(each)
            if contents is not None:
                waiting += [(item, True) for item in islice(contents, _MANY)]
                continue
            parts = _parts(each)
            if parts is not None:
                waiting += [(part, False) for part in parts.values()]
            elif inside:
                # Its code may change the container while that is printed.
                return False
    return not waiting and many > 0 and long > 0


def _parts(value: object) -> Mapping[str, object] | None:
    """Return what an object prints that is no container itself, by name; None for anything else."""
    kind = type(value)
    if issubclass(kind, BaseException):
        if kind.__str__ is not BaseException.__str__ and not issubclass(kind, (KeyError, BaseExceptionGroup)):
            return None
        arguments = tuple.__iter__(BaseException.args.__get__(value))  # type: ignore[attr-defined]
        return {str(number): each for number, each in enumerate(islice(arguments, _MANY))}
    if is_dataclass(kind):
        return {each.name: getattr(value, each.name, None) for each in fields(kind) if each.repr}
    return vars(value) if issubclass(kind, SimpleNamespace) else None


def _contents(value: object) -> Iterable[object] | None:
    kind = type(value)
    for base, contents in _CONTENTS:
        if issubclass(kind, base):
            return contents(value)
    return None


def sketch(value: object, budget: _Budget | None = None, depth: int = 0) -> str:
    """Return the text of a value as `repr` would, with dots in the place of what is too much."""
    budget = budget or _Budget()
    budget.nodes -= 1
    if budget.nodes < 0 or budget.characters < 0:
        return "..."
    contents = _contents(value)
    if contents is not None:
        return "..." if depth >= _DEPTH else _container(value, list(islice(contents, _MANY)), budget, depth)
    parts = _parts(value)
    if parts is not None and not is_light(value):
        if depth >= _DEPTH:
            return "..."
        found = list(islice(parts.items(), _MANY))
        items = [f"{name}={sketch(part, budget, depth + 1)}" for name, part in found]
        return f"{_NAME(type(value))}({', '.join(items)})"
    text = shielded(_short, value)
    text = f"<unprintable {_NAME(type(value))}>" if text is None else str.__str__(text)
    budget.characters -= len(text)
    return text


def _container(value: Any, contents: list[object], budget: _Budget, depth: int) -> str:
    kind = type(value)
    items = []
    for each in contents:
        items.append(sketch(each, budget, depth + 1))
        if items[-1] == "...":
            break
    if issubclass(kind, dict):
        items = [f"{key}: {item}" for key, item in zip(items[::2], [*items[1::2], "..."], strict=False)]
    text = ", ".join(items)
    brackets = next((each for base, each in _BRACKETS if kind is base), None)
    if brackets is None:
        return f"{_NAME(kind)}([{text}])"
    return f"{brackets[0]}{text}{',' if kind is tuple and len(items) == 1 else ''}{brackets[1]}"


def _short(value: Any) -> str:
    kind = type(value)
    if (kind is str or kind is bytes or kind is bytearray) and len(value) > _TEXT:
        return f"{value[:_TEXT]!r}..."
    if kind is int and value.bit_length() > _BITS:
        return f"<integer of {value.bit_length()} bits>"
    return repr(value)
