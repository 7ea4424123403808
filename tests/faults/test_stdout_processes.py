"""Several processes share one stdout, and none tears a line of another."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import pytest

from faults.kit.pipes import Lines, Reader, lines_of, talking

_WRITERS = "abcd"
_EACH = 1_500


def _shared(
    policy: str, *, pause: float = 0.0, writers: str = _WRITERS, each: int = _EACH, longest: int = 15_800
) -> tuple[Lines, list[dict[str, Any]]]:
    read, write = os.pipe()
    with ExitStack() as stack:
        # Beside the text a line has about 200 bytes: the longest has 16,000.
        talkers = [
            stack.enter_context(talking(write, "flood", name, each, longest, policy)) for name in writers
        ]
        os.close(write)
        reader = Reader(read, pause=pause)
        counts = [talker.result() for talker in talkers]
        assert [talker.end() for talker in talkers] == [0] * len(writers)
        lines = lines_of(reader.all())
    reader.close()
    return lines, counts


def test_four_writers_that_wait_lose_and_tear_nothing() -> None:
    """All of 6,000 lines of up to 16,000 bytes arrive whole, each writer's in order."""
    lines, counts = _shared("block")
    assert all(each["emitted"] == each["delivered"] == _EACH for each in counts)
    messages = lines.of("talker")
    assert len(messages) == 6_000
    for name in _WRITERS:
        own = [message for message in messages if message.startswith(f"{name} ")]
        assert [int(message.split()[1]) for message in own] == list(range(_EACH))
        assert all(set(message.split()[-1]) <= set(name + "0123456789") for message in own)


@pytest.mark.parametrize("pause", [0.0, pytest.param(0.0005, marks=pytest.mark.full)])
def test_four_writers_that_do_not_wait_tear_nothing(pause: float) -> None:
    """Whatever is dropped because four floods are more than one reader takes is counted."""
    lines, counts = _shared("drop", pause=pause)
    assert sum(each["delivered"] for each in counts) == len(lines.records)
    assert sum(each["emitted"] for each in counts) == 6_000 + len(lines.of("ameide_telemetry"))
    assert all(each["queued"] == 0 for each in counts)
    for name in _WRITERS:
        own = [message for message in lines.of("talker") if message.startswith(f"{name} ")]
        assert sorted(own, key=lambda message: int(message.split()[1])) == own


@pytest.mark.parametrize("longest", [100, pytest.param(15_000, marks=pytest.mark.full)])
def test_writers_of_a_reader_that_reads_leave_nothing_behind(longest: int) -> None:
    """Eight floods take turns: hardly any line is dropped, or waits when the last call has returned.

    None is, unless the machine takes the processor from the reader or from a writer in its turn.
    """
    left = []
    for _ in range(12):
        lines, counts = _shared("drop", writers="abcdefgh", each=200, longest=longest)
        assert sum(each["delivered"] for each in counts) == len(lines.records)
        left.append([(each["dropped"], each["waiting"]) for each in counts])
        if sum(map(sum, left[-1])) < 1_600 * 0.02:
            return
    # A machine that is busy with something else does that now and then, not a dozen times.
    pytest.fail(f"dropped and waiting: {left}")


@pytest.mark.parametrize("name", ["forks", "silent_forks"])
def test_children_of_a_process_whose_threads_log(name: str) -> None:
    """A lock that another thread holds at the fork blocks no child, also where Python is not told of it."""
    read, write = os.pipe()
    with talking(write, name, 30) as talker:
        os.close(write)
        reader = Reader(read)
        counts = talker.result()
        assert talker.end() == 0
        lines = lines_of(reader.all())
    reader.close()
    messages = lines.of("talker")
    assert counts["failed"] == 0
    assert len([message for message in messages if message.startswith("child")]) == 150
    # From Python 3.12 on, the interpreter warns of a fork while there are threads.
    own = [message for message in messages if message.startswith("parent")] + lines.of("py.warnings")
    assert counts["delivered"] == len(own)
