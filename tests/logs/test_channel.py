"""A stream whose reader stalls, and whatever comes in between."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from ameide_telemetry.ledger import SignalLedger
from ameide_telemetry.logs import outbox, patience
from ameide_telemetry.logs.channel import Channel
from ameide_telemetry.logs.outbox import BACKLOG_BYTES
from ameide_telemetry.logs.outlet import open_outlet
from ameide_telemetry.logs.sink import Sink
from ameide_telemetry.logs.turn import Turn
from support.piped import Piped, totals

if TYPE_CHECKING:
    from collections.abc import Callable


def test_lines_wait_while_nobody_reads_and_leave_in_order(piped: Piped) -> None:
    """A thread writes them when the reader is back, and later lines come after them."""
    for number in range(300):
        piped.sink.write(b"%05d" % number + b"x" * 994 + b"\n")
    assert 200 < piped.queued < 300
    lines = piped.received_all()
    assert [int(line[:5]) for line in lines] == list(range(300))
    piped.sink.write(b"last\n")
    assert piped.received() == b"last\n"
    assert totals(piped.ledger) == (301, 301, {})


@pytest.mark.usefixtures("no_thread")
def test_without_a_thread_later_calls_write_what_waits(piped: Piped) -> None:
    """As in a server that runs none."""
    number = piped.fill()
    assert piped.queued == 1
    assert piped.received().count(b"\n") == number - 1
    piped.sink.write(b"next\n")
    assert piped.received() == b"x" * 999 + b"\nnext\n"
    assert totals(piped.ledger) == (number + 1, number + 1, {})


@pytest.mark.usefixtures("no_thread")
def test_lines_that_find_no_room_are_counted_and_said_once_a_minute(
    piped: Piped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that waited longest stay; what was lost is one line when the reader is back."""
    for number in range(3_000):
        piped.sink.write(b"%05d" % number + b"x" * 994 + b"\n")
    emitted, _, dropped = totals(piped.ledger)
    assert emitted == 3_000
    assert dropped == {"stream_full": 3_000 - 1_048 - piped.ledger.counts()["delivered"]}
    assert piped.queued == BACKLOG_BYTES // 1_000
    received = piped.received()
    while piped.queued:
        piped.sink.flush()
        received += piped.received()
    lines = received.split(b"\n")[:-1]
    assert [int(line[:5]) for line in lines[:-1]] == list(range(len(lines) - 1))
    lost = dropped["stream_full"]
    said = f"{lost} log lines were lost because stdout did not take them"
    assert lines[-1] == f"{said} {{'dropped_by_reason': {{'stream_full': {lost}}}}}".encode()
    for _ in range(1_100 + piped.fill()):
        piped.sink.write(b"y" * 999 + b"\n")
    received = piped.received()
    while piped.queued:
        piped.sink.flush()
        received += piped.received()
    assert b"lost" not in received
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 61)
    piped.sink.write(b"z\n")
    piped.sink.flush()
    assert b"lost because" in piped.received()


@pytest.mark.usefixtures("no_thread")
def test_half_a_line_is_completed_before_anything_else(piped: Piped) -> None:
    """Also when everything that waits behind it was given up."""
    line = b"a" * 9_999 + b"\n"
    number = piped.fill(line)
    received = piped.received()
    assert len(received) % 10_000
    piped.sink.write(b"b\n")
    received += piped.received()
    assert received == line * number + b"b\n"
    number = piped.fill(line)
    piped.sink.drain(time.monotonic())
    assert totals(piped.ledger)[2] == {"shutdown": 1}
    received = piped.received()
    piped.sink.write(b"c\n")
    received += piped.received()
    assert received.startswith(line * number + b"c\n1 log lines were lost")
    assert piped.queued == 0


@pytest.mark.usefixtures("no_thread")
def test_after_the_end_lines_are_tried_and_never_wait(piped: Piped) -> None:
    """The end of the process counts what waits; a late line is written, or counted."""
    number = piped.fill()
    begun = time.monotonic()
    piped.sink.drain(begun + 0.1)
    assert time.monotonic() - begun >= 0.1
    assert totals(piped.ledger) == (number, number - 1, {"shutdown": 1})
    piped.sink.write(b"late\n")
    assert (piped.queued, totals(piped.ledger)[2]) == (0, {"shutdown": 2})
    piped.received()
    piped.sink.write(b"late\n")
    assert piped.received().startswith(b"late\n")


def test_the_end_says_what_was_lost(piped: Piped) -> None:
    """Even if that was said a moment ago: nobody could say it later."""
    losses = piped.channel.outbox.losses
    piped.sink.write(b"one\n")
    losses.add("stream_full", 3)
    losses.take()
    losses.add("stream_full", 4)
    piped.sink.write(b"two\n")
    piped.sink.drain(time.monotonic() + 5)
    assert piped.received().startswith(b"one\ntwo\n4 log lines were lost")


def test_what_logs_in_the_middle_of_a_line_comes_after_it(piped: Piped) -> None:
    """A signal handler that interrupts this very thread inside the sink tears nothing and loses no count."""
    found = piped.channel
    piped.sink.write(b"one\n")
    fast = found.outbox.fast

    def interrupted(data: bytes) -> int:
        written = fast(data[:2])
        piped.sink.write(b"handler\n")
        piped.sink.drain(time.monotonic() + 1)
        return written

    found.outbox.fast = interrupted
    piped.sink.write(b"two\n")
    assert piped.received() == b"one\ntwo\nhandler\n"
    assert totals(piped.ledger) == (3, 3, {})


def test_a_handler_that_raises_leaves_the_sink_usable(piped: Piped) -> None:
    """As Ctrl-C does: what waited still waits, its own line too, and nothing is written twice."""
    number = piped.fill(b"a" * 9_999 + b"\n")

    def raise_it(*_arguments: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, raise_it)
    found = Sink(piped.stream, piped.ledger, blocks=True, earlier=piped.sink)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            found.write(b"b\n")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    received = b"".join(line + b"\n" for line in piped.received_all())
    assert received == b"".join([b"a" * 9_999 + b"\n"] * number) + b"b\n"
    found.write(b"c\n")
    assert piped.received() == b"c\n"


@pytest.mark.usefixtures("no_thread")
@pytest.mark.parametrize("stream", ["text", "pipe"])
def test_a_fork_gets_a_free_lock(stream: str, piped: Piped) -> None:
    """The copy of a held lock would block the child for ever, and what waits is the parent's."""
    if stream == "text":
        sink, ledger = Sink(io.StringIO(), SignalLedger()), None
    else:
        sink, ledger = piped.sink, piped.ledger
        piped.fill()
    parent = sink.channel
    inherited: Any = (
        parent.outbox.turn.outlet.descriptor if isinstance(parent, Channel) and parent.outbox.turn else None
    )
    parent._lock.acquire()
    parent.pid += 1
    done = threading.Thread(target=sink.after_fork)
    done.start()
    done.join(10)
    heir = sink.channel
    assert heir is not parent
    assert heir.pid == os.getpid()
    sink.after_fork()
    assert sink.channel is heir
    assert parent.heir() is heir
    parent._lock.release()
    if ledger is not None:
        assert ledger.counts()["emitted"] == 0
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(inherited)


def test_the_thread_ends_when_nothing_waits(piped: Piped, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there only while a reader is behind, and it is started again when that happens again."""
    started: list[Callable[[], None]] = []
    monkeypatch.setattr("_thread.start_new_thread", lambda work, _arguments: started.append(work))
    piped.fill()
    piped.sink.write(b"more\n")
    assert len(started) == 1
    piped.received()
    thread = threading.Thread(target=started.pop())
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert piped.queued == 0
    piped.received()
    piped.fill()
    assert len(started) == 1


@pytest.mark.usefixtures("no_thread")
def test_the_thread_writes_nothing_of_its_own(piped: Piped) -> None:
    """When what waited has left without it, the stream may be closed, and its number another file's."""
    piped.sink.write(b"one\n")
    piped.channel.outbox.losses.add("stream_full", 3)
    piped.channel._drain()
    assert piped.received() == b"one\n"


def test_the_thread_ends_with_the_process(piped: Piped) -> None:
    """It takes no lock any more once the end has begun, for it could not give it back."""
    found = piped.channel
    piped.fill()
    found._closing = True
    with found._lock:
        thread = threading.Thread(target=found._drain)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()


def test_what_breaks_in_here_breaks_no_call(piped: Piped, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of our own on the way of a line that has to wait is counted, not raised."""
    monkeypatch.setattr("ameide_telemetry.guard._inside_test", lambda: False)
    monkeypatch.setattr(outbox, "open_outlet", lambda _descriptor: 1 / 0)
    piped.sink.write(b"one\n")
    monkeypatch.undo()
    piped.sink.write(b"two\n")
    assert piped.received().endswith(b"two\n")


@pytest.fixture
def long_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have calls wait so long that what happens meanwhile does so on a busy machine too."""
    monkeypatch.setattr(patience, "_CALL_SECONDS", 1.0)
    monkeypatch.setattr(patience, "_IN_VAIN_SECONDS", 100.0)
    monkeypatch.setattr(patience, "_BEHIND_SECONDS", 100.0)


@pytest.mark.usefixtures("no_thread")
def test_a_call_waits_for_its_turn_also_behind_lines_that_wait(
    piped: Piped, request: pytest.FixtureRequest
) -> None:
    """As long as another process keeps it for a moment only, nothing piles up."""
    piped.sink.write(b"one\n")
    ready, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        other = Turn(open_outlet(piped.write))
        other.take()
        os.write(say, b"x")
        signal.pause()
    os.read(ready, 1)
    for end in (ready, say):
        os.close(end)
    piped.sink.write(b"two\n")
    assert piped.queued == 1
    request.getfixturevalue("long_patience")
    timer = threading.Timer(0.1, os.kill, (pid, signal.SIGKILL))
    timer.start()
    piped.sink.write(b"three\n")
    assert piped.queued == 0
    assert piped.received() == b"one\ntwo\nthree\n"
    timer.join(10)
    os.waitpid(pid, 0)


def test_the_waits_of_threads_do_not_add_up(piped: Piped, request: pytest.FixtureRequest) -> None:
    """Each call has its own time, however many wait with it; also those that find no room."""
    piped.fill()
    request.getfixturevalue("long_patience")
    took = []

    def write(line: bytes) -> None:
        begun = time.monotonic()
        piped.sink.write(line)
        took.append(time.monotonic() - begun)

    lines = [b"y" * 999 + b"\n"] * 6 + [b"z" * BACKLOG_BYTES + b"\n"] * 2
    threads = [threading.Thread(target=write, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(took) == len(lines)
    assert max(took) < 3
    assert totals(piped.ledger)[2] == {"stream_full": 2}


def test_a_line_without_room_gets_it_while_its_call_waits(
    piped: Piped, request: pytest.FixtureRequest
) -> None:
    """Those before it leave as soon as somebody reads."""
    number = piped.fill()
    request.getfixturevalue("long_patience")
    received: list[bytes] = []
    reader = threading.Timer(0.1, lambda: received.append(piped.received()))
    reader.start()
    piped.sink.write(b"z" * BACKLOG_BYTES + b"\n")
    reader.join(10)
    assert totals(piped.ledger)[2] == {}
    for _ in range(2_000):
        waiting = piped.queued
        received.append(piped.received())
        if not waiting:
            break
        time.sleep(0.005)
    lines = b"".join(received).splitlines()
    assert len(lines) == number + 1
    assert lines[-1] == b"z" * BACKLOG_BYTES


def test_a_deadline_ends_waits_that_have_no_end(piped: Piped) -> None:
    """For the end of the process; afterwards calls wait as before."""
    found = Sink(piped.stream, piped.ledger, blocks=True, earlier=piped.sink)
    found.hurry(time.monotonic() + 0.2)
    begun = time.monotonic()
    while not piped.queued:
        found.write(b"x" * 999 + b"\n")
    assert time.monotonic() - begun >= 0.2
    found.resume()
    waiting = threading.Thread(target=found.write, args=(b"last\n",))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    assert piped.received_all()[-1] == b"last"
    waiting.join(10)
    assert not waiting.is_alive()


@pytest.mark.usefixtures("no_thread")
@pytest.mark.parametrize("blocks", [False, True])
def test_a_signal_handler_does_not_wait_on_top_of_a_call_that_waits(
    piped: Piped, request: pytest.FixtureRequest, *, blocks: bool
) -> None:
    """Or handlers would pile up on one another; where no line is given up theirs needs no room."""
    piped.fill()
    request.getfixturevalue("long_patience")
    found = Sink(piped.stream, piped.ledger, blocks=blocks, earlier=piped.sink)
    found.hurry(time.monotonic() + 3)
    took = []

    def handle(_signal: int, _frame: object) -> None:
        begun = time.monotonic()
        found.write(b"h" * BACKLOG_BYTES + b"\n")
        took.append(time.monotonic() - begun)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        found.write(b"b\n")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert took[0] < 0.5
    assert totals(piped.ledger)[2] == ({} if blocks else {"stream_full": 1})
