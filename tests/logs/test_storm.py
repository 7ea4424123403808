"""Storms of one kind of line are limited, and what is suppressed is counted and said."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry import bind_context, bound_context
from ameide_telemetry.logs.event import Event
from ameide_telemetry.logs.storm import StormLimit, StormWriter
from support.lines import installed

if TYPE_CHECKING:
    from pathlib import Path


class _Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _event(message: str = "m", level: int = logging.INFO, template: str | None = None) -> Event:
    return Event(0.0, level, "shop", message, template=template)


def test_each_second_passes_so_many_lines_of_a_kind() -> None:
    """What is over the limit is counted, and told with the next line after the second."""
    clock = _Clock()
    limit = StormLimit(3, clock)
    judged = [limit.judge(_event(f"order {number}", template="order %d")) for number in range(10)]
    assert [passes for passes, _ in judged] == [True] * 3 + [False] * 7
    assert all(over == [] for _, over in judged)
    clock.now += 0.9
    assert limit.judge(_event("another")) == (True, [])
    clock.now += 0.2
    passes, over = limit.judge(_event("another"))
    assert passes
    assert [(each.kind.template, each.kind.logger, each.count) for each in over] == [("order %d", "shop", 7)]
    assert limit.judge(_event("order 1", template="order %d")) == (True, [])
    assert limit.finish() == []


def test_kinds_differ_by_logger_level_and_template() -> None:
    """A storm of one hides no other line."""
    limit = StormLimit(1, _Clock())
    events = [
        _event("a"),
        _event("b"),
        _event("a", logging.WARNING),
        _event("a")._replace(logger="other"),
        _event("a", template="t"),
    ]
    assert [limit.judge(event)[0] for event in events * 2] == [True] * 5 + [False] * 5
    assert sorted(each.count for each in limit.finish()) == [1] * 5


@pytest.mark.parametrize("limit", [0, 1, 5])
@pytest.mark.parametrize("level", [logging.ERROR, logging.CRITICAL])
def test_errors_are_never_limited_to_nothing(limit: int, level: int) -> None:
    """Each second at least one of a kind passes."""
    clock = _Clock()
    limited = StormLimit(limit, clock)
    for _ in range(5):
        passed = [limited.judge(_event("broken", level))[0] for _ in range(20)]
        assert passed.count(True) == max(1, limit)
        clock.now += 1.0


def test_the_number_of_kinds_is_bounded() -> None:
    """Where every line is a kind of its own, nothing is kept for ever, and no count is lost."""
    limit = StormLimit(1, _Clock())
    told = 0
    for number in range(5_000):
        _, over = limit.judge(_event(f"kind {number}"))
        told += sum(each.count for each in over)
        passes, over = limit.judge(_event(f"kind {number}"))
        assert not passes
        told += sum(each.count for each in over)
    assert len(limit._windows) == 1_000
    assert told + sum(each.count for each in limit.finish()) == 5_000
    limit.judge(_event("x" * 1_000_000))
    assert max(len(kind.template) for kind in limit._windows) == 200


def test_a_handler_in_the_middle_of_it_passes() -> None:
    """A signal handler that logs while a line is judged changes nothing under its feet."""
    limit = StormLimit(1)
    limit._clock = lambda: float(limit.judge(_event("from the handler"))[0])
    assert limit.judge(_event()) == (True, [])
    assert len(limit._windows) == 1


def test_lines_of_all_front_ends_are_limited_by_their_template(tmp_path: Path) -> None:
    """The ledger balances, and what is said names logger, level and template, but no request."""
    with installed(tmp_path, capture_streams=False, storm_limit=2) as lines:
        writer = lines.installation.writer
        assert isinstance(writer, StormWriter)
        clock = writer._storm._clock = _Clock()
        with bound_context():
            bind_context(tenant_id="acme")
            for number in range(50):
                logging.getLogger("shop").warning("order %d lost", number)
            clock.now += 2
            logging.getLogger("shop").warning("quiet")
        found = lines.all()
        assert [line["message"] for line in found if line["logger"] == "shop"] == [
            "order 0 lost",
            "order 1 lost",
            "quiet",
        ]
        said = next(line for line in found if line["logger"] == "ameide_telemetry")
        assert said["message"] == (
            "suppressed 48 lines of logger shop at level warning within one second, all like: order %d lost"
        )
        assert (said["suppressed"], said["suppressed_logger"], said["level"]) == (48, "shop", "warning")
        assert "tenant_id" not in said
        counts = lines.ledger.lines.counts()
        assert counts["dropped_by_reason"] == {"storm": 48}
        assert (counts["emitted"], counts["delivered"]) == (52, 4)


def test_records_over_otlp_are_limited_too(tmp_path: Path) -> None:
    """What is suppressed is counted for each way that a line would have gone."""
    with installed(tmp_path, capture_streams=False, storm_limit=1) as lines:
        seen: list[Event] = []
        lines.installation.writer.records = seen.append
        for _ in range(5):
            logging.getLogger("shop").warning("same")
        assert [event.message for event in seen] == ["same"]
        assert lines.ledger.logs.counts()["dropped_by_reason"] == {"storm": 4}
        lines.installation.writer.lines = False
        logging.getLogger("shop").warning("same")
        assert lines.ledger.lines.counts()["dropped_by_reason"] == {"storm": 4}
        assert lines.ledger.logs.counts()["dropped_by_reason"] == {"storm": 5}


def test_a_forked_child_begins_anew(tmp_path: Path) -> None:
    """What the parent suppressed is the parent's to say, and a lock that was held does not stop the child."""
    with installed(tmp_path, capture_streams=False, storm_limit=1) as lines:
        writer = lines.installation.writer
        assert isinstance(writer, StormWriter)
        parent = writer._storm
        parent.pid = os.getpid() + 1
        for _ in range(3):
            logging.getLogger("shop").warning("same")
        assert writer._storm is not parent
        assert [line["message"] for line in lines.all()] == ["same"]
