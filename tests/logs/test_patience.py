"""How long calls wait."""

from __future__ import annotations

from ameide_telemetry.logs.patience import Patience


def _waits(patience: Patience) -> int:
    """Let calls wait in vain until they do so no more, and return how many did."""
    number = 0
    while seconds := patience.seconds():
        # On a busy machine it became longer than it was meant to be.
        patience.waited(seconds * 20)
        number += 1
        assert number < 1_000
    return number


def test_a_reader_that_stalls_is_waited_for_by_few_calls() -> None:
    """All of them together take a fraction of what an event loop may stand still; one that reads has more."""
    patience = Patience()
    assert _waits(patience) == 5
    patience.moved()
    assert _waits(patience) == 5


def test_a_reader_that_stays_behind_is_not_waited_for_for_good() -> None:
    """Though it reads; until nothing waits any more."""
    patience = Patience()
    number = 0
    while patience.seconds():
        patience.waited(patience.seconds())
        patience.moved()
        number += 1
        assert number < 1_000
    assert 50 < number < 80
    patience.caught_up()
    assert patience.seconds()
