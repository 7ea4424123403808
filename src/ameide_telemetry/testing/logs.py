"""Captured lines: the bytes that left the process, and the record that is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ameide_telemetry.testing.sink import Line
    from ameide_telemetry.testing.spans import CapturedSpan

__all__ = ["CapturedLine", "draw_lines"]


@dataclass(frozen=True)
class CapturedLine:
    """One rendered line.

    Attributes:
        line: its bytes, and what is known of it beside them.
    """

    line: Line

    @property
    def raw(self) -> bytes:
        """The bytes that left the process, without the newline."""
        return self.line.raw

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The record that the bytes hold; empty where they are no JSON object."""
        try:
            found = json.loads(self.raw)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """The message."""
        return str(self.fields.get("message", ""))

    @property
    def level(self) -> str:
        """The level, as the contract spells it."""
        return str(self.fields.get("level", ""))

    @property
    def source(self) -> str:
        """`file:line` of the code that logged; empty where only libraries are on the stack."""
        return f"{self.line.path}:{self.line.number}" if self.line.path else ""

    def __getitem__(self, key: str) -> Any:
        return self.fields[key]

    def facts(self) -> Mapping[str, object]:
        """Return the fields of the line."""
        return self.fields

    def __repr__(self) -> str:
        return f"<line {self.raw.decode(errors='replace')}>"


def draw_lines(lines: Sequence[CapturedLine], spans: Sequence[CapturedSpan]) -> str:
    """Return the messages, indented below the names of the spans in which they were logged."""
    names = {each.span_id: each.name for each in spans}
    shown: list[str] = []
    above: str | None = None
    for each in lines:
        span = names.get(str(each.fields.get("span_id", "")))
        if span is not None and span != above:
            shown.append(span)
        above = span
        shown.append(f"{'' if span is None else '  '}{each.level}: {each.name}")
    return "\n".join(shown)
