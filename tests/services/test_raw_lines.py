"""The judge of the other tests here: it must refuse what a strict reader of lines would refuse."""

from __future__ import annotations

import json
from typing import Final

import pytest

from support.raw_lines import judge

_GOOD: Final = {
    "timestamp": "2026-11-22T08:42:49.085071Z",
    "level": "info",
    "message": "m",
    "logger": "orders",
    "service": "orders",
    "version": "1",
    "env": "test",
    "schema_version": "1.0",
}


def _line(**changes: object) -> bytes:
    return json.dumps({**_GOOD, **changes}).encode() + b"\n"


_BAD: Final = {
    "plain text": b"INFO:     Started server process [1]\n",
    "empty": b"\n",
    "no object": b"[]\n",
    "torn": _line()[:-1],
    "two in one": _line()[:-1] + _line(),
    "broken in two": _line().replace(b'"m"', b'"m\n"'),
    "NaN": _line(price=float("nan")),
    "Infinity": _line(price=float("inf")),
    "repeated name": _line().replace(b'{"', b'{"level": "info", "', 1),
    "no UTF-8": _line().replace(b'"m"', b'"\xe9"'),
    "lone surrogate": _line(message="\ud800"),
    "raw control": _line().replace(b'"m"', b'"\x01"'),
    "too long": _line(message="x" * 16_000),
    "missing field": _line().replace(b'"env"', b'"environment"'),
    "wrong level": _line(level="INFO"),
    "wrong type": _line(message=5),
    "half a trace": _line(trace_id="0af7651916cd43dd8448eb211c80319c"),
    "access line without status": _line(logger="ameide_telemetry.access"),
}


@pytest.mark.parametrize("name", _BAD)
def test_refuses(name: str) -> None:
    """Each kind of bad line counts as one that is not valid."""
    judged = judge(_line() + _BAD[name])
    assert judged.offenders
    assert judged.share < 100


def test_accepts_lines_of_the_contract() -> None:
    """Lines that conform are counted and parsed, over several streams."""
    judged = judge(_line() * 2, b"", _line(message="\u2028 \xe9", more={"a": [1]}))
    assert not judged.offenders
    assert (judged.total, judged.share) == (3, 100.0)
    assert judged.records[0] == _GOOD
