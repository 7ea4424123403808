"""What a registry of the right shape must also satisfy: policy about definitions.

Each rule takes the contract and yields findings; `broken_rules` runs them all. Empty values stand for
something that the loader has reported already, and no rule reports it again.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from ameide_telemetry.contract.conformance import faults
from ameide_telemetry.contract.constants import constant_names
from ameide_telemetry.contract.patterns import pattern_fault
from ameide_telemetry.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ameide_telemetry.contract.model import Contract, Field

__all__ = ["broken_rules"]

_NAME: Final = re.compile(r"[a-z]+(?:_[a-z]+)*")
# What Prometheus and Loki accept as a label name.
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# What W3C Baggage takes from RFC 9110 for its keys, and RFC 9110 for the names of headers.
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# POSIX, "Environment Variable Definition": no shell and no chart can set another name.
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+")
# Which bounds make sense for which type.
_BOUNDS: Final = {
    "string": ("pattern", "format", "enum", "min_length"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}


def broken_rules(contract: Contract) -> list[Finding]:
    """Return a finding for every broken rule, in the order of the rules."""
    return [finding for rule in _RULES for finding in rule(contract)]


def _head(contract: Contract) -> Iterator[Finding]:
    version = contract.schema_version
    if version and not _VERSION.fullmatch(version):
        yield Finding("TEL908", f"{version!r} is not MAJOR.MINOR", "contract.schema_version", 'such as "1.0"')
    if contract.id and version not in contract.id:
        yield Finding(
            "TEL908", "does not contain the schema version", "contract.id", f"end it with {version}"
        )
    if contract.id and ":" not in contract.id:
        yield Finding("TEL908", "is not an absolute URI", "contract.id", "use a URN or a URL")


def _names(contract: Contract) -> Iterator[Finding]:
    named = [("fields", field.name) for field in contract.fields]
    for section, name in (*named, *(("patterns", name) for name in contract.patterns)):
        if not _NAME.fullmatch(name):
            yield Finding("TEL908", "is not a lower_snake_case name", f"{section}.{name}")
    for constant in _repeated(constant_names(contract)):
        yield Finding("TEL905", f"two entries make the constant {constant}", "names.py", "rename one of them")


def _spellings(contract: Contract) -> Iterator[Finding]:
    for place in ("log", "span", "baggage", "header"):
        owners: dict[str, list[str]] = {}
        for field in contract.fields:
            for spelling in _texts(getattr(field, place)):
                owners.setdefault(spelling, []).append(field.name)
        yield from _shared(owners, f"fields.*.{place}")


def _variables(contract: Contract) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for attribute in contract.resource:
        for variable in attribute.environment:
            owners.setdefault(variable, []).append(attribute.name)
        if attribute.field_path and not attribute.environment:
            hint = "name the variable that the chart sets"
            yield Finding("TEL908", "has a field_path and no environment", f"resource.{attribute.name}", hint)
    yield from _shared(owners, "resource.*.environment")


def _tokens(contract: Contract) -> Iterator[Finding]:
    for field in contract.fields:
        for place in ("baggage", "header"):
            name = getattr(field, place)
            if name and not _TOKEN.fullmatch(name):
                hint = "only letters, digits and !#$%&'*+.^_`|~-"
                yield Finding("TEL908", f"{name!r} is not a token (RFC 9110)", _at(field, place), hint)
    for attribute in contract.resource:
        for variable in (name for name in attribute.environment if not _VARIABLE.fullmatch(name)):
            location = f"resource.{attribute.name}.environment"
            yield Finding("TEL908", f"{variable!r} cannot be the name of a variable", location)


def _patterns(contract: Contract) -> Iterator[Finding]:
    for name, pattern in contract.patterns.items():
        fault = pattern_fault(pattern) if pattern else ""
        if fault:
            yield Finding("TEL906", fault, f"patterns.{name}")
    used = {field.pattern for field in contract.fields}
    for name in (name for name in contract.patterns if contract.fields and name not in used):
        yield Finding("TEL906", "is not used by any field", f"patterns.{name}")
    for field in contract.fields:
        if field.pattern and field.pattern not in contract.patterns:
            hint = f"the patterns are {', '.join(contract.patterns)}"
            yield Finding("TEL906", f"there is no pattern {field.pattern!r}", _at(field, "pattern"), hint)


def _bounds(contract: Contract) -> Iterator[Finding]:
    for field in contract.fields:
        allowed = _BOUNDS.get(field.type, ())
        for bound in ("pattern", "format", "enum", "min_length", "minimum", "maximum"):
            if field.type and getattr(field, bound) not in ("", (), None) and bound not in allowed:
                yield Finding("TEL908", f"has no meaning for the type {field.type}", _at(field, bound))
        if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
            yield Finding("TEL908", f"is above the maximum {field.maximum}", _at(field, "minimum"))


def _examples(contract: Contract) -> Iterator[Finding]:
    for field in contract.fields:
        sound = field.type and not (field.regex and pattern_fault(field.regex))
        if sound and field.example is not None and any(faults(field, field.name, field.example)):
            problem = next(faults(field, field.name, field.example))
            yield Finding("TEL908", f"does not fit its own field: {problem.message}", _at(field, "example"))


def _labels(contract: Contract) -> Iterator[Finding]:
    for name in contract.labels:
        if not _LABEL.fullmatch(name):
            yield Finding("TEL907", "is not a name that Loki accepts", f"labels.{name}")
        if name in _identities(contract):
            yield Finding("TEL907", "is an identity and never a label", f"labels.{name}", "remove it")
    for field in contract.fields:
        yield from _label_faults(contract, field)
    owners: dict[str, list[str]] = {}
    for field in contract.fields:
        owners.setdefault(field.label, []).append(field.name)
    complete = bool(contract.fields) and all(field.loki for field in contract.fields)
    for name, source in contract.labels.items():
        if complete and source == "line" and name not in owners:
            yield Finding("TEL907", "no field of the line feeds this label", f"labels.{name}")
    yield from _shared({name: who for name, who in owners.items() if name}, "fields.*.label")


def _label_faults(contract: Contract, field: Field) -> Iterator[Finding]:
    if field.label and field.loki != "label":
        yield Finding("TEL907", "has a label name, and its home is not label", _at(field, "label"))
    if field.loki != "label":
        return
    if field.metric == "denied" or field.baggage:
        hint = "structured_metadata"
        yield Finding("TEL907", "is an identity and never a Loki label", _at(field, "loki"), hint)
    if field.cardinality not in ("low", ""):
        yield Finding("TEL907", f"a label of {field.cardinality} cardinality", _at(field, "loki"))
    if field.pii not in ("none", ""):
        yield Finding("TEL907", f"a label of PII class {field.pii}", _at(field, "loki"))
    if field.label and contract.labels and contract.labels.get(field.label) != "line":
        yield Finding("TEL907", f"labels.{field.label} is not fed by the line", _at(field, "label"))


def _context(contract: Contract) -> Iterator[Finding]:
    for field in contract.context_fields:
        wanted = {
            "span": bool(field.span),
            "pattern": bool(field.pattern),
            "reserved": field.reserved,
            "metric": field.metric == "denied",
        }
        for key in (key for key, given in wanted.items() if not given):
            hint = 'metric = "denied"' if key == "metric" else f"set {key}"
            yield Finding("TEL908", "is needed by a field with a baggage key", _at(field, key), hint)


def _ownership(contract: Contract) -> Iterator[Finding]:
    known = {attribute.name for attribute in contract.resource}
    for field in contract.fields:
        if field.required == "always" and not field.reserved:
            yield Finding("TEL908", "is on every line and has to be reserved", _at(field, "reserved"))
        if field.reserved and field.required == "on_access_line":
            yield Finding("TEL908", "an access key cannot be reserved", _at(field, "reserved"))
        if field.resource and field.resource not in known:
            yield Finding("TEL908", f"there is no resource {field.resource!r}", _at(field, "resource"))


def _groups(contract: Contract) -> Iterator[Finding]:
    groups: dict[str, list[Field]] = {}
    for field in contract.fields:
        groups.setdefault(field.together, []).append(field)
    groups.pop("", None)
    for name, members in groups.items():
        if len(members) == 1:
            yield Finding("TEL908", f"nothing else is in the group {name!r}", _at(members[0], "together"))
        if len({field.required for field in members if field.required}) > 1:
            yield Finding(
                "TEL908", f"the fields of {name!r} are required at different times", "fields.*.together"
            )


def _redaction(contract: Contract) -> Iterator[Finding]:
    kept = {name.lower() for name in contract.kept_names}
    for name in (name for name in contract.personal if name.lower() in kept):
        hint = "take it out of one of both"
        yield Finding("TEL908", "is kept and redacted", f"redaction.personal.{name}", hint)


_RULES: Final[tuple[Callable[[Contract], Iterator[Finding]], ...]] = (
    _head,
    _names,
    _spellings,
    _variables,
    _tokens,
    _patterns,
    _bounds,
    _examples,
    _labels,
    _context,
    _ownership,
    _groups,
    _redaction,
)


def _identities(contract: Contract) -> frozenset[str]:
    travelling = (field.spellings for field in contract.context_fields)
    return contract.metric_denied_attributes.union(*travelling)


def _shared(owners: dict[str, list[str]], location: str) -> Iterator[Finding]:
    for spelling, names in owners.items():
        if len(names) > 1:
            yield Finding("TEL905", f"{spelling!r} is claimed by {' and '.join(names)}", location)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if value else ()


def _at(field: Field, key: str) -> str:
    return f"fields.{field.name}.{key}"
