"""Lines made by hand, with the codes that they deserve: `tests/cases/lines`.

A case is a good line with fields set and dropped, or `raw`: characters that are bytes, in which `<GOOD>`
stands for the good line and `<HEAD>` for all of it but the last brace.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ameide_telemetry.logcheck.rules import Rules
from support.log_lines import BASE

__all__ = ["BAD", "GOOD", "GOOD_RECORD", "Case", "encoded"]

GOOD_RECORD: Final[dict[str, Any]] = {
    **BASE,
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "span_id": "b7ad6b7169203331",
    "trace_flags": "03",
    "request_id": "7f3c1d2e-9a41-4c0b-8f64-2b1f6f0a9d11",
    "tenant_id": "acme",
    "saas.tenant": "acme",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One line, what came before it, and what it deserves."""

    name: str
    lines: tuple[bytes, ...]
    codes: tuple[str, ...]
    rules: Rules
    says: str

    def __str__(self) -> str:
        return self.name


def encoded(record: object, *, spaced: bool = False) -> bytes:
    """Return a record as a line."""
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(record, ensure_ascii=False, separators=separators).encode()


def _line(row: dict[str, Any]) -> bytes:
    good = encoded(GOOD_RECORD).decode()
    if "raw" in row:
        text: str = row["raw"] * row.get("repeat_raw", 1)
        return text.replace("<GOOD>", good).replace("<HEAD>", good[:-1]).encode("latin-1")
    record = {**GOOD_RECORD, **row.get("set", {})}
    record = {key: value for key, value in record.items() if key not in row.get("drop", ())}
    if "repeat" in row:
        key, times = row["repeat"]
        record[key] *= times
    if "fill" in row:
        record["blob"] += "x" * (row["fill"] - len(encoded(record)))
    return encoded(record, spaced=row.get("spaced", False))


def _case(row: dict[str, Any]) -> Case:
    before = [encoded({**GOOD_RECORD, **changed}) for changed in row.get("before", ())]
    rules = Rules(
        in_trace=row.get("in_trace", False),
        known_keys=frozenset(row.get("known", ())),
        required_in_request=tuple(row.get("required", ("request_id",))),
    )
    return Case(
        row["name"], (*before, _line(row)), tuple(sorted(row.get("codes", ()))), rules, row.get("says", "")
    )


def _cases(name: str) -> list[Case]:
    file = Path(__file__).parent.parent / "cases" / "lines" / name
    return [_case(json.loads(row)) for row in file.read_text("utf-8").splitlines()]


BAD: Final = _cases("bad.jsonl")
GOOD: Final = _cases("good.jsonl")
