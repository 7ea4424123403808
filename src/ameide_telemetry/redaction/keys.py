"""The name of a field -> the class of what stands under it, by its last words.

`customerEmail`, `customer.email` and `CUSTOMER-EMAIL` end in the same word, `email_sent` and `token_count`
end in others. Looking for parts of names instead finds the session id in `session`, and in `token` how many
tokens a model used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.doubtful import DOUBTFUL, doubtful

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["NameTable", "words"]

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MAX_NAME: Final = 256
# Phrases of words in lower case, the longest one that a name ends in decides.
_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "password": (
        *("password", "passwords", "passwd", "pwd", "passphrase", "pass phrase", "passcode", "pass word"),
        *("pin", "pin code", "pincode", "pin number", "otp", "otp code", "totp", "one time code", "cvv"),
        *("cvc", "one time password", "cvv code", "cvc code", "csc", "card verification value"),
        *("security code", "security answer", "recovery code", "recovery codes", "backup code"),
        *("backup codes", "mfa code"),
        *("verification code", "two factor code", "auth code", "authorization code", "user pass", "db pass"),
        *("smtp pass", "unlock code", "sms code", "oauth code", "totp seed", "otp seed"),
    ),
    "secret": (
        *("secret", "secrets", "client secret", "amz signature", "sas", "shared access signature"),
        *("request signature", "hmac signature", "webhook signature", "hub signature", "stripe signature"),
        *("slack signature", "seed phrase", "mnemonic phrase", "recovery phrase"),
    ),
    "token": (
        *("token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "sessiontoken", "csrftoken"),
        *("jwt", "csrf", "xsrf", "saml response", "samlresponse", "assertion", "csrfmiddlewaretoken"),
        *("apitoken", "bearertoken", "usertoken", "devicetoken", "resettoken", "access tokens", "api tokens"),
        *("refresh tokens", "auth tokens", "code verifier", "session key", "magic link"),
    ),
    "key": (
        *("api key", "apikey", "api keys", "apikeys", "access key", "accesskey", "access key id"),
        *("secret key", "secretkey", "private key", "privatekey", "signing key", "encryption key"),
        *(
            "account key",
            "storage key",
            "master key",
            "ssh key",
            "credential",
            "credentials",
            "connection string",
        ),
        *("dsn", "connectionstring", "conn string", "conn str", "auth key", "authkey", "hmac key"),
        *("shared key", "shared access key", "deploy key", "license key", "app key", "service account key"),
        *("private key pem", "private key password", "decryption key", "root key", "creds", "pre shared key"),
        *("psk", "subscription key", "functions key", "key material", "cipher key", "aes key"),
        *("service account json", "service key", "priv key", "privkey", "stripe key"),
    ),
    "authorization": (
        *("authorization", "proxy authorization", "auth header", "authorization header", "bearer"),
        *("basic auth", "http auth"),
    ),
    "cookie": (
        *("cookie", "cookies", "set cookie", "cookie header", "jsessionid", "phpsessid", "aspsessionid"),
        *("connect sid",),
    ),
    "email": (
        *("email", "emails", "e mail", "email address", "email addresses", "emailaddress", "useremail"),
        *("mail address", "e mail address", "recipient email", "contact email", "mail to", "mailto"),
        *("reply to",),
    ),
    "phone": (
        *("phone", "phones", "mobile", "msisdn", "telephone", "cellphone", "cell phone", "phone number"),
        *("phonenumber", "phone numbers", "mobile number", "mobilenumber", "telephone number", "cell number"),
        *("fax", "fax number", "mobile phone", "phone no", "mobile no", "whatsapp number", "phone nr"),
        *("contact number",),
    ),
    "name": (
        *("first name", "firstname", "last name", "lastname", "full name", "fullname", "given name"),
        *("givenname", "family name", "familyname", "middle name", "maiden name", "surname", "forename"),
        *("cardholder", "card holder", "cardholder name", "card holder name", "person name", "birth name"),
        *("fname", "lname", "account holder", "account holder name", "customer name", "patient name"),
        *("name on card", "legal name", "contact name", "recipient name"),
    ),
    "address": (
        *("street", "street address", "street name", "postal address", "home address", "billing address"),
        *("mailing address", "shipping address", "delivery address", "address line", "postcode"),
        *("post code", "postal code", "postalcode", "zipcode", "zip code", "customer address"),
        *("user address", "residential address", "house number"),
    ),
    "birth_date": (
        *("dob", "birthdate", "birthday", "birth date", "birth day", "date of birth", "dateofbirth"),
        *("birth year",),
    ),
    "national_id": (
        *("ssn", "social security number", "social security", "national id", "national id number"),
        *("national number", "tax id", "taxid", "tax number", "passport", "passport number", "passport no"),
        *("nino", "national insurance number", "driver license", "drivers license", "driving licence"),
        *("driver license number", "drivers license number", "driver licence", "driving license", "bsn"),
        *("identity number", "identity card number", "id card number", "personal id number", "cpf"),
        *("aadhaar", "tax identification number", "social insurance number", "steuer id", "nhs number"),
    ),
    "iban": ("iban", "iban number"),
    "account": (
        *("account number", "accountnumber", "account no", "bank account", "bank account number"),
        *("routing number", "acct number", "acct no", "sort code", "bankaccount"),
    ),
    "card": (
        *("card", "pan", "card number", "cardnumber", "card no", "credit card", "creditcard"),
        *("credit card number", "debit card", "debit card number", "cc number", "ccnumber", "cc num"),
        *("creditcardnumber", "card num", "primary account number", "payment card"),
    ),
    "ip": (
        *("ip", "ip address", "ip addresses", "ipaddress", "ip addr", "client ip", "clientip", "remote ip"),
        *("remote addr", "real ip", "remoteaddr", "forwarded for", "client address", "client addr"),
        *("peer ip", "remote address", "connecting ip", "userip", "remote host ip"),
    ),
    "location": (
        *("latitude", "longitude", "gps", "gps coordinates", "geo coordinates", "gps location"),
        *("geo location", "geolocation", "lat long", "lat lng", "geo point", "geo lat", "gps lat"),
    ),
}
# Names that are others as often: only what looks like it is of the class. A latitude alone says little,
# and `lat` is how long something took.
_DOUBTFUL: Final[Mapping[str, tuple[str, ...]]] = {
    "password": ("pass",),
    "secret": ("hmac", "signature"),
    "token": ("tokens",),
    "key": ("kms key",),
    "authorization": ("auth",),
    "cookie": ("sid",),
    "email": ("mail",),
    "phone": ("tel",),
    # The peer of a server is a client or the ingress, the one of a client a server.
    "ip": ("forwarded", "peer address", "net peer ip", "peer addr", "source address"),
    "location": ("lng", "lon"),
}
# Compounds in one word of all kinds end like these.
_ENDINGS: Final = (
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("clientsecret", "secret"),
    ("appsecret", "secret"),
    ("apikey", "key"),
)
# What stands before the phrases above where all is written in one word.
_FIRST: Final = frozenset(
    {
        *("admin", "api", "app", "billing", "bot", "buyer", "client", "company", "consumer", "contact"),
        *("customer", "database", "db", "delivery", "device", "employee", "ftp", "github", "gitlab", "guest"),
        *("ldap", "login", "member", "merchant", "mongo", "my", "mysql", "oauth", "office", "owner"),
        *("partner", "payee", "payer", "person", "postgres", "proxy", "recipient", "redis", "root", "seller"),
        *("sender", "shipping", "signing", "slack", "smtp", "ssh", "ssl", "stripe", "tls", "twilio", "user"),
        *("webhook", "sms", "email", "mail", "session", "refresh", "auth", "private", "access", "bearer"),
    }
)
# Names that end in one of the words above and say nothing about a person or a secret.
_HARMLESS: Final = (
    *("host ip", "pod ip", "node ip", "server ip", "cluster ip", "service ip", "bind ip", "listen ip"),
    *("gateway ip", "destination ip", "upstream ip", "internal ip", "local ip", "listen address"),
    *("page token", "continuation token", "cancellation token", "sync token", "next token", "stop token"),
    *("eos token", "bos token", "pad token", "unk token", "mask token", "sep token", "cls token"),
    *(
        "per token",
        "special token",
        "last token",
        "first token",
        "prompt token",
        "completion token",
        "window token",
    ),
    *("resume token", "fencing token", "syntax token", "unexpected token", "invalid token", "by token"),
    *("browser mobile", "dash card", "score card", "report card", "is mobile", "by email", "via email"),
    *("wild card", "sim card", "network card", "graphics card", "sound card", "by phone", "by card", "by ip"),
    *("post card", "time card", "business card", "master card"),
    *("public key", "partition key", "by street", "per street", "lock pin", "gpio pin", "map pin", "hot key"),
)
# What may stand behind such a phrase without changing what it means.
_QUALIFIERS: Final = frozenset(
    {
        *("confirm", "confirmation", "confirmed", "repeat", "again", "old", "new", "current", "previous"),
        *("hash", "hashed", "digest", "value", "values", "raw", "plain", "plaintext", "cleartext"),
        *(
            "encrypted",
            "home",
            "work",
            "primary",
            "secondary",
            "business",
            "private",
            "text",
            "string",
            "header",
        ),
        *("input", "base", "b", "v", "bytes", "str", "alt", "alternate", "backup", "list"),
    }
)
# A name that begins like this asks a question or counts.
_ABOUT: Final = frozenset(
    {
        *("has", "is", "num", "count", "total", "max", "min", "require", "requires", "required", "allow"),
        *("allows", "should", "can", "use", "uses", "enable", "enabled", "disable", "needs", "no"),
        *("supports", "show", "invalid", "valid", "missing", "unique", "number"),
    }
)


# Telemetry counts by class what it redacts, under these names.
_COUNTS: Final = "redaction."


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
        phrases.update(
            (tuple(phrase.split()), doubtful(kind)) for kind, each in _DOUBTFUL.items() for phrase in each
        )
        phrases.update((words(phrase), kind) for phrase, kind in more)
        self._phrases = phrases
        self._longest = max(map(len, phrases))

    def knows(self, name: str) -> bool:
        """Tell whether the name is listed in full, so that nothing is guessed from its words."""
        return name.lower() in self._exact

    def class_of(self, name: str) -> str | None:
        """Return the class of what stands under a name; None for what may be shown, or is in doubt."""
        kind = self.kind_of(name)
        return None if kind in DOUBTFUL else kind

    def kind_of(self, name: str) -> str | None:
        """Return the class, or the mark of one that the value decides on."""
        lower = name.lower()
        if lower in self._exact:
            kind = self._exact[lower]
            # What the contract says holds, and with it what is in doubt about such names.
            return doubtful(kind) if kind and self._by_words(name) == doubtful(kind) else kind
        return None if lower.startswith(_COUNTS) else self._by_words(name)

    def _by_words(self, name: str) -> str | None:
        found = words(name)
        if not found or found[0] in _ABOUT:
            return None
        kind = self._qualified(found)
        if kind is _NOTHING:
            parts = tuple(part for each in found for part in _parted(each))
            kind = None if parts[0] in _ABOUT else self._qualified(parts)
        if kind is _NOTHING:
            return next((each for ending, each in _ENDINGS if found[-1].endswith(ending)), None)
        return kind

    def _qualified(self, found: tuple[str, ...]) -> str | None:
        kind = self._ending(found)
        while kind is _NOTHING and len(found) > 1 and found[-1] in _QUALIFIERS:
            found = found[:-1]
            kind = self._ending(found)
        return kind

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


_KNOWN: Final = frozenset(
    {
        *(word for each in (*_PHRASES.values(), _HARMLESS) for phrase in each for word in phrase.split()),
        *_QUALIFIERS,
        *_FIRST,
    }
    # Other words end in these, or begin with them.
    - {"b", "v", "str", "alt", "long"}
)
_LONGEST_KNOWN: Final = max(map(len, _KNOWN))
_LONGEST_PARTED: Final = 48
# Nearly all other words end in none of these.
_LAST: Final = tuple(
    _KNOWN & {*_QUALIFIERS, *(phrase.split()[-1] for each in _PHRASES.values() for phrase in each)}
)


def _parted(word: str) -> tuple[str, ...]:
    """Return the known words that a word is made of, as few as can be; itself when there are none."""
    if word in _KNOWN or len(word) > _LONGEST_PARTED or not word.endswith(_LAST):
        return (word,)
    # The words up to each place.
    parted: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(word) + 1):
        begins = range(max(0, end - _LONGEST_KNOWN), end)
        fits = [
            (*before, word[begin:end])
            for begin in begins
            if (before := parted[begin]) is not None and word[begin:end] in _KNOWN
        ]
        parted.append(min(fits, key=len, default=None))
    return parted[-1] or (word,)
