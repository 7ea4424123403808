"""Names for people that stay the same without saying who it is, so that joins still work.

HMAC-SHA-256 under a key that only the deployment has. A hash without a key is no pseudonym: there are few
enough telephone numbers and addresses in use to hash them all and look.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["Pseudonyms"]

_HEX_DIGITS: Final = 24
_SEPARATORS: Final = re.compile(r"[\s().\-/]+")
_NOT_DIGITS: Final = re.compile(r"\D+")
# What programs write where they know nobody: as a pseudonym, all of them would be one person.
_NOBODY: Final = frozenset({"", "-", "unknown", "none", "null", "nil", "n/a", "undefined", "anonymous"})
_MOST_ESCAPES: Final = 3
_PUNYCODE: Final = "xn--"
_LONGEST_LABEL: Final = 63
_LONGEST_DOMAIN: Final = 255
# With a port: `192.0.2.1:80`, `[2001:db8::1]:80`. Without brackets the last part of an IPv6 is no port.
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\](?::\d{1,5})?")
_PORT: Final = re.compile(r"([\d.]+):\d{1,5}")


class Pseudonyms:
    """Makes pseudonyms.

    Args:
        key: at least 16 bytes, the deployment's secret.
        key_id: stands in every pseudonym, so that those of an older key can be told.
        classes: personal classes that get one; all others get a marker.
    """

    __slots__ = ("_classes", "_key", "_key_id")

    def __init__(self, key: bytes, key_id: str, classes: Collection[str]) -> None:
        self._key = key
        self._key_id = key_id
        self._classes = frozenset(classes) & PERSONAL_CLASSES.keys()

    def of(self, kind: str, value: str) -> str | None:
        """Return `[class:key-id:digits]` for a value; None when its class gets none, or it says nobody.

        96 bits of the HMAC are kept: equal ones by chance are out of the question for any number of people.
        """
        if kind not in self._classes:
            return None
        who = canonical(kind, value)
        if who in _NOBODY:
            return None
        text = f"{kind}:{who}".encode("utf-8", "replace")
        return f"[{kind}:{self._key_id}:{hmac.new(self._key, text, sha256).hexdigest()[:_HEX_DIGITS]}]"

    def __repr__(self) -> str:
        return f"Pseudonyms(key_id={self._key_id!r}, classes={sorted(self._classes)})"


def canonical(kind: str, value: str) -> str:
    """Return the one spelling of all that mean the same: case, width, spaces, separators and escapes."""
    text = _folded(value if kind == "ip" else _unescaped(value))
    return _SPELLINGS.get(kind, str)(text)


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _unescaped(text: str) -> str:
    """Undo percent-encoding, which each that passes a value on may have added once more."""
    for _ in range(_MOST_ESCAPES):
        if "%" not in text:
            break
        text = unquote(text)
    return text


def _email(text: str) -> str:
    inside = text[text.rfind("<") + 1 : -1] if text.endswith(">") else text
    local, at, domain = inside.strip().removeprefix("mailto:").partition("?")[0].strip().rpartition("@")
    return f"{local}{at}{_domain(domain)}"


def _domain(text: str) -> str:
    """Return a domain in the letters that it is meant to have: Punycode is how machines write them."""
    text = text.removesuffix(".")
    if _PUNYCODE not in text or len(text) > _LONGEST_DOMAIN:
        return text
    return _folded(".".join(map(_label, text.split("."))))


def _label(text: str) -> str:
    if not text.startswith(_PUNYCODE) or len(text) > _LONGEST_LABEL:
        return text
    try:
        return text.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
    except ValueError:
        return text


def _number(text: str) -> str:
    return _SEPARATORS.sub("", text)


def _phone(text: str) -> str:
    """Return the digits from the country on, which `+` and `00` both begin."""
    digits = _NOT_DIGITS.sub("", text.removeprefix("tel:").partition(";")[0].replace("(0)", ""))
    # Whatever script they were written in.
    return "".join(str(unicodedata.decimal(each)) for each in digits).removeprefix("00") or text


def _ip(text: str) -> str:
    """Return the first address of a list: that of the client, where proxies add theirs behind it."""
    items = (_address(item) for item in text.split(","))
    return next((item for item in items if item not in _NOBODY), "")


def _address(item: str) -> str:
    # `Forwarded` writes `for="[2001:db8::1]:80";proto=https`.
    text = item.partition(";")[0].strip().removeprefix("for=").strip("\"' ")
    found = _BRACKETS.fullmatch(text) or _PORT.fullmatch(text)
    try:
        address = ip_address((found[1] if found is not None else text).partition("%")[0])
    except ValueError:
        return text
    return str(getattr(address, "ipv4_mapped", None) or address)


_SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "email": _email,
    "phone": _phone,
    "ip": _ip,
    # Written with separators or without, it is the same number.
    **dict.fromkeys(("iban", "account", "card", "national_id"), _number),
}
