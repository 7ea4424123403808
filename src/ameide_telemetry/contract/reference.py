"""Contract -> the reference page in Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ameide_telemetry.contract.model import Contract, Field

__all__ = ["render_reference"]

_HEAD: Final = """\
# The telemetry contract

<!-- GENERATED from telemetry.toml by `ameide-telemetry contract generate`: do not edit. -->

Version {version}. The registry is `src/ameide_telemetry/contract/telemetry.toml`; its comments say why
each rule is as it is. `ameide-telemetry contract schema` prints the JSON Schema of a log line."""
_LINE_NOTE: Final = """\
A line is one JSON object of at most {bytes} bytes. Keys that are not listed are the service's own. Reserved
keys belong to the library: a caller's value for one of them is kept under `extra`. The keys that are not
reserved are those of the access line, logger `{logger}`, and are free for other use elsewhere."""
_ELSEWHERE_NOTE: Final = """\
The same value has the same meaning wherever it stands. A field with a baggage key is context: bound once, it
reaches every line and span of the work and the services that it calls."""
_POLICY_NOTE: Final = (
    "Where Loki keeps a field, what it may say about a person, and whether metrics may carry it."
)
_REDACTION_NOTE: Final = """\
What is redacted for the words that its name ends in, and for how it looks, is the code's affair. These names
of the semantic conventions, and what services call the same, are settled here:"""
_VARIABLE: Final = """\
  - name: {name}
    valueFrom:
      fieldRef:
        fieldPath: {path}"""
_WORDS: Final = {
    "Required": vocabulary.OCCASIONS,
    "Cardinality": vocabulary.CARDINALITIES,
    "PII": vocabulary.PII_CLASSES,
    "Loki": vocabulary.LOKI_HOMES,
    "Metrics": vocabulary.METRIC_POLICIES,
    "Redacted secrets": vocabulary.SECRET_CLASSES,
    "Redacted data of people": vocabulary.PERSONAL_CLASSES,
}
_OCCASIONS_OF_EXAMPLE: Final = ("always", "in_span", "in_request", "when_known")


def render_reference(contract: Contract) -> str:
    """Return the text of `docs/reference/contract.md`."""
    head = _HEAD.format(version=contract.schema_version)
    blocks = (
        head,
        *_line(contract),
        *_elsewhere(contract),
        *_policies(contract),
        *_redaction(contract),
        *_resource(contract),
        *_words(),
    )
    return "\n\n".join(blocks) + "\n"


def _line(contract: Contract) -> Iterable[str]:
    limit, logger = contract.limits["max_line_bytes"], contract.access_logger
    yield "## On a log line"
    yield _LINE_NOTE.format(bytes=limit, logger=logger)
    columns = ("Key", "Type", "Required", "Reserved", "Meaning", "Example")
    rows = (
        (
            _code(*field.log),
            _form(field),
            field.required,
            _yes(field.reserved),
            field.brief,
            _json(field.example),
        )
        for field in contract.fields
    )
    yield _table(columns, rows)
    yield "Each of these sets stands on a line whole or not at all, and the spellings of one field are equal:"
    yield "\n".join(f"- {_code(*group)}" for group in contract.together)
    yield f"A line of a request, with a tenant and a session:\n\n```json\n{_example(contract)}\n```"
    yield "Patterns describe the whole value:"
    yield "\n".join(f"- {name}: `{pattern}`" for name, pattern in contract.patterns.items())


def _elsewhere(contract: Contract) -> Iterable[str]:
    yield "## The same fields elsewhere"
    yield _ELSEWHERE_NOTE
    columns = ("Field", "Log", "Span", "Baggage", "Header", "Resource")
    rows = (
        (
            field.name,
            _code(*field.log),
            _code(*field.span),
            _code(field.baggage),
            _code(field.header),
            _code(field.resource),
        )
        for field in contract.fields
        if field.span or field.baggage or field.header or field.resource
    )
    yield _table(columns, rows)


def _policies(contract: Contract) -> Iterable[str]:
    yield "## Policies"
    yield _POLICY_NOTE
    columns = ("Key", "Cardinality", "PII", "Loki", "Metrics")
    rows = (
        (_code(field.log[0]), field.cardinality, field.pii, _home(field), field.metric)
        for field in contract.fields
    )
    yield _table(columns, rows)
    yield "Loki labels, a closed list:"
    yield "\n".join(
        f"- `{name}`, from {vocabulary.LABEL_SOURCES[source]}" for name, source in contract.labels.items()
    )
    denied = ", ".join(_code(name) for name in sorted(contract.metric_denied_attributes))
    yield (
        f"Never an attribute of a metric or an exemplar: {denied}. Case, `.`, `_` and `-` make no difference."
    )


def _redaction(contract: Contract) -> Iterable[str]:
    yield "## Redaction"
    yield _REDACTION_NOTE
    yield _table(("Name", "Class"), ((_code(name), kind) for name, kind in contract.personal.items()))
    fields = contract.kept_names.difference(contract.kept)
    yield f"Only what holds an `@` is searched under these names: {_code(*sorted(contract.kept))};"
    yield f"and under those of the fields and resource attributes here: {_code(*sorted(fields))}."


def _resource(contract: Contract) -> Iterable[str]:
    yield "## Resource attributes"
    yield "Of the variables named, the first that is set wins."
    columns = ("Attribute", "Variables", "Downward API", "Cardinality", "Meaning")
    rows = (
        (
            _code(entry.name),
            _code(*entry.environment),
            _code(entry.field_path),
            entry.cardinality,
            entry.brief,
        )
        for entry in contract.resource
    )
    yield _table(columns, rows)
    yield f"What a pod's container needs for them:\n\n```yaml\n{_downward(contract)}\n```"


def _words() -> Iterable[str]:
    yield "## Words"
    for title, words in _WORDS.items():
        yield _table((title, "Meaning"), ((word, meaning) for word, meaning in words.items()))


def _downward(contract: Contract) -> str:
    entries = (
        _VARIABLE.format(name=entry.environment[0], path=entry.field_path)
        for entry in contract.resource
        if entry.field_path
    )
    return "env:\n" + "\n".join(entries)


def _example(contract: Contract) -> str:
    shown = (field for field in contract.fields if field.reserved and field.required in _OCCASIONS_OF_EXAMPLE)
    return json.dumps({key: field.example for field in shown for key in field.log})


def _form(field: Field) -> str:
    bounds: Mapping[str, object] = {
        "pattern": field.pattern,
        "one of": ", ".join(field.enum),
        "length from": field.min_length,
        "from": field.minimum,
        "to": field.maximum,
    }
    given = (f"{word} {bound}" for word, bound in bounds.items() if bound not in ("", None))
    return ", ".join((field.type, *given))


def _home(field: Field) -> str:
    return f"label {_code(field.label)}" if field.label else field.loki


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _json(value: object) -> str:
    return _code(json.dumps(value))


def _code(*texts: str) -> str:
    return ", ".join(f"`{text}`" for text in texts if text)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (columns, ["---"] * len(columns), *rows)
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
