"""The name of a field -> the class of what stands under it, by its last words.

`customerEmail`, `customer.email` and `CUSTOMER-EMAIL` end in the same word, `email_sent` and `token_count`
end in others. Looking for parts of names instead finds the session id in `session`, and in `token` how many
tokens a model used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["NameTable", "words"]

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MAX_NAME: Final = 256
# Phrases of words in lower case, the longest one that a name ends in decides.
_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "password": (
        *("password", "passwords", "passwd", "pwd", "passphrase", "passcode", "userpassword", "dbpassword"),
        *("pin", "pin code", "pincode", "otp", "otp code", "totp", "one time code", "cvv", "cvc", "csc"),
        *("security code", "security answer", "recovery code", "verification code", "mfa code"),
    ),
    "secret": ("secret", "secrets", "client secret", "clientsecret", "amz signature", "sas"),
    "token": (
        *("token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "sessiontoken", "csrftoken"),
        *("jwt", "csrf", "xsrf", "saml response", "samlresponse", "assertion"),
    ),
    "key": (
        *("api key", "apikey", "access key", "accesskey", "access key id", "secret key", "secretkey"),
        *("private key", "privatekey", "signing key", "encryption key", "account key", "storage key"),
        *("master key", "ssh key", "credential", "credentials", "connection string", "dsn"),
    ),
    "authorization": ("authorization", "proxy authorization", "auth header", "bearer"),
    "cookie": ("cookie", "cookies", "set cookie", "jsessionid", "phpsessid", "aspsessionid"),
    "email": (
        *("email", "emails", "e mail", "email address", "emailaddress", "useremail", "mail address"),
        *("recipient email", "contact email"),
    ),
    "phone": (
        *("phone", "phones", "mobile", "msisdn", "telephone", "cellphone", "phone number", "phonenumber"),
        *("mobile number", "mobilenumber", "telephone number", "cell number", "fax", "fax number"),
    ),
    "name": (
        *("first name", "firstname", "last name", "lastname", "full name", "fullname", "given name"),
        *("givenname", "family name", "familyname", "middle name", "maiden name", "surname", "forename"),
        *("cardholder", "card holder", "cardholder name", "person name", "birth name"),
    ),
    "address": (
        *("street", "street address", "postal address", "home address", "billing address", "mailing address"),
        *("shipping address", "delivery address", "address line", "postcode", "post code", "postal code"),
        *("postalcode", "zipcode", "zip code"),
    ),
    "birth_date": ("dob", "birthdate", "birthday", "birth date", "date of birth", "dateofbirth"),
    "national_id": (
        *("ssn", "social security number", "national id", "national id number", "national number", "tax id"),
        *("taxid", "tax number", "passport", "passport number", "nino", "national insurance number"),
        *("driver license", "drivers license", "driving licence", "driver license number", "bsn"),
    ),
    "iban": ("iban",),
    "account": ("account number", "accountnumber", "bank account", "bank account number", "routing number"),
    "card": (
        *("card", "pan", "card number", "cardnumber", "credit card", "creditcard", "credit card number"),
        *("debit card", "cc number", "ccnumber", "creditcardnumber"),
    ),
    "ip": (
        *("ip", "ip address", "ipaddress", "client ip", "clientip", "remote ip", "remote addr", "real ip"),
        *("remoteaddr", "forwarded for", "client address", "peer ip"),
    ),
    "location": ("latitude", "longitude", "gps", "gps coordinates", "geo coordinates"),
}
# Names that end in one of the words above and say nothing about a person or a secret.
_HARMLESS: Final = (
    *("host ip", "pod ip", "node ip", "server ip", "cluster ip", "service ip", "bind ip", "listen ip"),
    *("gateway ip", "destination ip", "upstream ip", "internal ip"),
    *("page token", "continuation token", "cancellation token", "sync token", "next token", "stop token"),
    *("eos token", "bos token", "pad token", "browser mobile", "dash card", "score card", "report card"),
    *("wild card", "sim card", "network card", "graphics card", "sound card"),
)
# What may stand behind such a phrase without changing what it means.
_QUALIFIERS: Final = frozenset(
    {
        *("confirm", "confirmation", "confirmed", "repeat", "again", "old", "new", "current", "previous"),
        *("hash", "hashed", "digest", "value", "raw", "plain", "plaintext", "cleartext", "encrypted"),
        *("home", "work", "primary", "secondary", "business", "private", "text", "string"),
    }
)
# A name that begins like this asks a question or counts.
_ABOUT: Final = frozenset(
    {"has", "is", "num", "count", "total", "max", "min", "require", "requires", "allow"}
)


class NameTable:
    """Tells the class of names.

    Args:
        exact: names in full, as they are written -> class, or None where nothing is ever redacted.
        more: further phrases -> class, or None; they go before the built-in ones.
    """

    __slots__ = ("_exact", "_longest", "_phrases")

    def __init__(self, exact: Mapping[str, str | None], more: Iterable[tuple[str, str | None]] = ()) -> None:
        self._exact = {name.lower(): kind for name, kind in exact.items()}
        phrases: dict[tuple[str, ...], str | None] = {
            tuple(phrase.split()): kind for kind, each in _PHRASES.items() for phrase in each
        }
        phrases.update((tuple(phrase.split()), None) for phrase in _HARMLESS)
        phrases.update((words(phrase), kind) for phrase, kind in more)
        self._phrases = phrases
        self._longest = max(map(len, phrases))

    def knows(self, name: str) -> bool:
        """Tell whether the name is listed in full, so that nothing is guessed from its words."""
        return name.lower() in self._exact

    def class_of(self, name: str) -> str | None:
        """Return the class of what stands under a name; None for what may be shown."""
        lower = name.lower()
        if lower in self._exact:
            return self._exact[lower]
        found = words(name)
        if not found or found[0] in _ABOUT:
            return None
        kind = self._ending(found)
        while kind is _NOTHING and len(found) > 1 and found[-1] in _QUALIFIERS:
            found = found[:-1]
            kind = self._ending(found)
        return None if kind is _NOTHING else kind

    def _ending(self, found: tuple[str, ...]) -> str | None:
        for size in range(min(self._longest, len(found)), 0, -1):
            kind = self._phrases.get(found[-size:], _NOTHING)
            if kind is not _NOTHING:
                return kind
        return _NOTHING


_NOTHING: Final = ""


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case; `camelCase`, `kebab-case`, dots and digits part them."""
    return tuple([each.lower() for each in _WORDS.findall(name[-_MAX_NAME:])])
