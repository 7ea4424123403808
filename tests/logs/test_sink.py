"""Where lines leave the process."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ameide_telemetry.ledger import SignalLedger
from ameide_telemetry.logs import outlet
from ameide_telemetry.logs.sink import Sink
from support.piped import Piped, totals

if TYPE_CHECKING:
    from pathlib import Path


def test_a_line_is_in_the_pipe_when_the_call_returns(piped: Piped) -> None:
    """No buffer of ours holds it back."""
    piped.sink.write(b"one\n")
    assert os.read(piped.read, 10) == b"one\n"
    piped.sink.write(b"two\n")
    assert os.read(piped.read, 10) == b"two\n"
    assert totals(piped.ledger) == (2, 2, {})


def test_nothing_is_opened_before_the_first_line() -> None:
    """A server's parent that never logs has no descriptor that its workers inherit."""
    found = Piped()
    assert found.channel.outbox.turn is None
    found.close()


def test_the_stream_of_others_stays_as_it_is(piped: Piped) -> None:
    """Only our own open file is non-blocking, and programs that are started do not inherit it."""
    piped.sink.write(b"one\n")
    assert os.get_blocking(piped.write)
    turn = piped.channel.outbox.turn
    assert turn is not None
    if sys.platform == "linux":
        assert turn.outlet.descriptor != piped.write
        assert not os.get_blocking(turn.outlet.descriptor)
        assert not os.get_inheritable(turn.outlet.descriptor)


def test_threads_never_tear_a_line(tmp_path: Path) -> None:
    """Lines longer than any buffer stay whole."""
    path = tmp_path / "out"
    ledger = SignalLedger()
    with path.open("w") as stream:
        sink = Sink(stream, ledger)

        def write(letter: bytes) -> None:
            for _ in range(200):
                sink.write(letter * 9_000 + b"\n")

        threads = [threading.Thread(target=write, args=(bytes([65 + number]),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    found = path.read_bytes().splitlines()
    assert len(found) == 800
    assert all(len(set(line)) == 1 for line in found)
    assert totals(ledger) == (800, 800, {})


def test_a_call_waits_for_the_reader_only_where_that_is_asked_for() -> None:
    """`blocks` loses nothing, however long it takes."""
    found = Piped(blocks=True)
    received = bytearray()

    def read() -> None:
        time.sleep(0.3)
        while chunk := os.read(found.read, 1 << 16):
            received.extend(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(3_000):
        found.sink.write(b"%05d" % number + b"x" * 994 + b"\n")
    found.sink.drain(time.monotonic() + 10)
    found.stream.close()
    turn = found.channel.outbox.turn
    assert turn is not None
    turn.outlet.close()
    reader.join(60)
    lines = bytes(received).split(b"\n")[:-1]
    assert [int(line[:5]) for line in lines] == list(range(3_000))
    assert totals(found.ledger) == (3_000, 3_000, {})
    found.close()


def test_a_closed_descriptor_is_counted_and_said_once(
    piped: Piped, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is raised; the loss has a number and a reason, and stderr has one line."""
    with (tmp_path / "stderr").open("w+") as stderr:
        monkeypatch.setattr(sys, "__stderr__", stderr)
        os.close(piped.read)
        for _ in range(10):
            piped.sink.write(b"lost\n")
        assert totals(piped.ledger) == (10, 0, {"stream_closed": 10})
        assert (tmp_path / "stderr").read_text().count("\n") == 1
        piped.stream.close()
        piped.sink.write(b"lost\n")
        assert totals(piped.ledger) == (11, 0, {"stream_closed": 11})


@pytest.mark.usefixtures("no_thread")
def test_a_redirected_descriptor_is_followed(piped: Piped, tmp_path: Path) -> None:
    """As a daemon does with its standard streams; a half line cannot be completed elsewhere."""
    number = piped.fill(b"a" * 9_999 + b"\n")
    with (tmp_path / "out").open("w") as other:
        os.dup2(other.fileno(), piped.write)
        piped.sink.write(b"two\n")
        piped.sink.write(b"three\n")
    lost = (
        " 1 log lines were lost because stdout did not take them {'dropped_by_reason': {'stream_closed': 1}}"
    )
    assert (tmp_path / "out").read_text() == f"two\n{lost.lstrip()}\nthree\n"
    assert totals(piped.ledger) == (number + 3, number + 2, {"stream_closed": 1})


def test_a_healthy_stream_is_looked_at_now_and_then(piped: Piped, tmp_path: Path) -> None:
    """A redirection is noticed within a fraction of a second, without a question per line."""
    piped.sink.write(b"one\n")
    with (tmp_path / "out").open("w") as other:
        os.dup2(other.fileno(), piped.write)
        for _ in range(1_000):
            piped.sink.write(b"two\n")
            time.sleep(0.001)
            if (tmp_path / "out").stat().st_size:
                break
    assert (tmp_path / "out").read_bytes() == b"two\n"


@pytest.mark.usefixtures("no_thread")
def test_a_full_disk_takes_lines_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What found no room is counted as such and said each time, and half a line is completed first."""
    ledger = SignalLedger()
    path = tmp_path / "out"
    with path.open("wb", buffering=0) as stream:
        sink = Sink(stream, ledger, notice=lambda *_said: b"said\n")  # type: ignore[arg-type]
        real, room = os.write, [7]

        def write(descriptor: int, data: bytes) -> int:
            if descriptor != stream.fileno():
                return real(descriptor, data)
            if not room[0]:
                raise OSError(28, "No space left on device")
            count = real(descriptor, data[: room[0]])
            room[0] -= count
            return count

        monkeypatch.setattr(os, "write", write)
        stderr = (tmp_path / "stderr").open("w")
        monkeypatch.setattr(sys, "__stderr__", stderr)
        for line in (b"four\n", b"five\n", b"six\n"):
            sink.write(line)
        assert totals(ledger) == (3, 1, {"stream_full": 2})
        room[0] = 1_000
        sink.write(b"seven\n")
        later = time.monotonic() + 61
        monkeypatch.setattr(time, "monotonic", lambda: later)
        room[0] = 0
        sink.write(b"eight\n")
        stderr.close()
    assert (tmp_path / "stderr").read_text().count("said") == 2
    assert path.read_bytes().startswith(b"four\nfive\nseven\n")


@pytest.mark.usefixtures("no_thread")
@pytest.mark.parametrize("given", ["socket", "default timeout", "terminal", "not opened again"])
def test_every_kind_of_stream_that_can_stall_is_waited_for_briefly(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket, a terminal, and a pipe that this user may not open: no call stays, and nothing is torn."""
    if given == "not opened again":
        monkeypatch.setattr(outlet, "_opened", lambda _descriptor: None)
    ends = {"terminal": os.openpty, "not opened again": os.pipe}.get(given, _socket_pair)()
    read, write = ends
    if given == "default timeout":
        socket.setdefaulttimeout(3.0)
    ledger = SignalLedger()
    try:
        with os.fdopen(write, "wb", buffering=0) as stream:
            sink = Sink(stream, ledger)  # type: ignore[arg-type]
            number = 0
            while not ledger.counts()["queued"]:
                sink.write(b"%05d" % number + b"x" * 2_000 + b"\n")
                number += 1
            assert os.get_blocking(write)
            received = b""
            os.set_blocking(read, False)
            for _ in range(1_000):
                with contextlib.suppress(BlockingIOError):
                    received += os.read(read, 1 << 16)
                sink.flush()
                if not ledger.counts()["queued"] and received.count(b"\n") == number:
                    break
                time.sleep(0.001)
        lines = received.replace(b"\r", b"").split(b"\n")[:-1]
        assert [(int(line[:5]), len(line)) for line in lines] == [(each, 2_005) for each in range(number)]
        assert totals(ledger) == (number, number, {})
    finally:
        socket.setdefaulttimeout(None)
        os.close(read)


def _socket_pair() -> tuple[int, int]:
    read, write = socket.socketpair()
    return read.detach(), write.detach()


def test_a_stream_without_a_descriptor_gets_text() -> None:
    """As under a test runner that captures in memory."""
    ledger = SignalLedger()
    stream = io.StringIO()
    sink = Sink(stream, ledger)
    sink.write("é\n".encode())
    assert stream.getvalue() == "é\n"
    assert not sink.isatty()
    stream.close()
    sink.write(b"x\n")
    Sink(None, ledger).write(b"x\n")
    sink.flush()
    sink.drain(0.0)
    assert totals(ledger) == (3, 1, {"stream_closed": 2})


class _Broken(io.StringIO):
    error: type[BaseException] | None = None

    def flush(self) -> None:
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_stream_that_raises_something_else_loses_no_count(error: type[BaseException]) -> None:
    """What it raises is for others to swallow or not."""
    ledger, stream = SignalLedger(), _Broken()
    sink = Sink(stream, ledger)
    sink.write(b"one\n")
    stream.error = error
    with pytest.raises(error):
        sink.write(b"two\n")
    stream.error = None
    sink.write(b"three\n")
    assert totals(ledger) == (3, 2, {"stream_closed": 1})


def test_a_stream_that_was_never_there_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As one that is closed later."""
    with (tmp_path / "stderr").open("w+") as stderr:
        monkeypatch.setattr(sys, "__stderr__", stderr)
        sink = Sink(None, SignalLedger(), notice=lambda message, _fields: f"{message}\n".encode())
        for _ in range(3):
            sink.write(b"lost\n")
        sink.hurry(0.0)
    said = "stdout takes no log lines (it is closed); they are dropped and counted\n"
    assert (tmp_path / "stderr").read_text() == said


def test_a_terminal_is_recognised() -> None:
    """A pseudo terminal is one."""
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as stream:
        assert Sink(stream, SignalLedger()).isatty()
    os.close(leader)
