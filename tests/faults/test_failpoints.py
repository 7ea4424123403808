"""Wherever telemetry fails in a request or a logging call, the application does what it does without it."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from faults.kit.boundaries import BOUNDARIES
from faults.kit.laboratory import Laboratory, failpoints
from faults.kit.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.kit.failpoints import Failpoint

_FAILPOINTS: Final = failpoints()
# An exposed place is a boundary, or the test below that lists them fails: nothing to inject there.
_GUARDED: Final = [each for each in _FAILPOINTS if not (each.exposed and each.boundary)]
_MOST_PASSES: Final = 2
# Where the bare service behaves differently, for the better with telemetry: its root logger is at WARNING,
# structlog raises what it cannot format, and a server hears nothing of the end without a lifespan.
_IMPROVED: Final = frozenset(
    {"asgi-no-lifespan", "log-info", "log-bad-format", "log-dict", "structlog", "structlog-own"}
)


def _one_of_each_kind() -> list[Failpoint]:
    """Return each failpoint once per kind of front end; the other scenarios repeat it."""
    families = {each.name: each.family for each in SCENARIOS}
    found: dict[tuple[str, tuple[str, str]], Failpoint] = {}
    for each in _GUARDED:
        found.setdefault((families[each.scenario], each.edge), each)
    return list(found.values())


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    """The process in which things fail."""
    started = Laboratory()
    yield started
    started.close()


@pytest.fixture(scope="module")
def expected(laboratory: Laboratory) -> Any:
    """What a scenario does when nothing fails."""
    return cache(laboratory.run)


@pytest.mark.parametrize("failpoint", _one_of_each_kind(), ids=str)
def test_a_failure_stays_inside(laboratory: Laboratory, expected: Any, failpoint: Failpoint) -> None:
    """At the first pass: response, exception, result are the same, the failure is counted, all recovers."""
    _check(laboratory.inject(failpoint), expected(failpoint.scenario))


@pytest.mark.full
@pytest.mark.parametrize("scenario", [each.name for each in SCENARIOS])
def test_every_failure_of_a_scenario_stays_inside(
    laboratory: Laboratory, expected: Any, scenario: str
) -> None:
    """Every failpoint of every scenario, those of the quick part too, and their second pass."""
    for failpoint in _GUARDED:
        if failpoint.scenario == scenario:
            for at in range(1, min(failpoint.times, _MOST_PASSES) + 1):
                _check(laboratory.inject(failpoint, at), expected(scenario))


def _check(answer: dict[str, Any], expected: dict[str, Any]) -> None:
    failed, after = answer["failed"], answer["after"]
    assert failed["fired"]
    assert failed["seen"] in (expected["seen"], expected["bare"])
    complete = failed["emitted"] == expected["emitted"] and len(failed["lines"]) == len(expected["lines"])
    assert failed["caught"] or complete, "something is missing, and nothing counted it"
    for line in failed["lines"]:
        json.loads(line)
    assert after["seen"] == expected["seen"]
    assert after["emitted"] == expected["emitted"]
    assert len(after["lines"]) == len(expected["lines"])


@pytest.mark.parametrize("scenario", [each.name for each in SCENARIOS])
def test_telemetry_changes_nothing(expected: Any, scenario: str) -> None:
    """With nothing failing, the application does what it does without telemetry."""
    answer = expected(scenario)
    assert (answer["bare"] == answer["seen"]) != (scenario in _IMPROVED), answer


def test_what_is_exposed_is_a_boundary() -> None:
    """What the functions that others call do, they do inside a guard."""
    exposed = {each.edge for each in _FAILPOINTS if each.exposed and not each.boundary}
    assert not exposed, "\n".join(sorted(map(" calls ".join, exposed)))


def test_every_boundary_exists() -> None:
    """The list of boundaries holds nothing that is not called."""
    called = {each.callee for each in _FAILPOINTS}
    assert set(BOUNDARIES) <= called, set(BOUNDARIES) - called


def test_every_front_end_is_among_the_scenarios() -> None:
    """The list was not cut short: each room that a request or a logging call enters has failpoints."""
    rooms = {each.callee.split(".")[1] for each in _GUARDED if not each.foreign}
    # The ledger is entered as well, but its counters are steps of the interpreter's own, without a frame.
    assert rooms >= {"integrations", "context", "logs", "traces", "metrics", "propagation", "export"}
    assert len(_one_of_each_kind()) > 1000
