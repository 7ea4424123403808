"""Bad values in a log field, each between two good lines: ours and the two usual renderers."""

from __future__ import annotations

from typing import Final

from faults.scorecard.measure import Fraction, Several
from faults.scorecard.programs import run_program

__all__ = ["ours", "peers"]

_PEERS: Final = {"python-json-logger": "json", "structlog": "structlog"}
_SECONDS: Final = 900
_SHOWN: Final = 3


def ours() -> Fraction:
    """Return how many values of the corpus leave three valid lines and raise nothing."""
    return _survived("ours", named=True)


def peers() -> Several:
    """Return the same of the usual renderers."""
    return Several({name: _survived(front) for name, front in _PEERS.items()})


def _survived(front: str, *, named: bool = False) -> Fraction:
    found = run_program("values", front, seconds=_SECONDS).result
    bad = [f"{value}: {fault}" for value, fault in found.items() if fault]
    return Fraction(len(found) - len(bad), len(found), "; ".join(bad[:_SHOWN]) if named else "")
