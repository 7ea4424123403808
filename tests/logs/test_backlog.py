"""Lines that wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ameide_telemetry.ledger import SignalLedger
from ameide_telemetry.logs.backlog import Backlog


def test_lines_leave_in_order_and_are_counted() -> None:
    """Emitted when they come, delivered when their last byte is out."""
    ledger, backlog = SignalLedger(), Backlog(100)
    assert not backlog
    assert backlog.put(b"one\n", ledger)
    assert backlog.put(b"two\n", ledger)
    assert backlog.chunk() == b"one\ntwo\n"
    backlog.advance(6)
    assert backlog.begun
    assert backlog.chunk() == b"o\n"
    assert ledger.counts()["delivered"] == 1
    backlog.advance(2)
    assert not backlog
    assert not backlog.begun
    assert (ledger.counts()["emitted"], ledger.counts()["delivered"]) == (2, 2)


def test_room_is_counted_in_bytes_and_one_line_always_fits() -> None:
    """A line that finds no room is not counted at all: that is its caller's."""
    ledger, backlog = SignalLedger(), Backlog(10)
    assert backlog.put(b"x" * 50, ledger)
    assert not backlog.put(b"y", ledger)
    backlog.advance(50)
    assert backlog.put(b"x" * 5, ledger)
    assert backlog.put(b"y" * 5, ledger)
    assert not backlog.put(b"z", ledger)
    assert ledger.counts()["emitted"] == 3


def test_a_line_that_was_given_up_half_way_is_completed_uncounted() -> None:
    """Its loss is counted already; without its rest the next line would be lost with it."""
    ledger, backlog = SignalLedger(), Backlog(100)
    backlog.put(b"abc\n", ledger, out=1)
    backlog.put(b"def\n", ledger)
    assert backlog.give_up("shutdown") == 2
    assert backlog.chunk() == b"bc\n"
    assert backlog.give_up("shutdown") == 0
    backlog.put(b"ghi\n", ledger)
    backlog.advance(7)
    assert not backlog
    assert ledger.counts()["dropped_by_reason"] == {"shutdown": 2}
    assert ledger.counts()["delivered"] == 1
    backlog.put(b"jkl\n", ledger, out=1)
    assert backlog.give_up("stream_closed", complete=False) == 1
    assert not backlog


def test_half_a_line_that_went_elsewhere_is_forgotten() -> None:
    """The others stay."""
    ledger, backlog = SignalLedger(), Backlog(100)
    assert backlog.forget_half("stream_closed") == 0
    backlog.put(b"abc\n", ledger, out=1)
    backlog.put(b"def\n", ledger)
    assert backlog.forget_half("stream_closed") == 1
    assert backlog.chunk() == b"def\n"


@given(st.lists(st.binary(max_size=50), max_size=40), st.lists(st.integers(0, 60), max_size=200))
def test_whatever_the_stream_takes_the_bytes_are_the_lines(lines: list[bytes], takes: list[int]) -> None:
    """Nothing is lost, doubled or put in another order, and the ledger balances."""
    ledger, backlog, out = SignalLedger(), Backlog(1 << 20), b""
    lines = [line + b"\n" for line in lines]
    for line in lines:
        backlog.put(line, ledger)
    for take in takes:
        if backlog:
            out += backlog.chunk()[:take]
            backlog.advance(min(take, len(backlog.chunk())))
    whole = b"".join(lines)
    assert whole.startswith(out)
    counts = ledger.counts()
    assert counts["emitted"] == len(lines)
    assert counts["delivered"] == out.count(b"\n") or b"\n" in b"".join(line[:-1] for line in lines)
    assert backlog.begun == (bool(backlog) and not whole[len(out) :].startswith(backlog._lines[0][0]))
