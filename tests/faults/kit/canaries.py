"""Secrets that are nobody's, to be planted wherever a program may put one, and to be looked for afterwards.

Two kinds: values that give themselves away by how they look, and arbitrary ones under a telling name. All are
made from a seed, so that the process that plants them and the test that looks for them have the same; none
stands in the sources as a whole.
"""

from __future__ import annotations

import base64
import html
import json
import random
import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["NEUTRAL", "PERSON", "Canary", "canaries", "described", "leaks", "one"]

PERSON: Final = "person"
# Says nothing of what stands under it.
NEUTRAL: Final = "note"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_HEX: Final = "0123456789abcdef"
_UPPER: Final = _LETTERS.upper()
_ALL: Final = _LETTERS + _UPPER + _DIGITS
_BASE32: Final = _UPPER + "234567"
_PART: Final = 10
_AMEX: Final = 15
_LAST_DIGIT: Final = 9
_WORDS: Final = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_ZERO: Final = re.compile(rb"\0|\\+(?:u0000|x00)")
# What surrounds a value in ordinary text.
_PROSE: Final = "the partner has {} on file"

# Prefix, letters of the rest, length of the rest; as the vendors make them.
_KEYS: Final[tuple[tuple[str, str, int], ...]] = (
    *((prefix, _BASE32, 16) for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")),
    ("AIza", _ALL, 35),
    ("ya29.", _ALL, 60),
    ("GOCSPX-", _ALL, 28),
    *((f"gh{letter}_", _ALL, 36) for letter in "pousr"),
    ("github_pat_", _ALL, 82),
    *((f"gl{kind}-", _ALL, 20) for kind in ("pat", "dt", "rt", "ptt", "soat")),
    *((f"xox{letter}-", _DIGITS, 36) for letter in "bpars"),
    ("xapp-1-", _UPPER + _DIGITS, 40),
    *((f"{letter}k_live_", _ALL, 24) for letter in "sr"),
    ("whsec_", _ALL, 32),
    *((f"sk-{kind}", _ALL, 48) for kind in ("", "ant-", "proj-", "svcacct-", "or-")),
    ("npm_", _ALL, 36),
    ("pypi-AgEIcHlwaS5vcmc", _ALL, 80),
    ("dckr_pat_", _ALL, 27),
    ("hf_", _ALL, 34),
    ("dop_v1_", _HEX, 64),
    *((f"shp{kind}_", _HEX, 32) for kind in ("at", "ca", "pa", "ss")),
    ("hvs.", _ALL, 90),
    ("hvb.", _ALL, 90),
    ("AGE-SECRET-KEY-1", _UPPER + _DIGITS, 58),
    ("sq0atp-", _ALL, 22),
    ("sq0csp-", _ALL, 43),
    ("NRAK-", _UPPER + _DIGITS, 27),
)
_SCHEMES: Final = (
    "postgres", "postgresql", "mysql", "mysql+pymysql", "mongodb+srv", "redis", "rediss", "amqp", "https",
    "http", "ftp", "smtp", "ldap", "clickhouse",
)  # fmt: skip
# Country -> length of the account's part, as registered.
_IBANS: Final[Mapping[str, int]] = {
    "DE": 18, "FR": 23, "NL": 14, "ES": 20, "IT": 23, "BE": 12, "AT": 16, "CH": 17, "PL": 24, "GB": 18,
    "SE": 20, "NO": 11,
}  # fmt: skip
# Issuer prefix, length.
_CARDS: Final = (
    ("4", 16), ("4929", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16),
    ("3528", 16), ("62", 16),
)  # fmt: skip
# Beginning, how many digits are left.
_PHONES: Final = (
    ("+49 30 ", 8), ("+44 20 7", 7), ("+1-202-5", 6), ("+33 6 ", 8), ("+39 06 6", 7), ("+49151", 8),
    ("+3120", 7), ("+3461", 7), ("+4179", 7),
)  # fmt: skip
_PEMS: Final = ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")
# Names of what is about somebody.
_PEOPLE: Final = (
    *("email", "customerEmail", "contact_email", "user.email", "email_address", "recipientEmail"),
    *("first_name", "lastName", "full_name", "surname", "given-name", "cardholder_name"),
    *("street_address", "billingAddress", "postal_address", "delivery_address"),
    *("iban", "account_number", "passport_number", "national_id", "tax_id", "ssn", "cardNumber"),
    "credit_card",
)  # fmt: skip
# Names as programs spell them; what stands under them is random.
_NAMES: Final = (
    *("password", "passwd", "pwd", "passphrase", "db_password", "dbPassword", "smtp.password", "PASSWORD"),
    *("user-password", "new_password", "passwordConfirm", "old_password", "password_hash", "mysql_pwd"),
    *("secret", "client_secret", "clientSecret", "CLIENT_SECRET", "webhook-secret", "jwt_secret", "secrets"),
    *("app.secret", "signing_secret", "shared_secret", "stripe_webhook_secret", "consumerSecret"),
    *("api_key", "apiKey", "API_KEY", "x-api-key", "X-Api-Key", "openai_api_key", "google-api-key", "apikey"),
    *("access_key", "accessKey", "aws_access_key_id", "aws_secret_access_key", "secretKey", "secret_key"),
    *("private_key", "privateKey", "ssh-private-key", "signing_key", "encryption_key", "account_key"),
    *("AccountKey", "storage_key", "master_key", "credentials", "credential", "connection_string", "dsn"),
    *("sentry_dsn", "database.dsn", "google_credentials", "connectionString"),
    *("token", "access_token", "accessToken", "refresh_token", "id_token", "auth-token", "x-auth-token"),
    *("csrf_token", "csrfToken", "session_token", "bearer_token", "bot_token", "x-gitlab-token", "jwt"),
    *("vault.token", "github_token", "GITHUB_TOKEN", "npm_token", "x-csrf-token", "xsrf-token", "assertion"),
    *("authorization", "Authorization", "proxy-authorization", "x-forwarded-authorization", "auth_header"),
    *("cookie", "set-cookie", "Set-Cookie", "session_cookie", "auth-cookie"),
    *("otp", "totp", "mfa_code", "one_time_code", "recovery_code", "security_answer", "verification_code"),
    *_PEOPLE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Canary:
    """One secret.

    Attributes:
        kind: what it is, for reports.
        name: of the field, header or parameter that it is given as.
        value: the secret.
        parts: pieces of it of which none may be found.
    """

    kind: str
    name: str
    value: str
    parts: tuple[str, ...]

    @property
    def telling(self) -> bool:
        """Whether it is the name that gives it away."""
        return self.name != NEUTRAL

    @property
    def header(self) -> str:
        """The name as an HTTP header has it, in whose words no capitals part them."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.name)

    @property
    def identifier(self) -> str:
        """The name as Python has it."""
        return "".join(each if each.isalnum() else "_" for each in self.name)

    @property
    def is_line(self) -> bool:
        """Whether it has no line break in it."""
        return "\n" not in self.value

    @property
    def is_word(self) -> bool:
        """Whether it stands in a path or a cookie without being changed."""
        return not any(each.isspace() or each == "/" for each in self.value)

    @property
    def text(self) -> str:
        """A text that holds it, as programs write one."""
        return f"{self.name}={self.value}" if self.telling else _PROSE.format(self.value)


@cache
def canaries(salt: str = "") -> tuple[Canary, ...]:
    """Return all of them; another salt gives others of the same kinds."""
    return (*_recognisable(_Mill(salt)), *_named(_Mill(f"{salt} named")))


def described(salt: str) -> tuple[Canary, ...]:
    """Return those that a resource is described with: a name of its own for each."""
    return tuple(each for each in canaries(f"{salt} resource") if each.telling)


def one(name: str, salt: str) -> Canary:
    """Return a random secret under a name."""
    return _of(name, name, _Mill(f"{salt} {name}").some(_ALL, 32))


def leaks(planted: Iterable[Canary], *texts: bytes) -> list[str]:
    """Return, for each canary of which a part is in a text in any form, where that is."""
    # Whatever writes a value down may do so in capitals, or with two bytes for a letter.
    texts = tuple(text.lower() for text in texts)
    texts += tuple(_ZERO.sub(b"", text) for text in texts)
    # Megabytes of telemetry are mostly the same words again.
    words = b"\n".join({word for text in texts for word in _WORDS.findall(text)})
    return [found for canary in planted if (found := _leak(canary, words, texts)) is not None]


def _leak(canary: Canary, words: bytes, texts: tuple[bytes, ...]) -> str | None:
    for form in (form.lower() for part in canary.parts for form in _forms(part)):
        if _WORDS.fullmatch(form) and form not in words:
            continue
        for text in texts:
            at = text.find(form)
            if at >= 0:
                around = text[max(0, at - 160) : at + len(form) + 60]
                return f"{canary.kind} {canary.name} as {form!r} in ...{around!r}..."
    return None


def _forms(part: str) -> Iterator[bytes]:
    """Yield a part as it is, escaped, and what is left of it inside of base64, whatever it stands behind."""
    data = part.encode()
    once, plus = quote(part, safe=""), quote_plus(part)
    spellings = {part, json.dumps(part)[1:-1], once, plus, quote(once), quote(plus), html.escape(part)}
    yield from (each.encode() for each in spellings)
    if len(digits := re.sub(r"\D", "", part)) >= _PART and not part.isalnum():
        yield digits.encode()
    yield data.hex().encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).rstrip(b"=")
        # The first and the last letters depend on what is around.
        yield encoded[(0, 2, 3)[shift] : -2]


class _Mill:
    """Makes random texts, the same ones for the same salt."""

    def __init__(self, salt: str) -> None:
        self._random = random.Random(f"canary {salt}")

    def some(self, letters: str, length: int) -> str:
        """Return a text in which a digit and a letter stand, as far as there are both."""
        text = "".join(self._random.choices(letters, k=length - 2))
        return f"{text[: length // 2]}{letters[0]}{letters[-1]}{text[length // 2 :]}"


def _of(kind: str, name: str, value: str, secret: str | None = None) -> Canary:
    """Return a canary with its parts: pieces of what is secret in it, from the beginning to the end."""
    runs = re.findall(r"[A-Za-z0-9]{6,}", value if secret is None else secret)
    pieces = (run[at : at + _PART] for run in runs for at in (*range(0, len(run), _PART), -_PART))
    parts = {piece for piece in pieces if len(piece) >= _PART}
    if not parts:
        parts = set(runs) or {value if secret is None else secret}
    return Canary(kind, name, value, tuple(sorted(parts)))


def _recognisable(mill: _Mill) -> Iterator[Canary]:
    for prefix, letters, length in _KEYS:
        secret = mill.some(letters, length)
        yield _of(f"key {prefix}", NEUTRAL, prefix + secret, secret)
    yield from _emails(mill)
    yield from _tokens(mill)
    for scheme in _SCHEMES:
        password = mill.some(_ALL, 18)
        yield _of(f"url {scheme}", NEUTRAL, f"{scheme}://svc:{password}@db.internal:5432/orders", password)
    yield from _numbers(mill)


def _emails(mill: _Mill) -> Iterator[Canary]:
    forms = (
        "{}@example.org", "Anna.{}@example.com", "{}+news@mail.example.co.uk", "{}_x@sub.example.net",
        "{}-y@example.museum", "ANNA{}@EXAMPLE.ORG", "o%{}@example.org", "{}@xn--bcher-kva.example",
    )  # fmt: skip
    for form in forms:
        local = mill.some(_LETTERS + _DIGITS, 14)
        yield _of("email", NEUTRAL, form.format(local), local)


def _tokens(mill: _Mill) -> Iterator[Canary]:
    for algorithm in ("HS256", "RS256", "ES256", "EdDSA"):
        head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).decode()
        claims = base64.urlsafe_b64encode(json.dumps({"sub": mill.some(_ALL, 20)}).encode()).decode()
        signature = mill.some(_ALL, 43)
        token = f"{head.rstrip('=')}.{claims.rstrip('=')}.{signature}"
        yield _of("jwt", NEUTRAL, token, f"{claims[14:34]} {signature}")
    for scheme in ("Bearer", "bearer", "BEARER"):
        secret = mill.some(_ALL, 40)
        yield _of("bearer", NEUTRAL, f"{scheme} {secret}", secret)
    for user in ("admin", "svc-orders", "root"):
        password = mill.some(_ALL, 20)
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        # Its beginning is the user's name, which others have too.
        own = token.rstrip("=")[2 * len(user) :]
        yield _of("basic", NEUTRAL, f"Basic {token}", f"{own} {password}")
    for kind in _PEMS:
        lines = [mill.some(_ALL, 64) for _ in range(3)]
        body = "\n".join(lines)
        label = f"{kind}PRIVATE KEY-----"
        yield _of("pem", NEUTRAL, f"-----BEGIN {label}\n{body}\n-----END {label}", body)


def _numbers(mill: _Mill) -> Iterator[Canary]:
    for number, (country, length) in enumerate(_IBANS.items()):
        letters = "ABCD" if country == "GB" else ""
        account = letters + mill.some(_DIGITS, length - len(letters))
        whole = f"{country}{_check(country, account)}{account}"
        iban = _grouped(whole, (4,) * 9) if number % 2 else whole
        yield Canary("iban", NEUTRAL, iban, (iban[5:],))
    for number, (prefix, length) in enumerate(_CARDS):
        digits = _luhn(prefix + mill.some(_DIGITS, length - len(prefix) - 1))
        spaced = _grouped(digits, (4, 6, 5) if length == _AMEX else (4, 4, 4, 4))
        card = (spaced, spaced.replace(" ", "-"), f"card {digits}")[number % 3]
        yield Canary("card", NEUTRAL, card, (card.removeprefix("card ")[5:],))
    for beginning, length in _PHONES:
        rest = mill.some(_DIGITS, length)
        parted = f"{rest[:-4]} {rest[-4:]}" if " " in beginning else rest
        yield Canary("phone", NEUTRAL, f"{beginning}{parted}", (f"{beginning}{parted}"[4:],))


def _grouped(text: str, sizes: tuple[int, ...]) -> str:
    """Return a number as people write it."""
    ends = accumulate(sizes)
    return " ".join(filter(None, (text[end - size : end] for end, size in zip(ends, sizes, strict=True))))


def _named(mill: _Mill) -> Iterator[Canary]:
    for name in dict.fromkeys(_NAMES):
        yield _of(PERSON if name in _PEOPLE else "named", name, mill.some(_ALL, 28))


def _check(country: str, account: str) -> str:
    """Return the two check digits of an IBAN (ISO 13616)."""
    spelled = "".join(str(int(each, 36)) for each in f"{account}{country}00")
    return f"{98 - int(spelled) % 97:02d}"


def _luhn(digits: str) -> str:
    """Return the number of a card with its check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 if place % 2 else 2)
        total += doubled - _LAST_DIGIT if doubled > _LAST_DIGIT else doubled
    return f"{digits}{-total % 10}"
