"""What a tenant, request or session may be: the characters and the length that the contract takes."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact, printable

__all__ = ["RESERVED_TENANTS", "accepted"]

RESERVED_TENANTS: Final = frozenset({".", ".."})
"""Tenants of allowed characters that Loki and Tempo refuse all the same: a tenant is a folder there."""

# What the contract's patterns do not allow: for a tenant and a session, what Loki and Tempo refuse.
_REFUSED: Final = {
    names.LOG_TENANT_ID: re.compile(r"[^A-Za-z0-9!\-_.*'()]"),
    names.LOG_REQUEST_ID: re.compile(r"[^A-Za-z0-9._-]"),
    names.LOG_SESSION_ID: re.compile(r"[^A-Za-z0-9!\-_.*'()]"),
}
_MAX_LENGTH: Final = {
    names.LOG_TENANT_ID: names.MAX_CONTEXT_VALUE_BYTES,
    names.LOG_REQUEST_ID: 64,
    names.LOG_SESSION_ID: names.MAX_CONTEXT_VALUE_BYTES,
}
# So many hexadecimal digits that nobody finds a second value with the same ones.
_DIGEST_DIGITS: Final = 16
# What is bound may be of any size; so much of it tells one from another.
_MOST_DIGESTED: Final = 8192


def accepted(name: str, value: object) -> str | None:
    """Return a value as the contract takes it; None where there is nothing to take.

    In one that the contract refuses, the characters become `_`, and a digest of the whole is added: two
    different tenants are never made one. That is counted as `context.<name>_replaced`.

    Args:
        name: log key of a context value, such as `tenant_id`.
        value: what was bound, or what a header said.
    """
    text = exact(value) if issubclass(type(value), str) else contained(_text, value)  # type: ignore[arg-type]
    if not text:
        return None
    most = _MAX_LENGTH[name]
    if len(text) <= most and _REFUSED[name].search(text) is None and not _is_reserved(name, text):
        return text
    guard.note(f"context.{name}_replaced")
    digest = sha256(text[:_MOST_DIGESTED].encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]
    return f"{_REFUSED[name].sub('_', text[: most - _DIGEST_DIGITS - 1])}-{digest}"


def _is_reserved(name: str, text: str) -> bool:
    return name == names.LOG_TENANT_ID and text in RESERVED_TENANTS


def _text(value: object) -> str:
    return exact(str(printable(value)))
