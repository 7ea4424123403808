"""Contract -> JSON Schema 2020-12 of one log line, for services and tools in any language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ameide_telemetry.contract.patterns import anchored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ameide_telemetry.contract.model import Contract, Field

__all__ = ["log_line_schema", "render_schema"]


def log_line_schema(contract: Contract) -> dict[str, Any]:
    """Return the JSON Schema of a log line.

    Lines may carry further fields. The access keys are checked on lines of the access logger only, because
    a service may use the same words for its own data. `format` is a note: the pattern is what is checked.
    """
    reserved = [field for field in contract.fields if field.reserved]
    access = [field for field in contract.fields if not field.reserved]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": contract.id,
        "title": "One log line",
        "description": f"One line of stdout, by version {contract.schema_version} of the telemetry contract.",
        "type": "object",
        "properties": _properties(reserved),
        "required": _required(reserved, "always"),
        "dependentRequired": _dependent(contract.together),
        "if": {"properties": {"logger": {"const": contract.access_logger}}, "required": ["logger"]},
        "then": {"properties": _properties(access), "required": _required(access, "on_access_line")},
        "additionalProperties": True,
    }


def render_schema(contract: Contract) -> str:
    """Return the text of `log-line.schema.json`."""
    return json.dumps(log_line_schema(contract), indent=2) + "\n"


def _properties(fields: Iterable[Field]) -> dict[str, Any]:
    return {key: _property(field) for field in fields for key in field.log}


def _required(fields: Iterable[Field], occasion: str) -> list[str]:
    return [key for field in fields if field.required == occasion for key in field.log]


def _dependent(groups: Iterable[tuple[str, ...]]) -> dict[str, list[str]]:
    return {key: [other for other in group if other != key] for group in groups for key in group}


def _property(field: Field) -> dict[str, Any]:
    keywords = {
        "type": field.type,
        "description": field.brief,
        "enum": list(field.enum),
        "pattern": anchored(field.regex) if field.regex else "",
        "format": field.format,
        "minLength": field.min_length,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "examples": [field.example],
    }
    return {keyword: value for keyword, value in keywords.items() if value not in ("", [], None)}
