"""The shape of `telemetry.toml`: which keys each table may have and what each value must be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "CONTRACT",
    "FIELD",
    "LABEL",
    "LIMITS",
    "METRICS",
    "PATTERN",
    "PERSONAL",
    "REDACTION",
    "RESOURCE",
    "SECTIONS",
    "Kind",
    "Place",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value must be.

    Attributes:
        form: the accepted form, as a finding says it.
        accepts: whether a parsed TOML value has that form.
        empty: what stands in for a refused or missing value, so that the other checks can go on.
    """

    form: str
    accepts: Callable[[object], bool]
    empty: object


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a table: the kind of its value, and whether it has to be there."""

    kind: Kind
    required: bool = True


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(map(_is_text, value))
        and len(set(value)) == len(value)
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_size(value: object) -> bool:
    return _is_whole(value) and isinstance(value, int) and value > 0


def _is_json(value: object) -> bool:
    """Return whether the value can stand on a line: TOML also knows dates, NaN and infinity."""
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _size(low: int, high: int) -> Kind:
    def accepts(value: object) -> bool:
        return _is_whole(value) and isinstance(value, int) and low <= value <= high

    return Kind(f"a whole number from {low} to {high}", accepts, low)


def _word(words: Iterable[str]) -> Kind:
    accepted = tuple(words)
    return Kind(f"one of {', '.join(accepted)}", lambda value: value in accepted, "")


_TEXT: Final = Kind("a string that is not blank", _is_text, "")
_TEXTS: Final = Kind("a list of one or more different strings", _is_texts, ())
_WHOLE: Final = Kind("a whole number", _is_whole, None)
_SIZE: Final = Kind("a whole number above 0", _is_size, 1)
_FLAG: Final = Kind("true or false", lambda value: isinstance(value, bool), False)
_JSON: Final = Kind("a value that JSON has: no date, no nan, no inf", _is_json, None)
_MAP: Final = Kind("a table", lambda value: isinstance(value, dict), {})

SECTIONS: Final[Mapping[str, Place]] = dict.fromkeys(
    ("contract", "limits", "patterns", "labels", "metrics", "redaction", "fields", "resource"), Place(_MAP)
)
"""The tables at the top of the file."""

CONTRACT: Final[Mapping[str, Place]] = {
    "schema_version": Place(_TEXT),
    "id": Place(_TEXT),
    "levels": Place(_TEXTS),
    "access_logger": Place(_TEXT),
}
"""The keys of `[contract]`."""

# A line has to hold its required fields, and Loki refuses one above 256 KiB (max_line_size). A context value
# has to hold a UUID, and W3C Baggage promises to carry 8192 bytes.
LIMITS: Final[Mapping[str, Place]] = {
    "max_line_bytes": Place(_size(1024, 262_144)),
    "max_context_value_bytes": Place(_size(36, 8192)),
}
"""The keys of `[limits]`."""

METRICS: Final[Mapping[str, Place]] = {"denied_attributes": Place(_TEXTS)}
"""The keys of `[metrics]`."""

REDACTION: Final[Mapping[str, Place]] = {"kept": Place(_TEXTS), "personal": Place(_MAP)}
"""The keys of `[redaction]`."""

PERSONAL: Final = _word((*vocabulary.PERSONAL_CLASSES, *vocabulary.SECRET_CLASSES))
"""Each value of `[redaction.personal]`."""

PATTERN: Final = _TEXT
"""Each value of `[patterns]`."""

LABEL: Final = _word(vocabulary.LABEL_SOURCES)
"""Each value of `[labels]`."""

FIELD: Final[Mapping[str, Place]] = {
    "log": Place(_TEXTS),
    "type": Place(_word(vocabulary.TYPES)),
    "required": Place(_word(vocabulary.OCCASIONS)),
    "cardinality": Place(_word(vocabulary.CARDINALITIES)),
    "pii": Place(_word(vocabulary.PII_CLASSES)),
    "loki": Place(_word(vocabulary.LOKI_HOMES)),
    "brief": Place(_TEXT),
    "example": Place(_JSON),
    "span": Place(_TEXTS, required=False),
    "baggage": Place(_TEXT, required=False),
    "header": Place(_TEXT, required=False),
    "resource": Place(_TEXT, required=False),
    "pattern": Place(_TEXT, required=False),
    "format": Place(_TEXT, required=False),
    "enum": Place(_word(("levels", "schema_version")), required=False),
    "min_length": Place(_SIZE, required=False),
    "minimum": Place(_WHOLE, required=False),
    "maximum": Place(_WHOLE, required=False),
    "together": Place(_TEXT, required=False),
    "label": Place(_TEXT, required=False),
    "metric": Place(_word(vocabulary.METRIC_POLICIES), required=False),
    "reserved": Place(_FLAG, required=False),
}
"""The keys of each `[fields.<name>]`."""

RESOURCE: Final[Mapping[str, Place]] = {
    "cardinality": Place(_word(vocabulary.CARDINALITIES)),
    "brief": Place(_TEXT),
    "environment": Place(_TEXTS, required=False),
    "field_path": Place(_TEXT, required=False),
}
"""The keys of each `[resource."<name>"]`."""
