"""Contract -> the source text of `names.py`.

The runtime imports the generated constants instead of the registry, so that no service parses TOML at
start-up, and so that a misspelt name is an error of the type checker.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ameide_telemetry.contract.model import Contract, Field

__all__ = ["constant_names", "render_names"]

_MAX_LINE: Final = 110
_TYPES: Final[Mapping[type, str]] = {
    frozenset: "Final[frozenset[str]]",
    dict: "Final[Mapping[str, {}]]",
}
_HEAD: Final = '''"""Names and limits of the contract as constants.

GENERATED from telemetry.toml by `ameide-telemetry contract generate`: change the registry, not this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
'''


def constant_names(contract: Contract) -> list[str]:
    """Return the name of every constant, as often as the registry makes it."""
    return [name for name, _ in _constants(contract)]


def render_names(contract: Contract) -> str:
    """Return the text of `names.py`, formatted as the formatter would."""
    values = dict(sorted(_constants(contract), key=itemgetter(0)))
    exported = f"__all__ = {_literal(list(values))}"
    return "\n".join([_HEAD, exported, "", *map(_assignment, values, values.values()), ""])


def _constants(contract: Contract) -> Iterator[tuple[str, object]]:
    context = [field for field in contract.context_fields if field.log]
    environment = {entry.name: entry.environment for entry in contract.resource if entry.environment}
    yield "ACCESS_LOGGER", contract.access_logger
    yield "CONTEXT_BAGGAGE_KEYS", {field.log[0]: field.baggage for field in context}
    yield "CONTEXT_LOG_KEYS", {field.log[0]: field.log for field in context}
    yield "CONTEXT_SPAN_ATTRIBUTES", {field.log[0]: field.span for field in context}
    yield "KEPT_NAMES", contract.kept_names
    yield "LEVELS", contract.levels
    yield "METRIC_DENIED_ATTRIBUTES", contract.metric_denied_attributes
    yield "PERSONAL_NAMES", dict(contract.personal)
    yield "RESERVED_LOG_KEYS", contract.reserved_log_keys
    yield "RESOURCE_ENVIRONMENT", environment
    yield "SCHEMA_VERSION", contract.schema_version
    yield from ((name.upper(), limit) for name, limit in contract.limits.items())
    yield from ((f"{name.upper()}_PATTERN", pattern) for name, pattern in contract.patterns.items())
    yield from ((f"HEADER_{field.name.upper()}", field.header) for field in contract.fields if field.header)
    for field in contract.fields:
        yield from _spellings("LOG", field, field.log)
        yield from _spellings("SPAN", field, field.span)


def _spellings(place: str, field: Field, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for key in keys[:1]:
        yield f"{place}_{field.name.upper()}", key
    for key in keys[1:]:
        yield f"{place}_{key.upper().replace('.', '_')}", key


def _assignment(name: str, value: object) -> str:
    line = f"{name}: {_annotation(value)} = {_literal(value)}"
    if isinstance(value, str) and len(line) > _MAX_LINE:
        return f"{name}: Final = (\n    {_literal(value)}\n)"
    return line


def _annotation(value: object) -> str:
    member = "str"
    if isinstance(value, dict) and any(isinstance(item, tuple) for item in value.values()):
        member = "tuple[str, ...]"
    return _TYPES.get(type(value), "Final").format(member)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return f'r"{value}"' if "\\" in value and '"' not in value else json.dumps(value)
    if isinstance(value, frozenset):
        return f"frozenset(\n    {_lines(map(json.dumps, sorted(value)), '{', '}', indent='    ')}\n)"
    if isinstance(value, dict):
        return _lines((f"{json.dumps(key)}: {_literal(item)}" for key, item in value.items()), "{", "}")
    if isinstance(value, list):
        return _lines(map(json.dumps, value), "[", "]")
    if isinstance(value, tuple):
        items = ", ".join(map(json.dumps, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    return repr(value)


def _lines(items: Iterable[str], opening: str, closing: str, *, indent: str = "") -> str:
    body = "".join(f"{indent}    {item},\n" for item in items)
    return f"{opening}\n{body}{indent}{closing}"
