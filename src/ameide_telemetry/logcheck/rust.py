"""The engine of the extra `check`: orjson parses, jsonschema-rs judges by the JSON Schema itself.

Its errors are told in the words of the contract's own conformance, so that nobody can tell by the report
which engine it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs
import orjson

from ameide_telemetry.contract.conformance import Conformance, absent, fault, incomplete
from ameide_telemetry.contract.schema import log_line_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ameide_telemetry.contract.model import Contract
    from ameide_telemetry.findings import Finding

__all__ = ["RustEngine"]

_TOGETHER: Final = "dependentRequired"
# Of the errors about a missing key.
_PROPERTY: Final = "property"


class RustEngine:
    """Judges by the JSON Schema, in Rust.

    Args:
        contract: what to judge by.
    """

    __slots__ = ("_conformance", "_is_valid", "_iter_errors", "_schema", "_together")

    name = "jsonschema-rs"

    def __init__(self, contract: Contract) -> None:
        validator = jsonschema_rs.Draft202012Validator(log_line_schema(contract))
        self._is_valid = validator.is_valid
        self._iter_errors = validator.iter_errors
        self._conformance = Conformance(contract)
        self._together = contract.together

    def loads(self, raw: bytes, text: str) -> Any:  # noqa: ARG002 another engine parses the text
        """Return what a line holds; raises ValueError for what is not JSON."""
        return orjson.loads(raw)

    def findings(self, record: dict[str, Any]) -> list[Finding]:
        """Return everything that is wrong with a record, in the order of the contract."""
        try:
            found = [] if self._is_valid(record) else [*self._errors(record)]
        except ValueError:
            # Half a surrogate pair, or a number that is none: only Python has such values.
            return self._conformance.check(record)
        return [*found, *self._conformance.differing(record)]

    def _errors(self, record: dict[str, Any]) -> Iterator[Finding]:
        absences: set[str] = set()
        faulty: set[tuple[str, str]] = set()
        groups: set[str] = set()
        for error in self._iter_errors(record):
            keyword = str(error.schema_path[-1])
            if error.instance_path:
                faulty.add((str(error.instance_path[0]), keyword))
            elif keyword == _TOGETHER:
                groups.add(getattr(error.kind, _PROPERTY))
            else:
                absences.add(getattr(error.kind, _PROPERTY))
        yield from (absent(key) for key in self._conformance.required_of(record) if key in absences)
        for key, field in self._conformance.fields_of(record):
            # A value of the wrong type breaks other keywords too.
            broken = [keyword for keyword in _KEYWORDS if (key, keyword) in faulty]
            for keyword in broken[:1] if "type" in broken else broken:
                yield fault(keyword, field, key, record[key])
        for group in self._together:
            missing = [key for key in group if key in groups]
            if missing:
                yield incomplete(group, missing)


_KEYWORDS: Final = ("type", "enum", "pattern", "minLength", "minimum", "maximum")
