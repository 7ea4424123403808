"""Any value becomes one that JSON holds, within a budget."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import threading
import uuid
from collections import OrderedDict, deque
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pytest

from ameide_telemetry.values.plain import plain
from ameide_telemetry.values.text import key_text, text_of


class Colour(enum.Enum):
    """An enum."""

    RED = "red"


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int
    y: object


class Hostile:
    """Every way to look at it fails."""

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __str__(self) -> str:
        raise RuntimeError("str")


class NotText:
    """Its text is no text."""

    def __str__(self) -> str:
        return 7  # type: ignore[return-value]  # noqa: PLE0307


class BrokenDict(dict[str, int]):
    """A mapping that cannot be read."""

    def items(self) -> Any:
        raise RuntimeError("items")


def _endless() -> Any:
    cycle: list[object] = [1]
    cycle.append(cycle)
    return cycle


def _deep(levels: int) -> Any:
    value: object = "bottom"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, "red"),
        (Point(1, (2, 3)), {"x": 1, "y": [2, 3]}),
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2026-01-02T03:04:05+00:00"),
        (uuid.UUID(int=7), str(uuid.UUID(int=7))),
        (Decimal("1.50"), "1.50"),
        (PurePosixPath("/a/b"), "/a/b"),
        (b"text", "text"),
        (b"\xff\x00", "\\xff\x00"),
        ((1, 2), [1, 2]),
        ({1}, [1]),
        (deque([1]), [1]),
        (OrderedDict(a=1), {"a": 1}),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        (float("nan"), "NaN"),
        (_endless(), [1, "<cycle>"]),
        (BrokenDict(a=1), "<unreadable BrokenDict>"),
    ],
)
def test_values_have_one_json_form(value: object, expected: object) -> None:
    """Each kind of value has a form that says what it was."""
    assert plain(value) == expected


@pytest.mark.parametrize(
    "value", [Hostile(), [Hostile()], {"k": Hostile()}, NotText(), threading.Lock(), _deep(5000)]
)
def test_hostile_values_become_json_all_the_same(value: object) -> None:
    """What cannot be looked at or never ends still gives valid JSON."""
    json.dumps(plain(value), allow_nan=False)


def test_the_budget_bounds_width() -> None:
    """A million items cost a thousand, and it is said."""
    found = plain(list(range(1_000_000)))
    assert isinstance(found, list)
    assert len(found) <= 1_001
    assert found[-1] == "<more left out>"
    wide = plain({str(number): number for number in range(5_000)})
    assert isinstance(wide, dict)
    assert wide["<more left out>"] is True


def test_the_budget_bounds_text() -> None:
    """A long text is cut and says so."""
    found = plain("x" * 50_000)
    assert isinstance(found, str)
    assert found.endswith("<34000 characters left out>")


def test_text_and_keys_are_total() -> None:
    """Objects that cannot be printed are named by their type."""
    assert text_of(Hostile()) == "<unprintable Hostile>"
    assert text_of(NotText()) == "<unprintable NotText>"
    assert key_text("k" * 500) == "k" * 256
    assert key_text((1, 2)) == "(1, 2)"


def test_a_str_subclass_cannot_run_its_own_code() -> None:
    """Only the text itself is taken."""

    class Loud(str):
        __slots__ = ()

        def __str__(self) -> str:
            raise RuntimeError("loud")

    assert plain(Loud("quiet")) == "quiet"
