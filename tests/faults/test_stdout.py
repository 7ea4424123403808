"""A stdout that is stalled, slow, closed or non-blocking harms no call, and no line is lost uncounted."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

from faults.kit.pipes import Reader, lines_of, talking

_HEARTBEATS = [pytest.param(2, id="quick"), pytest.param(10, id="long", marks=pytest.mark.full)]
_STORMS = [pytest.param(50_000, id="quick"), pytest.param(1_000_000, id="long", marks=pytest.mark.full)]


def _numbers(messages: list[str]) -> list[int]:
    return [int(message.split()[1]) for message in messages if message.startswith("line ")]


def _stalled_heartbeat(seconds: int) -> tuple[dict[str, Any], dict[str, Any], list[str], list[str]]:
    read, write = os.pipe()
    with talking(write, "heartbeat", seconds) as talker:
        os.close(write)
        reader = Reader(read, until=b'"message":"stall"')
        times = talker.result()
        reader.resume()
        counts = talker.result()
        assert talker.end() == 0
        lines = lines_of(reader.all())
        assert talker.errors() == []
    reader.close()
    return times, counts, lines.of("talker"), lines.of("ameide_telemetry")


@pytest.mark.parametrize("seconds", _HEARTBEATS)
def test_a_reader_that_stalls_stops_no_event_loop(seconds: int) -> None:
    """No beat is late by 50 ms and no call takes 10 ms, beyond what the machine adds to a short nap.

    When the reader comes back it gets every line that was not counted as dropped, in order, and one line
    that says how many were.
    """
    late = []
    for _ in range(4):
        times, counts, messages, own = _stalled_heartbeat(seconds)
        stalled = times["then"]
        assert stalled["dropped_by_reason"]["stream_full"] > 0
        assert stalled["queued"] > 0
        assert stalled["emitted"] == stalled["delivered"] + stalled["dropped"] + stalled["queued"]
        assert counts["queued"] == 0
        assert counts["delivered"] == len(messages) + len(own)
        assert counts["emitted"] == counts["delivered"] + counts["dropped"]
        numbers = _numbers(messages)
        assert numbers == list(range(len(numbers)))
        assert own == [f"{counts['dropped']} log lines were lost because stdout did not take them"]
        gap = times["stalled_gap"] - times["reference_gap"]
        call = times["stalled_call"] - times["late_from_nap"]
        late.append((gap, call))
        if gap < 0.05 and call < 0.01:
            return
    # A machine that is busy with something else does that once or twice, not four times.
    pytest.fail(f"seconds beyond the reference, for a beat and for a call: {late}")


def test_a_reader_that_comes_back_soon_loses_nothing() -> None:
    """What a short stall holds up fits into what may wait."""
    read, write = os.pipe()
    with talking(write, "flood", "a", 1_500, 500) as talker:
        os.close(write)
        reader = Reader(read, until=b"a 20 ")
        assert reader.stalled.wait(60)
        time.sleep(0.2)
        reader.resume()
        counts = talker.result()
        assert talker.end() == 0
        messages = lines_of(reader.all()).of("talker")
    reader.close()
    assert (counts["emitted"], counts["delivered"]) == (1_500, 1_500)
    assert [int(message.split()[1]) for message in messages] == list(range(1_500))


@pytest.mark.parametrize("policy", ["drop", "block"])
@pytest.mark.parametrize(
    ("talker_name", "blocking"),
    [
        ("flood", True),
        ("flood", False),
        pytest.param("without_rights", True, marks=pytest.mark.full),
        ("without_rights", False),
    ],
)
def test_a_slow_reader_gets_whole_lines(policy: str, *, blocking: bool, talker_name: str) -> None:
    """Also where somebody made stdout non-blocking, and where it cannot be opened once more.

    What arrived and what was counted as dropped is what was emitted; `block` drops nothing; and the flags
    that stdout shares with other processes are as they were.
    """
    if talker_name == "without_rights" and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    read, write = os.pipe()
    os.set_blocking(write, blocking)
    arguments = ("a", 5_000, 2_000) if talker_name == "flood" else (5_000,)
    with talking(write, talker_name, *arguments, policy) as talker:
        assert os.get_blocking(write) is blocking
        os.close(write)
        reader = Reader(read, pause=0.0005, until=b" 200 ")
        assert reader.stalled.wait(60)
        time.sleep(0.5)
        reader.resume()
        counts = talker.result()
        assert talker.end() == 0
        lines = lines_of(reader.all())
        assert talker.errors() == []
    reader.close()
    assert counts["blocking"] is blocking
    assert counts["delivered"] == len(lines.records)
    assert counts["emitted"] == counts["delivered"] + counts["dropped"]
    assert counts["emitted"] - len(lines.of("ameide_telemetry")) == 5_000
    if policy == "block":
        assert counts["dropped"] == 0


def test_a_closed_stdout_is_said_once() -> None:
    """10,000 records make one line on stderr, and a number."""
    read, write = os.pipe()
    with talking(write, "flood", "a", 10_000, 100) as talker:
        os.close(write)
        os.close(read)
        counts = talker.result()
        assert talker.end() == 0
        errors = talker.errors()
    # The line that would say at the end how many were lost is the last of them.
    assert counts["dropped_by_reason"] == {"stream_closed": 10_001}
    assert (counts["emitted"], counts["delivered"], counts["queued"]) == (10_001, 0, 0)
    assert len(errors) == 1
    assert b"stdout takes no log lines" in errors[0]


@pytest.mark.parametrize("size", [10, 4_000, 15_000])
def test_a_line_is_in_the_pipe_when_the_call_returns(size: int) -> None:
    """A process that is killed right after the call has written it."""
    read, write = os.pipe()
    with talking(write, "killed", size) as talker:
        os.close(write)
        reader = Reader(read)
        assert talker.end() == -9
        messages = lines_of(reader.all()).of("talker")
    reader.close()
    assert messages == ["x" * size]


def test_what_waits_at_the_end_of_the_process_is_counted() -> None:
    """A reader that never reads delays the end a little, and the exit code stays."""
    read, write = os.pipe()
    with talking(write, "leave", 4_000) as talker:
        os.close(write)
        counts = talker.result()
        assert talker.end() == 7
        reader = Reader(read)
        lines = lines_of(reader.all())
    reader.close()
    assert counts["queued"] == 0
    assert counts["dropped_by_reason"]["shutdown"] > 0
    assert counts["delivered"] == len(lines.records)
    assert counts["emitted"] == counts["delivered"] + counts["dropped"] == 4_000


def test_what_waits_at_the_end_of_the_process_is_written() -> None:
    """A reader that comes back in time gets it."""
    read, write = os.pipe()
    with talking(write, "leave", 1_000) as talker:
        os.close(write)
        reader = Reader(read, until=b"line 1 ")
        assert reader.stalled.wait(60)
        time.sleep(0.1)
        reader.resume()
        counts = talker.result()
        assert talker.end() == 7
        numbers = _numbers(lines_of(reader.all()).of("talker"))
    reader.close()
    assert (counts["delivered"], counts["dropped"]) == (1_000, 0)
    assert numbers == list(range(1_000))


def test_a_signal_handler_may_log_in_the_middle_of_it() -> None:
    """Neither deadlock nor torn line, and no count is lost."""
    read, write = os.pipe()
    with talking(write, "interrupted", 1) as talker:
        os.close(write)
        reader = Reader(read)
        counts = talker.result()
        assert talker.end() == 0
        lines = lines_of(reader.all())
    reader.close()
    assert counts["queued"] == 0
    assert counts["delivered"] == len(lines.records)
    assert counts["emitted"] - len(lines.of("ameide_telemetry")) == counts["calls"]
    assert any(message.startswith("handler") for message in lines.of("talker"))


@pytest.mark.parametrize("count", _STORMS)
def test_a_storm_is_limited_and_counted(count: int) -> None:
    """Each second passes 100 lines of one template; the rest is counted, and what is said adds up."""
    read, write = os.pipe()
    with talking(write, "storm", count, 100) as talker:
        os.close(write)
        reader = Reader(read)
        begun = time.monotonic()
        counts = talker.result()
        took = time.monotonic() - begun
        assert talker.end() == 0
        lines = lines_of(reader.all())
    reader.close()
    said = [record for record in lines.records if "suppressed" in record]
    suppressed = sum(record["suppressed"] for record in said)
    passed = len(_numbers(lines.of("talker")))
    assert passed + suppressed == count
    assert 100 <= passed <= 100 * (took + 2)
    assert counts["dropped_by_reason"] == {"storm": suppressed}
    assert counts["emitted"] == count + 1 + len(said)
    assert "an error" in lines.of("talker")
    expected = "lines of logger talker at level info within one second, all like: line %d"
    assert all(expected in record["message"] for record in said)


@pytest.mark.skipif(sys.platform != "linux", reason="fills the pipe by opening it once more")
def test_what_was_suppressed_delays_no_end() -> None:
    """Not even where calls wait for as long as the reader stalls: the end has a time of its own."""
    read, write = os.pipe()
    with talking(write, "suppressed", 0.5) as talker:
        os.close(write)
        assert talker.result()["took"] < 5
        assert talker.end() == 0
    os.close(read)
