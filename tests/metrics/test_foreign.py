"""Objects whose own code fails, or does not end, where a metric is made and where it is measured."""

from __future__ import annotations

import asyncio
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.metrics import Observation

from ameide_telemetry import guard
from support.meters import Lab, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEASURING = {
    "create_counter": "add",
    "create_up_down_counter": "add",
    "create_histogram": "record",
    "create_gauge": "set",
}
_OBSERVING = ("create_observable_counter", "create_observable_up_down_counter", "create_observable_gauge")
_EXITS = (SystemExit(3), GeneratorExit(), asyncio.CancelledError(), RecursionError(), MemoryError())


@pytest.fixture(autouse=True)
def _counts() -> Iterator[None]:
    """Begin with nothing counted."""
    guard.reset()
    yield
    guard.reset()


@contextmanager
def nothing_raised() -> Iterator[None]:
    """Fail where anything comes out of the block; `SystemExit` would end the test run."""
    try:
        yield
    except BaseException:  # noqa: BLE001 see above
        raise AssertionError(traceback.format_exc()[-2000:].encode("ascii", "replace")) from None


def failing(error: BaseException) -> dict[str, Any]:
    """Return objects of which everything, or one thing, raises an error."""

    def fail(*_: object) -> Any:
        raise error

    def made(*names: str) -> Any:
        return type("Failing", (), {**dict.fromkeys(names, fail)})()

    odd = type("Failing", (), {"__class__": property(fail), "__str__": fail, "__float__": fail})()
    kind = type("Odd", (type,), {"__hash__": fail, "__eq__": fail})("Failing", (), {"__str__": fail})
    return {
        "float": made("__float__"),
        "index": made("__index__"),
        "text": made("__str__", "__repr__"),
        "truth": made("__bool__", "__len__", "__iter__"),
        "class": odd,
        "metaclass": kind(),
    }


@pytest.mark.parametrize("what", failing(SystemExit()))
@pytest.mark.parametrize("error", _EXITS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("create", _MEASURING)
def test_no_exception_of_a_value_comes_out_of_a_measurement(
    create: str, error: BaseException, what: str
) -> None:
    """As value, as attribute, as name, as attributes and as context; the measurement beside it arrives."""
    lab = Lab()
    measure = getattr(getattr(lab.meter, create)("m"), _MEASURING[create])
    odd = failing(error)[what]
    with nothing_raised():
        measure(odd)
        measure(5, {"a": odd, "good": 1})
        measure(5, {odd: 1} if what != "metaclass" else {"a": [odd]})
        measure(5, odd)
        measure(5, {}, odd)
        measure(5, {"good": 1})
    assert lab.points("m")
    assert "metrics.measure" not in guard.counts()


@pytest.mark.parametrize("what", failing(SystemExit()))
@pytest.mark.parametrize("error", _EXITS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("create", [*_MEASURING, *_OBSERVING])
def test_no_exception_of_an_argument_comes_out_of_a_creation(
    create: str, error: BaseException, what: str
) -> None:
    """Names, units, descriptions, callbacks and boundaries."""
    lab, odd = Lab(), failing(error)[what]
    with nothing_raised():
        make = getattr(lab.meter, create)
        make(odd)
        make("unit", unit=odd)
        make("words", description=odd)
        if create in _OBSERVING:
            make("callbacks", callbacks=odd)
            make("callbacks", callbacks=odd)
            make("several", callbacks=[odd])
        if create == "create_histogram":
            make("boundaries", explicit_bucket_boundaries_advisory=odd)
            make("several", explicit_bucket_boundaries_advisory=[1, odd])
        lab.provider.get_meter(odd, odd, odd, odd)
        lab.provider.get_meter("scope", attributes={"a": odd})


def test_an_interrupt_is_not_lost() -> None:
    """A Ctrl-C that comes in while a value is looked at cannot be told from one that the value raises."""
    lab = Lab()
    counter = lab.meter.create_counter("c")
    odd = failing(KeyboardInterrupt())
    for amount, attributes in ((odd["float"], None), (1, {"a": odd["text"]})):
        with pytest.raises(KeyboardInterrupt):
            counter.add(amount, attributes)
    counter.add(1)
    assert lab.values("c") == [1]


class _Printed:
    """Counts how often it is printed."""

    times = 0

    def __repr__(self) -> str:
        type(self).times += 1
        return "x"


@dataclass(frozen=True)
class _Pair:
    left: Any = field()
    right: Any = field()


@pytest.mark.parametrize("pair", [_Pair, lambda left, right: frozenset([(1, left), (2, right)])])
def test_an_attribute_is_printed_within_bounds(pair: Any) -> None:
    """Two of two of two, sixteen levels deep, would be printed 65,536 times."""
    lab = Lab()
    tree: Any = _Printed()
    for _ in range(16):
        tree = pair(tree, tree)
    _Printed.times = 0
    lab.meter.create_counter("c").add(1, {"tree": tree})
    assert _Printed.times <= 5_000
    assert lab.values("c") == [1]


def test_boundaries_without_end_are_left_out() -> None:
    """A thousand are taken; of more than that, no more than the first one too many is looked at."""
    lab, taken = Lab(), []

    def many(most: int) -> Iterator[int]:
        for number in range(most):
            taken.append(number)
            yield number

    lab.meter.create_histogram("few", explicit_bucket_boundaries_advisory=many(1000)).record(1)  # type: ignore[arg-type]
    taken.clear()
    lab.meter.create_histogram("many", explicit_bucket_boundaries_advisory=many(100_000)).record(1)  # type: ignore[arg-type]
    assert len(taken) == 1001
    points = lab.collected()
    assert len(points["few"][0].explicit_bounds) == 1000
    assert len(points["many"][0].explicit_bounds) < 100


def test_callbacks_without_end_are_cut() -> None:
    """The first thousand are taken."""
    lab, taken = Lab(), []

    def endless() -> Iterator[Any]:
        for number in range(100_000):
            taken.append(number)
            yield lambda _: [Observation(1)]

    lab.meter.create_observable_gauge("g", [*endless()][:1])
    taken.clear()
    callbacks: Any = type("Callbacks", (), {"__iter__": lambda _: endless()})()
    lab.meter.create_observable_gauge("h", callbacks)
    assert len(taken) <= 1001
    assert lab.values("h") == [1]


def test_what_is_left_out_is_said_once_of_each_metric(caplog: pytest.LogCaptureFixture) -> None:
    """Each line names its metric; a hundred metrics are named at most."""
    lab = Lab()
    for name in ("orders", "refunds"):
        counter: Any = lab.meter.create_counter(name)
        for _ in range(3):
            counter.add(None)
            counter.add(1, 7)
            counter.add(1, {str(number): number for number in range(70)})
    lab.meter.create_observable_gauge("waiting", observed(lambda: [Observation("x"), Observation(1, 7)]))  # type: ignore[arg-type]
    lab.collected()
    lab.meter.create_observable_gauge("waiting", observed(list))
    assert [each.getMessage() for each in caplog.records] == [
        "a measurement of the metric orders was left out",
        "attributes of the metric orders could not be read as a mapping and were left out",
        "attributes of the metric orders beyond 64 were left out",
        "a measurement of the metric refunds was left out",
        "attributes of the metric refunds could not be read as a mapping and were left out",
        "attributes of the metric refunds beyond 64 were left out",
        "an observation of the metric waiting was left out",
        "attributes of the metric waiting could not be read as a mapping and were left out",
        "the metric waiting has callbacks already: others are ignored",
    ]
    for number in range(200):
        lab.meter.create_counter(f"c{number}").add(None)  # type: ignore[arg-type]
    assert len(caplog.records) == 100


def test_messages_name_what_they_are_about(caplog: pytest.LogCaptureFixture) -> None:
    """In words that whoever wrote the code knows; names are cleaned and cut."""
    lab = Lab()
    meter = lab.provider.get_meter("m\n" + "x" * 500)
    meter.create_counter("orders")
    meter.create_histogram("orders")
    meter.create_up_down_counter("")
    lines = [each.getMessage() for each in caplog.records]
    spelled = ("m\\n" + "x" * 500)[:100]
    assert lines[0].startswith(
        f"the instrument orders of the meter {spelled} exists with kind counter, not histogram"
    )
    assert lines[1].startswith(
        "an instrument has no name: it measures nothing (up down counter of the meter m\\nx"
    )
    assert all(len(line) < 500 and line.isprintable() for line in lines)
