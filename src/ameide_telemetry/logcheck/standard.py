"""The engine that is always there: Python's own parser and the contract's conformance."""

from __future__ import annotations

import json
from json.scanner import make_scanner
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.contract.conformance import Conformance

if TYPE_CHECKING:
    from ameide_telemetry.contract.model import Contract

__all__ = ["StandardEngine"]


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


# Without the detours of `json.loads`, which take as long as a short line.
_SCAN: Final = make_scanner(json.JSONDecoder(parse_constant=_refuse))  # type: ignore[arg-type]


class StandardEngine:
    """Judges by `Conformance`.

    Args:
        contract: what to judge by.
    """

    __slots__ = ("findings",)

    name = "standard"

    def __init__(self, contract: Contract) -> None:
        self.findings = Conformance(contract).check

    def loads(self, raw: bytes, text: str) -> Any:  # noqa: ARG002 another engine parses the bytes
        """Return what a line holds; raises ValueError for what is not JSON."""
        try:
            value, end = _SCAN(text, 0)
        except (StopIteration, RecursionError):
            raise ValueError("not JSON") from None
        if end != len(text):
            raise ValueError("something stands behind it")
        return value
