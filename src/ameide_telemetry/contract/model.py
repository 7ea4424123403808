"""The shape of the contract: frozen values that know nothing about files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Contract", "Field", "ResourceAttribute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One fact about a unit of work, with its spelling in every place where it appears.

    Attributes:
        name: name within the registry; constants are called after it.
        log: keys on a log line, the canonical one first; all are written with the same value.
        span: attributes on spans.
        baggage: key in W3C baggage; empty when the field does not travel. A field that travels is context.
        header: inbound and response header; empty when there is none.
        resource: resource attribute with the same value; empty when there is none.
        type: JSON type, a word of `vocabulary.TYPES`.
        pattern: name of the pattern that the whole value matches; empty for none.
        regex: text of that pattern.
        format: JSON Schema format; a note for readers, the pattern is what is checked.
        enum: the accepted values; empty for any.
        min_length: least number of characters of a string.
        minimum: least value of a number, inclusive.
        maximum: greatest value of a number, inclusive.
        required: a word of `vocabulary.OCCASIONS`.
        together: fields with the same word here stand on a line together or not at all.
        cardinality: a word of `vocabulary.CARDINALITIES`.
        pii: a word of `vocabulary.PII_CLASSES`.
        loki: home of the canonical log key, a word of `vocabulary.LOKI_HOMES`; the other spellings
            stay in the line.
        label: name of the Loki label; empty unless `loki` is `label`.
        metric: a word of `vocabulary.METRIC_POLICIES`.
        reserved: whether the library owns the log keys, so that a caller's value is moved to `extra`.
        brief: what the field means, in one or two sentences.
        example: a value as it stands on a line.
    """

    name: str
    log: tuple[str, ...]
    type: str
    required: str
    cardinality: str
    pii: str
    loki: str
    brief: str
    example: object
    span: tuple[str, ...] = ()
    baggage: str = ""
    header: str = ""
    resource: str = ""
    pattern: str = ""
    regex: str = ""
    format: str = ""
    enum: tuple[str, ...] = ()
    min_length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    together: str = ""
    label: str = ""
    metric: str = "allowed"
    reserved: bool = False

    @property
    def spellings(self) -> frozenset[str]:
        """Every name under which the field's value appears as a key, headers aside."""
        return frozenset((*self.log, *self.span, *((self.baggage,) if self.baggage else ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceAttribute:
    """One fact about the process that emits.

    Attributes:
        name: the OpenTelemetry resource attribute.
        environment: environment variables that hold it; the first that is set wins.
        field_path: name of the value in the Kubernetes downward API; empty when it has none.
        cardinality: a word of `vocabulary.CARDINALITIES`.
        brief: what the attribute means.
    """

    name: str
    cardinality: str
    brief: str
    environment: tuple[str, ...] = ()
    field_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The whole registry.

    Attributes:
        schema_version: version that every line carries.
        id: the `$id` of the JSON Schema.
        levels: accepted levels, least severe first.
        access_logger: logger of the access line; only its lines have typed access keys.
        limits: sizes in bytes by name.
        patterns: regular expressions of whole values by name, in the subset that Python and ECMA 262 share.
        labels: every Loki label, and the source of its value (a word of `vocabulary.LABEL_SOURCES`).
        denied_attributes: metric attributes refused beside the spellings of denied fields.
        kept: names under which only what holds an `@` is searched, beside those of the fields.
        personal: names of attributes and fields about a person -> class of redaction.
        fields: the fields in the order of the registry.
        resource: the resource attributes in the order of the registry.
    """

    schema_version: str
    id: str
    levels: tuple[str, ...]
    access_logger: str
    limits: Mapping[str, int]
    patterns: Mapping[str, str]
    labels: Mapping[str, str]
    denied_attributes: tuple[str, ...]
    kept: tuple[str, ...]
    personal: Mapping[str, str]
    fields: tuple[Field, ...]
    resource: tuple[ResourceAttribute, ...]

    @property
    def context_fields(self) -> tuple[Field, ...]:
        """The fields that travel with the work."""
        return tuple(field for field in self.fields if field.baggage)

    @property
    def reserved_log_keys(self) -> frozenset[str]:
        """The log keys that a caller cannot override."""
        return frozenset(key for field in self.fields if field.reserved for key in field.log)

    @property
    def metric_denied_attributes(self) -> frozenset[str]:
        """The attributes that no metric and no exemplar may carry, whatever their case and separators."""
        denied = (field.spellings for field in self.fields if field.metric == "denied")
        return frozenset(self.denied_attributes).union(*denied)

    @property
    def kept_names(self) -> frozenset[str]:
        """The names whose values join signals or name machines: only one with an `@` is searched."""
        fields = (field for field in self.fields if field.pii in {"none", "pseudonymous"})
        known = (
            name
            for field in fields
            for name in (*field.spellings, *((field.resource,) * bool(field.resource)))
        )
        return frozenset((*self.kept, *known, *(attribute.name for attribute in self.resource)))

    @property
    def together(self) -> tuple[tuple[str, ...], ...]:
        """The sets of log keys that stand on a line together or not at all, in the registry's order."""
        groups: dict[str, list[str]] = {}
        for field in self.fields:
            if field.together or len(field.log) > 1:
                groups.setdefault(field.together or field.name, []).extend(field.log)
        return tuple(tuple(keys) for keys in groups.values())
