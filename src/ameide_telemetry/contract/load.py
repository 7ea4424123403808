"""`telemetry.toml` -> `Contract`, or every problem in it at once.

A broken value never hides the next one: an empty stand-in takes its place, and the rules that judge the
whole registry pass over stand-ins.
"""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from ameide_telemetry.contract import shape
from ameide_telemetry.contract.model import Contract, Field, ResourceAttribute
from ameide_telemetry.contract.rules import broken_rules
from ameide_telemetry.exceptions import ContractError
from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ameide_telemetry.contract.shape import Kind, Place

__all__ = ["load_contract"]

_FILE: Final = "telemetry.toml"


def load_contract(text: str | bytes | None = None, *, file: str = _FILE) -> Contract:
    """Return the contract that `text` holds, by default the one shipped with the package.

    Args:
        text: the TOML of a registry; as bytes it has to be UTF-8, as TOML says.
        file: where the text comes from, for the error.

    Raises:
        ContractError: the registry is broken; the error lists every problem with its place.
    """
    source = _packaged() if text is None else text
    try:
        document = tomllib.loads(source if isinstance(source, str) else source.decode())
    # tomllib lets through what `int` and the interpreter's stack say about monstrous numbers and nesting.
    except (ValueError, RecursionError) as error:
        kind = "UTF-8" if isinstance(error, UnicodeDecodeError) else "TOML"
        unreadable = Finding("TEL901", f"not {kind}: {error}", file)
        raise ContractError("The contract cannot be read.", [unreadable]) from error
    reader = _Reader()
    contract = reader.contract(document)
    findings = (*reader.findings, *broken_rules(contract))
    if findings:
        count = f"{len(findings)} problem{'s' if len(findings) > 1 else ''}"
        raise ContractError(f"The contract is broken, {count}:", findings)
    return contract


def _packaged() -> bytes:
    return resources.files("ameide_telemetry.contract").joinpath(_FILE).read_bytes()


class _Reader:
    """Takes a parsed document apart and keeps a finding for everything that has the wrong shape."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def contract(self, document: Mapping[str, object]) -> Contract:
        sections = self._table(document, shape.SECTIONS, "")
        head = self._table(sections["contract"], shape.CONTRACT, "contract")
        metrics = self._table(sections["metrics"], shape.METRICS, "metrics")
        redaction = self._table(sections["redaction"], shape.REDACTION, "redaction")
        patterns = self._values(sections["patterns"], shape.PATTERN, "patterns")
        version = head["schema_version"]
        accepted = {"levels": head["levels"], "schema_version": (version,) if version else ()}
        fields = self._tables(sections["fields"], shape.FIELD, "fields")
        attributes = self._tables(sections["resource"], shape.RESOURCE, "resource")
        return Contract(
            **head,
            **metrics,
            kept=redaction["kept"],
            personal=self._values(redaction["personal"], shape.PERSONAL, "redaction.personal"),
            limits=self._table(sections["limits"], shape.LIMITS, "limits"),
            patterns=patterns,
            labels=self._values(sections["labels"], shape.LABEL, "labels"),
            fields=tuple(_field(name, values, patterns, accepted) for name, values in fields.items()),
            resource=tuple(ResourceAttribute(name=name, **values) for name, values in attributes.items()),
        )

    def _tables(
        self, tables: Mapping[str, object], places: Mapping[str, Place], location: str
    ) -> dict[str, dict[str, Any]]:
        return {name: self._table(table, places, f"{location}.{name}") for name, table in tables.items()}

    def _table(self, table: object, places: Mapping[str, Place], location: str) -> dict[str, Any]:
        if not isinstance(table, dict):
            self._report("TEL904", f"is {_shown(table)}, not a table", location)
            table = {}
        for key in (key for key in table if key not in places):
            self._report("TEL902", "is not a key of this table", _join(location, key), _near(key, places))
        for key, place in places.items():
            if place.required and key not in table:
                self._report("TEL903", "is missing", _join(location, key), f"set it to {place.kind.form}")
        return {
            key: self._value(table[key], place.kind, _join(location, key))
            if key in table
            else place.kind.empty
            for key, place in places.items()
            if key in table or place.required
        }

    def _values(self, table: Mapping[str, object], kind: Kind, location: str) -> dict[str, Any]:
        return {key: self._value(value, kind, _join(location, key)) for key, value in table.items()}

    def _value(self, value: object, kind: Kind, location: str) -> object:
        if not kind.accepts(value):
            self._report("TEL904", f"is {_shown(value)}", location, f"write {kind.form}")
            return kind.empty
        return tuple(value) if isinstance(value, list) else value

    def _report(self, code: str, message: str, location: str, hint: str = "") -> None:
        self.findings.append(Finding(code, message, location, hint))


def _field(
    name: str, values: dict[str, Any], patterns: Mapping[str, str], accepted: Mapping[str, tuple[str, ...]]
) -> Field:
    enum = accepted.get(values.pop("enum", ""), ())
    if values["loki"] == "label" and values["log"]:
        values.setdefault("label", values["log"][0])
    return Field(name=name, enum=enum, regex=patterns.get(values.get("pattern", ""), ""), **values)


def _join(location: str, key: str) -> str:
    return f"{location}.{key}" if location else key


def _near(key: str, places: Mapping[str, Place]) -> str:
    near = get_close_matches(key, places, n=1)
    return f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(places)}"


def _shown(value: object) -> str:
    return f"{value!r:.60} ({type(value).__name__})"
