"""What a tenant, request or session may be: the characters and the length that the contract takes."""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ameide_telemetry import guard
from ameide_telemetry.contract import names
from ameide_telemetry.values.foreign import contained
from ameide_telemetry.values.text import exact, printable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RESERVED_TENANTS", "accepted", "digest_with"]

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
_KEY_BYTES: Final = 32
# Data about a person: none of these characters is allowed in an id, so that no id that is taken has them.
_PERSONAL: Final = (
    ("redacted_email", re.compile(r"@|\uff20|%(?:25)?40")),
    ("redacted_phone", re.compile(r"(?:\+|%2[Bb])[\s(]{0,2}[0-9](?:[\s().\-/]{0,2}[0-9]){5}")),
)
# Of what is written in these only, the readable part says all but the signs between.
_READABLE: Final = re.compile(r"[\x20-\x7e]*")


_RANDOM: Final[dict[int, bytes]] = {}


class _Key:
    """The deployment's key for digests, or none."""

    given: bytes | None = None


def digest_with(key: bytes | None) -> Callable[[], None]:
    """Make digests under a key of the deployment's, which all of its services have.

    Args:
        key: that of the pseudonyms; None: a random one of this process and of those that it forks later.

    Returns:
        Makes them as before.
    """
    before, _Key.given = _Key.given, key
    _random()

    def undo() -> None:
        _Key.given = before

    return undo


def accepted(name: str, value: object) -> str | None:
    """Return a value as the contract takes it; None where there is nothing to take.

    In one that the contract refuses, the characters become `_`, and a digest of the whole is added: two
    different tenants are never made one. Of an e-mail address or a telephone number only the digest is left,
    and a digest that says more than the readable part has a key. That is counted as
    `context.<name>_replaced`.

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
    text = text[:_MOST_DIGESTED]
    kept = most - _DIGEST_DIGITS - 1
    personal = next((said for said, pattern in _PERSONAL if pattern.search(text) is not None), None)
    shown = personal or _REFUSED[name].sub("_", text[:kept])
    hidden = personal is not None or len(text) > kept or _READABLE.fullmatch(text) is None
    return f"{shown}-{_digest(text, hidden=hidden)}"


def _digest(text: str, *, hidden: bool) -> str:
    """Return what tells one text from others.

    Without a key, all that people are called could be tried: only what everybody can read has such a digest,
    which is then the same in all services.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    # The same key makes pseudonyms, of a class and a value: none of those is taken for one of these.
    digest = hmac.new(_Key.given or _random(), b"id:" + encoded, sha256) if hidden else sha256(encoded)
    return digest.hexdigest()[:_DIGEST_DIGITS]


def _random() -> bytes:
    # The first one stays, whichever thread makes it.
    return _RANDOM.get(0) or _RANDOM.setdefault(0, secrets.token_bytes(_KEY_BYTES))


def _is_reserved(name: str, text: str) -> bool:
    return name == names.LOG_TENANT_ID and text in RESERVED_TENANTS


def _text(value: object) -> str:
    return exact(str(printable(value)))
