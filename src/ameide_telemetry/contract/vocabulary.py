"""The words that `telemetry.toml` may use, each with its meaning.

The loader refuses every other word, and the reference page prints the meanings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CARDINALITIES",
    "LABEL_SOURCES",
    "LOKI_HOMES",
    "METRIC_POLICIES",
    "OCCASIONS",
    "PERSONAL_CLASSES",
    "PII_CLASSES",
    "SECRET_CLASSES",
    "TYPES",
]

TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "object": "a JSON object with any members",
}
"""JSON types of a field."""

OCCASIONS: Final[Mapping[str, str]] = {
    "always": "on every line",
    "in_span": "when a valid span is current, sampled or not",
    "in_request": "while a request is served",
    "when_known": "when the service or its caller told it",
    "when_failed": "when the record carries an exception",
    "when_asked": "when the log call asked for it",
    "when_displaced": "when the caller used a reserved key",
    "when_cut": "when the line was longer than the limit",
    "when_redacted": "when something on the line was redacted",
    "on_access_line": "on every access line",
    "when_matched": "on the access line of a request that matched a route",
    "when_unmatched": "on the access line of a request that matched no route",
}
"""When a field is required."""

CARDINALITIES: Final[Mapping[str, str]] = {
    "low": "a closed set, tens of values",
    "medium": "grows with the code or its releases, hundreds",
    "high": "grows with customers or pods, thousands",
    "unbounded": "grows with traffic",
}
"""How many distinct values a field has."""

PII_CLASSES: Final[Mapping[str, str]] = {
    "none": "says nothing about a person",
    "pseudonymous": "an opaque id that other systems can resolve to a person or a customer",
    "personal": "may hold data of a person by its nature",
    "free_text": "holds whatever the code puts in; scanned and redacted",
}
"""What a field may say about a person."""

SECRET_CLASSES: Final[Mapping[str, str]] = {
    "password": "a password, PIN, one-time code or the code of a card",
    "secret": "a shared secret or a signature",
    "token": "an access, refresh, session or anti-forgery token",
    "key": "a key of an API or a cloud, or a connection string",
    "authorization": "what a request proves its sender with",
    "cookie": "cookies",
    "credentials": "the user-info of a URL",
    "jwt": "a JSON Web Token",
    "private_key": "a private key in PEM",
    "query": "a value in the query of a URL",
    "literal": "a literal of an SQL statement, or a parameter of one",
}
"""What opens doors: kinds of values that are redacted and never get a pseudonym."""

PERSONAL_CLASSES: Final[Mapping[str, str]] = {
    "email": "an e-mail address",
    "phone": "a telephone number",
    "name": "the name of a person",
    "address": "a postal address or a part of it",
    "birth_date": "a date of birth",
    "national_id": "a number that a state gives a person",
    "iban": "an international bank account number",
    "account": "the number of a bank account",
    "card": "the number of a payment card",
    "ip": "the network address of a person",
    "location": "where on earth somebody is",
    "personal": "other data of a person",
    "custom": "what a deployment's own pattern found",
}
"""Data of people: kinds of values that are redacted, or replaced by a pseudonym on request."""

LOKI_HOMES: Final[Mapping[str, str]] = {
    "label": "indexed; part of the stream's identity",
    "structured_metadata": "beside the line, searchable without parsing it",
    "line": "in the line only",
}
"""Where Loki keeps a field."""

LABEL_SOURCES: Final[Mapping[str, str]] = {
    "platform": "metadata of the pod",
    "line": "a field of the line",
}
"""Where the value of a Loki label comes from."""

METRIC_POLICIES: Final[Mapping[str, str]] = {
    "allowed": "may become a metric attribute where it is of low cardinality",
    "denied": "removed from every metric and exemplar",
}
"""Whether a field may become a metric attribute."""
