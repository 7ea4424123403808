"""A meter provider in memory, as the library makes it, and what to give its instruments."""

from __future__ import annotations

import enum
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from ameide_telemetry.metrics.bounds import Bounds
from ameide_telemetry.metrics.consumer import BoundedConsumer
from ameide_telemetry.metrics.meter import SafeMeterProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opentelemetry.metrics import CallbackOptions, Observation

__all__ = ["BAD_ATTRIBUTES", "BAD_NUMBERS", "GOOD_NUMBERS", "Lab", "Raising", "observed"]


class Lab:
    """A provider with bounds and a reader in memory.

    Attributes:
        meter: makes instruments.
        children: how often a forked process began.
    """

    def __init__(self, limit: int = 2000, *, strict: bool = False) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = SafeMeterProvider(shutdown_on_exit=False)
        self.provider.verdicts.strict = strict
        self.children = 0
        self.consumer = BoundedConsumer(self.provider._measurement_consumer, self._in_child)
        self.consumer.bounds = Bounds(limit)
        self.provider.report_to(self.consumer)
        self.provider.add_metric_reader(self.reader)
        self.meter = self.provider.get_meter("test")

    def _in_child(self) -> None:
        self.children += 1
        self.consumer.after_fork(Bounds(2000))

    def collected(self) -> dict[str, list[Any]]:
        """Collect once and return the points by metric."""
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        scopes = data.resource_metrics[0].scope_metrics
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}

    def points(self, name: str) -> list[Any]:
        """Collect and return the points of a metric."""
        return self.collected().get(name, [])

    def values(self, name: str) -> list[Any]:
        """Collect and return the values of a metric."""
        return [point.value for point in self.points(name)]


def observed(
    values: Callable[[], Iterable[Observation]],
) -> list[Callable[[CallbackOptions], Iterable[Observation]]]:
    """Return the callbacks of an instrument that observes what a function returns."""
    return [lambda _: values()]


class Raising:
    """An object whose every method raises."""

    def _raise(self, *_: object) -> Any:
        raise RuntimeError("no")

    __float__ = __index__ = __int__ = __bool__ = __len__ = __iter__ = __hash__ = _raise
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __str__ = __repr__ = _raise


class _Size(enum.IntEnum):
    TWO = 2


class _Scalar:
    """What a scalar of numpy looks like: no number by its class, one by its methods."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __index__(self) -> int:
        if not isinstance(self._value, int):
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return self._value

    def __float__(self) -> float:
        return float(self._value)


class _Real(float):
    """A subclass of float, as numpy's float64 is."""


class _Text(str):
    """A subclass of str with an opinion of its own."""

    __slots__ = ()

    def __hash__(self) -> int:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


GOOD_NUMBERS: Final[tuple[tuple[Any, int | float], ...]] = (
    (3, 3),
    (2.5, 2.5),
    (0, 0),
    (True, 1),
    (False, 0),
    (Decimal("2.5"), 2.5),
    (Fraction(1, 4), 0.25),
    (_Size.TWO, 2),
    (_Real(1.5), 1.5),
    (_Scalar(7), 7),
    (_Scalar(7.5), 7.5),
    (2**63 - 1, 2**63 - 1),
    (1e308, 1e308),
    (5e-324, 5e-324),
)
BAD_NUMBERS: Final[tuple[Any, ...]] = (
    2**63,
    -(2**63) - 1,
    10**400,
    -(10**400),
    float("nan"),
    float("inf"),
    float("-inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("1e400"),
    Decimal("Infinity"),
    Fraction(10**400),
    "1",
    "",
    "\ud800",
    b"1",
    None,
    1j,
    [1],
    (),
    {},
    {1: 2},
    object(),
    object,
    Raising(),
    Raising,
    _Scalar(10**400),
    _Scalar(float("nan")),
    lambda: 1,
)


def _cycle() -> dict[str, Any]:
    ring: dict[str, Any] = {}
    ring["ring"] = ring
    return ring


def _list_cycle() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def _nested(times: int, width: int) -> list[Any]:
    each: list[Any] = ["x"]
    for _ in range(times):
        each = [each] * width
    return each


class _Mapping(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("no")


BAD_ATTRIBUTES: Final[Mapping[str, Any]] = {
    "surrogate value": {"name": "\ud800x"},
    "surrogate key": {"\udfff": "x"},
    "surrogate deep": {"name": [["\ud800"], {"\ud800": "\ud800"}]},
    "no mapping": ["a", "b"],
    "text": "attributes",
    "number": 7,
    "items raise": _Mapping(a="b"),
    "empty key": {"": 1},
    "keys that are no text": {1: 1, None: 2, (1, 2): 3, b"b": 4, 2.5: 5},
    "unhashable": {"list": [1, 2], "set": {1, 2}, "bytearray": bytearray(b"x")},
    "huge text": {"name": "x" * 10_000_000},
    "huge key": {"k" * 1_000_000: 1},
    "huge integer": {"n": 10**400, "m": 2**63, "l": -(2**63) - 1, "k": 10**5000},
    "not finite": {"a": float("nan"), "b": float("inf"), "c": float("-inf")},
    "bytes": {"raw": b"\xff\x00", "view": memoryview(b"abc")},
    "cycle": _cycle(),
    "list cycle": {"ring": _list_cycle()},
    "as many as 2**60": {"tree": _nested(60, 2)},
    "deep": {"deep": _nested(5000, 1)},
    "raising value": {"a": Raising(), "good": 1},
    "raising class": {"a": Raising, "good": 1},
    "text with opinions": {"a": _Text("x"), "good": 1},
    "objects": {"a": object(), "b": object, "c": len, "d": 1j},
    "ten thousand": {f"name{number}": number for number in range(10_000)},
    "none": {"a": None},
}
