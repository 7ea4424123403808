"""The judge of raw bytes: what of a stream is a line of the contract, and what is not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator

from ameide_telemetry.contract import names

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Judged", "judge"]

_SHOWN: Final = 5
_SHOWN_BYTES: Final = 400


@dataclass(slots=True, repr=False)
class Judged:
    """What was found in one stream or several.

    Attributes:
        records: every valid line, parsed, in order.
        offenders: the reason and the bytes of every other one.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    offenders: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many lines there are."""
        return len(self.records) + len(self.offenders)

    @property
    def share(self) -> float:
        """How many of 100 lines are valid."""
        return 100.0 * len(self.records) / self.total if self.total else 100.0

    def __repr__(self) -> str:
        first = [f"  {reason}\n    {line[:_SHOWN_BYTES]!r}" for reason, line in self.offenders[:_SHOWN]]
        return "\n".join([f"{self.share:.1f} % of {self.total} lines are valid; the first others:", *first])


def judge(*streams: bytes) -> Judged:
    """Judge every line of the streams by RFC 8259, UTF-8, the length limit and the contract's JSON Schema."""
    judged = Judged()
    for stream in streams:
        *lines, rest = stream.split(b"\n")
        for line in lines:
            _judge(line, judged)
        if rest:
            judged.offenders.append(("torn: the stream ends without a newline", rest))
    return judged


def _judge(line: bytes, judged: Judged) -> None:
    try:
        record = _parsed(line)
    except ValueError as error:
        judged.offenders.append((str(error), line))
        return
    reason = next(_faults(line, record), None)
    if reason is None:
        judged.records.append(record)
    else:
        judged.offenders.append((reason, line))


def _parsed(line: bytes) -> Any:
    # Python's own parser takes NaN, Infinity, repeated names and lone surrogates; others refuse the line.
    record = json.loads(line.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)
    json.dumps(record, ensure_ascii=False).encode("utf-8")
    return record


def _faults(line: bytes, record: Any) -> Iterator[str]:
    if len(line) + 1 > names.MAX_LINE_BYTES:
        yield f"{len(line) + 1} bytes"
    for error in _validator().iter_errors(record):
        yield f"{error.json_path}: {error.message[:_SHOWN_BYTES]}"


@cache
def _validator() -> Draft202012Validator:
    text = files("ameide_telemetry.contract").joinpath("log-line.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found
