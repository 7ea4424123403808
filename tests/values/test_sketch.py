"""Containers printed within a budget."""

from __future__ import annotations

import tracemalloc
from collections import OrderedDict, deque
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from ameide_telemetry.values.sketch import is_light, sketch
from ameide_telemetry.values.text import printable, text_of


@dataclass
class Order:
    """A dataclass."""

    item: str
    rest: Any = None


class Grows:
    """Adds itself to its list whenever it is printed."""

    def __init__(self, owner: list[Any]) -> None:
        self._owner = owner

    def __repr__(self) -> str:
        self._owner.append(self)
        return "Grows"


def _shared(levels: int) -> Any:
    value: Any = ["x"]
    for _ in range(levels):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        [1, "a", None],
        (1,),
        {"a": [1]},
        {1},
        Order("lamp", [1]),
        SimpleNamespace(a=1),
        Decimal("1.5"),
        b"x",
        "y",
    ],
)
def test_what_is_small_is_left_to_the_interpreter(value: object) -> None:
    """Its text is exactly what `str` makes of it."""
    assert is_light(value)
    assert printable(value) is value
    assert text_of(value) == str(value)


def _group(levels: int) -> ExceptionGroup[Exception]:
    group: ExceptionGroup[Exception] = ExceptionGroup("g", [ValueError(1)])
    for _ in range(levels):
        group = ExceptionGroup("g", [group, group])
    return group


def test_a_group_is_printed_as_a_container() -> None:
    """`%r` of one whose members are shared ends; `%s` says how many there are, as ever."""
    assert printable(small := _group(2)) is small
    group = _group(28)
    assert not is_light(group)
    assert text_of(group) == str(group) == "g (2 sub-exceptions)"
    assert len(f"{printable(group)!r}") < 1_000
    assert len(text_of([group])) < 1_000
    assert len(text_of(ValueError(group))) < 1_000


@pytest.mark.parametrize(
    "value",
    [
        _shared(40),
        {"a": _shared(40)},
        Order("x", _shared(40)),
        Order("x", Order("y", _shared(40))),
        KeyError(_shared(40)),
        SimpleNamespace(a=_shared(40)),
        ValueError(_shared(40)),
        list(range(100_000)),
        ["x" * 150_000] * 2,
        b"x" * 100_000,
        bytearray(100_000),
        Decimal("1E+1000000"),
    ],
)
def test_what_would_not_end_is_sketched(value: object) -> None:
    """In little memory."""
    assert not is_light(value)
    tracemalloc.start()
    text = text_of(value)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < len(text) < 1_000_000
    assert peak < 10_000_000


def test_a_sketch_reads_as_the_interpreters_own_text() -> None:
    """Wherever an item has code of its own, which the interpreter would run without end."""
    items = [Decimal("1.5"), [(2,), {"k": {3}}]]
    assert not is_light(items)
    assert sketch(items) == repr(items)
    assert sketch(deque([object])) == f"deque([{object!r}])"
    assert sketch(OrderedDict(a=Decimal(1))) == "OrderedDict(['a': Decimal('1')])"
    growing: list[Any] = []
    growing.append(Grows(growing))
    assert text_of(growing) == "[Grows]"


def test_a_sketch_is_marked_where_it_ends() -> None:
    """Too many items, too deep, too long."""
    assert sketch(list(range(3_000))).endswith(", ...]")
    assert sketch([[[[[[[1]]]]]]]) == "[[[[[[...]]]]]]"
    assert sketch(["x" * 20_000]).endswith("'...]")
    assert sketch([10**5000]) == "[<integer of 16610 bits>]"
