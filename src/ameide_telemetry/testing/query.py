"""Questions to what was captured; where the answer is not one item, the nearest ones are shown."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, Protocol, TypeVar, overload

__all__ = ["Item", "Query", "TelemetryAssertionError", "brief"]

_MAX_SHOWN: Final = 3
_MAX_NAMES: Final = 20
_MAX_VALUE: Final = 120
_MISSING: Final = object()


class TelemetryAssertionError(AssertionError):
    """What a test expects of telemetry does not hold; the text shows what is there instead."""


class Item(Protocol):
    """Something that was captured."""

    @property
    def name(self) -> str:
        """What it is called: a span's name, a line's message, a metric's name."""
        ...

    def facts(self) -> Mapping[str, object]:
        """Return everything that can be asked for, by name."""
        ...


ItemT = TypeVar("ItemT", bound=Item)


class Query(Sequence[ItemT], Generic[ItemT]):
    """What was captured of one kind, as a sequence in the order of its beginning.

    Everywhere `name` is compared with the item's name and `fields` (or names as arguments) with what the
    item holds. An expected value is equal, or a compiled pattern that occurs in the text, or a function
    that returns whether a value fits.

    Args:
        kind: what an item is called, in the singular.
        items: what was captured.
        draw: shows the items as an outline.
    """

    def __init__(
        self, kind: str, items: Sequence[ItemT], draw: Callable[[Sequence[ItemT]], str] | None = None
    ) -> None:
        self._kind = kind
        self._items = tuple(items)
        self._draw = draw

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> ItemT: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ItemT]: ...

    def __getitem__(self, index: int | slice) -> ItemT | Sequence[ItemT]:
        return self._items[index]

    def __repr__(self) -> str:
        return f"<{len(self)} captured {self._kind}s: {_listed(self.names())}>"

    def all(
        self, name: object = None, fields: Mapping[str, object] | None = None, /, **more: object
    ) -> tuple[ItemT, ...]:
        """Return every item that fits, in order."""
        wanted = {**(fields or {}), **more}
        return tuple([each for each in self._items if not _differences(each, name, wanted)])

    def one(
        self, name: object = None, fields: Mapping[str, object] | None = None, /, **more: object
    ) -> ItemT:
        """Return the one item that fits.

        Raises:
            TelemetryAssertionError: none fits, or several do; the text shows the nearest and what differs.
        """
        wanted = {**(fields or {}), **more}
        found = self.all(name, wanted)
        if len(found) == 1:
            return found[0]
        asked = _asked(name, wanted)
        if found:
            raise TelemetryAssertionError(self._several(asked, found))
        raise TelemetryAssertionError(self._nothing(asked, name, wanted))

    def names(self) -> list[str]:
        """Return the names in order, each as often as it occurs."""
        return [each.name for each in self._items]

    def tree(self) -> str:
        """Return an outline: what belongs under something stands indented below it."""
        return self._draw(self._items) if self._draw is not None else "\n".join(self.names())

    def _nothing(self, asked: str, name: object, wanted: Mapping[str, object]) -> str:
        if not self._items:
            return f"no {self._kind} {asked}: this test has emitted no {self._kind} at all"
        lines = [f"no {self._kind} {asked} among {len(self)}; nearest:"]
        for each in _nearest(self._items, name, wanted):
            lines.append(f"  {each.name!r}")
            lines += [f"    {line}" for line in _differences(each, name, wanted)]
        others = sorted(set(self.names()))
        lines.append(f"  all names: {_listed(others)}")
        return "\n".join(lines)

    def _several(self, asked: str, found: Sequence[ItemT]) -> str:
        lines = [f"{len(found)} {self._kind}s {asked}, expected one; they differ in:"]
        facts = [each.facts() for each in found]
        names = dict.fromkeys(name for each in facts for name in each)
        for name in names:
            values = [each.get(name, _MISSING) for each in facts]
            if any(value != values[0] for value in values[1:]):
                shown = [brief(value) for value in values[:_MAX_SHOWN]]
                lines.append(f"  {name}: {', '.join(shown)}{', ...' if len(values) > _MAX_SHOWN else ''}")
        if len(lines) == 1:
            lines.append("  nothing: they are equal")
        return "\n".join(lines)


def brief(value: object) -> str:
    """Return a value as text of bounded length."""
    if value is _MISSING:
        return "(missing)"
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}..."


def _asked(name: object, wanted: Mapping[str, object]) -> str:
    parts = [brief_expected(name)] if name is not None else []
    if wanted:
        parts.append("with " + ", ".join(f"{key}={brief_expected(value)}" for key, value in wanted.items()))
    return " ".join(parts) or "at all"


def brief_expected(value: object) -> str:
    """Return what is expected as text."""
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    return getattr(value, "__name__", "a function") if callable(value) else brief(value)


def _differences(item: Item, name: object, wanted: Mapping[str, object]) -> list[str]:
    found: list[str] = []
    if name is not None and not _fits(name, item.name):
        found.append(f"name: {brief(item.name)}, expected {brief_expected(name)}")
    if wanted:
        facts = item.facts()
        for key, value in wanted.items():
            there = facts.get(key, _MISSING)
            if there is _MISSING or not _fits(value, there):
                near = _near_key(key, facts) if there is _MISSING else ""
                found.append(f"{key}: {brief(there)}, expected {brief_expected(value)}{near}")
    return found


def _fits(expected: object, value: object) -> bool:
    if isinstance(expected, re.Pattern):
        return isinstance(value, str) and expected.search(value) is not None
    if callable(expected):
        return bool(expected(value))
    if isinstance(value, tuple) and isinstance(expected, list):
        return list(value) == expected
    # True is equal to 1 in Python, and another value in JSON.
    return value == expected and isinstance(value, bool) is isinstance(expected, bool)


def _near_key(key: str, facts: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(key, [*facts], 1)
    return f" (there is {near[0]}: {brief(facts[near[0]])})" if near else ""


def _nearest(items: Sequence[ItemT], name: object, wanted: Mapping[str, object]) -> list[ItemT]:
    def distance(item: ItemT) -> tuple[int, float]:
        likeness = 0.0
        if isinstance(name, str):
            likeness = difflib.SequenceMatcher(None, name, item.name).ratio()
        return len(_differences(item, name, wanted)), -likeness

    return sorted(items, key=distance)[:_MAX_SHOWN]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(each) for each in names[:_MAX_NAMES])
    return f"{shown}, ..." if len(names) > _MAX_NAMES else shown or "(none)"
