"""Arguments as plain data, before anything is asked of them: their own code may do anything.

A subclass of `str` may have a `strip` that raises, an object a `__class__` that does, and `==` asks both
sides. What is made of the built-in types is copied into exactly these by the built-in types' own code; what
is not becomes a `Foreign`, which every form refuses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Foreign", "plain", "type_name"]

_DEEPEST: Final = 8
_EXACT: Final = (str, int, float, bool, type(None))


class Foreign:
    """Stands in the place of an object that is no plain data.

    Attributes:
        name: of its type.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def type_name(value: object) -> str:
    """Return the name of the type that an argument had."""
    return value.name if type(value) is Foreign else type(value).__name__


def plain(value: object, known: tuple[type, ...], depth: int = 0) -> object:
    """Return a copy of `value` made of the built-in types alone.

    Args:
        value: any argument.
        known: types that are left as they are.
        depth: how many containers it stands in.
    """
    kind = type(value)
    # By identity: a class may hash as it likes.
    if any(kind is each for each in (*_EXACT, *known, Foreign)):
        return value
    for base, copied in _COPIES.items():
        if base in kind.__mro__ and depth < _DEEPEST:
            return copied(value, known, depth + 1)
    return _asked(value, known, depth)


def _asked(value: object, known: tuple[type, ...], depth: int) -> object:
    """Return what a mapping or a path of another type says that it holds."""
    # The guard stands above this room. What fails here is not lost: it is refused like any other object.
    with suppress(Exception):
        if isinstance(value, os.PathLike):
            path = os.fspath(value)
            return plain(path, known, depth)
        if isinstance(value, Mapping) and depth < _DEEPEST:
            return plain(dict(value.items()), known, depth)
    return Foreign(type(value).__name__)


def _dictionary(value: dict[object, object], known: tuple[type, ...], depth: int) -> object:
    return {_key(key, known): plain(item, known, depth) for key, item in dict.items(value)}


def _key(value: object, known: tuple[type, ...]) -> object:
    """Return a member that can be hashed without code of its own."""
    copied = plain(value, known, _DEEPEST - 1)
    return copied if type(copied) in _EXACT else Foreign(type(value).__name__)


def _set(base: type) -> Callable[[object, tuple[type, ...], int], object]:
    each: Callable[[object], Iterable[object]] = vars(base)["__iter__"]
    return lambda value, known, _: base([_key(item, known) for item in each(value)])


def _sequence(
    base: type, each: Callable[..., Iterable[object]]
) -> Callable[[object, tuple[type, ...], int], object]:
    def copied(value: object, known: tuple[type, ...], depth: int) -> object:
        return base([plain(item, known, depth) for item in each(value)])

    return copied


_COPIES: Final[dict[type, Callable[..., object]]] = {
    str: lambda value, *_: str.__str__(value),
    int: lambda value, *_: int.__pos__(value),
    float: lambda value, *_: float.__pos__(value),
    dict: _dictionary,
    list: _sequence(list, list.__iter__),
    tuple: _sequence(tuple, tuple.__iter__),
    set: _set(set),
    frozenset: _set(frozenset),
}
