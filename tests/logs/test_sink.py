"""Where lines leave the process."""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING

from ameide_telemetry.ledger import SignalLedger
from ameide_telemetry.logs.sink import Sink

if TYPE_CHECKING:
    from pathlib import Path


def _counts(ledger: SignalLedger) -> tuple[int, int, dict[str, int]]:
    counts = ledger.counts()
    return counts["emitted"], counts["delivered"], counts["dropped_by_reason"]


def test_a_line_is_in_the_pipe_when_the_call_returns() -> None:
    """No buffer of ours holds it back."""
    read, write = os.pipe()
    ledger = SignalLedger()
    with os.fdopen(write, "w") as stream, os.fdopen(read, "rb", buffering=0) as reader:
        Sink(stream, ledger).write(b"one\n")
        assert reader.read(10) == b"one\n"
    assert _counts(ledger) == (1, 1, {})


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
    assert _counts(ledger) == (800, 800, {})


def test_a_closed_descriptor_is_counted() -> None:
    """Nothing is raised; the loss has a number and a reason."""
    read, write = os.pipe()
    ledger = SignalLedger()
    stream = os.fdopen(write, "w")
    sink = Sink(stream, ledger)
    os.close(read)
    sink.write(b"lost\n")
    stream.close()
    assert _counts(ledger) == (1, 0, {"stream_closed": 1})


def test_a_full_non_blocking_pipe_drops_whole_lines_and_counts_them() -> None:
    """Half a line is completed before the next one; nothing is lost uncounted."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    ledger = SignalLedger()
    with os.fdopen(write, "w") as stream, os.fdopen(read, "rb", buffering=0) as reader:
        sink = Sink(stream, ledger)
        for number in range(300):
            sink.write(b"%05d" % number + b"x" * 1_000 + b"\n")
        received = bytearray(reader.read(1 << 20))
        sink.write(b"last\n")
        received += reader.read(1 << 20)
        os.set_blocking(read, False)
        while chunk := reader.read(1 << 20):
            received += chunk
    lines = bytes(received).split(b"\n")
    assert lines[-1] == b""
    assert lines[-2] == b"last"
    assert all(len(line) == 1_005 for line in lines[:-2])
    emitted, delivered, dropped = _counts(ledger)
    assert emitted == 301
    assert delivered == len(lines) - 1
    assert dropped == {"stream_full": 301 - delivered}


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
    assert _counts(ledger) == (3, 1, {"stream_closed": 2})


def test_a_terminal_is_recognised() -> None:
    """A pseudo terminal is one."""
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as stream:
        assert Sink(stream, SignalLedger()).isatty()
    os.close(leader)


def test_a_fork_gets_a_free_lock() -> None:
    """The copy of a held lock would block the child for ever."""
    stream = io.StringIO()
    sink = Sink(stream, SignalLedger())
    sink._lock.acquire()
    sink.after_fork()
    done = threading.Thread(target=lambda: sink.write(b"x\n"))
    done.start()
    done.join(10)
    assert stream.getvalue() == "x\n"
