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

from ameide_telemetry.contract.vocabulary import PERSONAL_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["Pseudonyms"]

_HEX_DIGITS: Final = 24
_SEPARATORS: Final = re.compile(r"[\s().\-/]+")
_NOT_DIGITS: Final = re.compile(r"\D+")


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
        """Return `[class:key-id:digits]` for a value; None when its class gets none.

        96 bits of the HMAC are kept: equal ones by chance are out of the question for any number of people.
        """
        if kind not in self._classes:
            return None
        text = f"{kind}:{canonical(kind, value)}".encode("utf-8", "replace")
        return f"[{kind}:{self._key_id}:{hmac.new(self._key, text, sha256).hexdigest()[:_HEX_DIGITS]}]"

    def __repr__(self) -> str:
        return f"Pseudonyms(key_id={self._key_id!r}, classes={sorted(self._classes)})"


def canonical(kind: str, value: str) -> str:
    """Return the one spelling of all that mean the same: case, width, spaces, separators and escapes."""
    text = unicodedata.normalize("NFKC", value).casefold()
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    return _SPELLINGS.get(kind, str)(text)


def _email(text: str) -> str:
    inside = text[text.rfind("<") + 1 : -1] if text.endswith(">") else text
    return inside.removeprefix("mailto:").replace("%40", "@").strip()


def _number(text: str) -> str:
    return _SEPARATORS.sub("", text)


def _phone(text: str) -> str:
    """Return the digits from the country on, which `+`, `%2B` and `00` all begin."""
    digits = _NOT_DIGITS.sub("", text.replace("%2b", "+").replace("(0)", ""))
    return digits.removeprefix("00") or text


def _ip(text: str) -> str:
    try:
        address = ip_address(text.removeprefix("[").removesuffix("]"))
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
