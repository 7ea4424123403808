"""When to try again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.export.destination import Answer
from ameide_telemetry.export.retries import Retries, rest_until

AGAIN = Answer("http_503", retry=True)


def pauses(retries: Retries, count: int) -> list[float]:
    return [retries.resume_at(AGAIN, 0.0, math.inf) or 0.0 for _ in range(count)]


def test_pauses_grow_to_a_bound_and_are_not_the_same_for_everybody() -> None:
    """Each is between half and all of a length that doubles from one second to thirty."""
    many = [pauses(Retries(), 100) for _ in range(20)]
    for one in many:
        assert all(
            min(2.0**number, 30) / 2 <= pause <= min(2.0**number, 30) for number, pause in enumerate(one)
        )
    assert len({one[0] for one in many}) > 10


def test_a_process_that_ends_is_in_a_hurry() -> None:
    """Two short pauses, counted from when the hurry began, and no more."""
    retries = Retries()
    pauses(retries, 5)
    retries.hurry()
    assert max(pauses(retries, 1)) <= 0.25
    retries.hurry()
    assert 0 < pauses(retries, 1)[0] <= 0.5
    assert retries.resume_at(AGAIN, 0.0, math.inf) is None


def test_no_pause_goes_past_the_limit() -> None:
    """An attempt that could not begin in time is not waited for; neither is one that would change nothing."""
    assert Retries().resume_at(AGAIN, 10.0, 10.4) is None
    assert Retries().resume_at(Answer("http_400"), 10.0, math.inf) is None


@given(asked=st.one_of(st.none(), st.floats()))
def test_what_a_peer_asks_for_is_bounded(asked: float | None) -> None:
    """Whatever the header said, the rest is between nothing and a minute."""
    rest = rest_until(Answer("http_429", retry=True, retry_after=asked), 100.0)
    assert rest is None or 100.0 <= rest <= 160.0
    assert (rest is None) == (asked is None or not asked > 0)


@pytest.mark.parametrize("asked", [0.25, 20.0])
def test_what_a_peer_asks_for_goes_before_our_own_pause(asked: float) -> None:
    """Neither shorter nor longer."""
    assert Retries().resume_at(Answer("http_429", retry=True, retry_after=asked), 1.0, math.inf) == 1 + asked
