"""Generated values that have to be found, and what they stand in."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.checks import _IBAN_LENGTHS as IBAN_LENGTHS
from ameide_telemetry.redaction.checks import _SCHEMES as SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

FRAMES: Final = (
    "{}",
    "customer {} was not found",
    "the last word is {}.",
    '{{"event": "signup", "contact": "{}", "plan": "free"}}',
    "level=info msg=created contact={} took=3ms",
    "{{'contact': '{}', 'tries': 3}}",
    "ValueError: ({}) is already taken",
    "tried <{}>; giving up",
    "two of them: {}, and more",
    "GET /find HTTP/1.1 contact:{}\tdone",
)
URL_FRAMES: Final = ("https://shop.test/find?contact={}&page=2", "/find?page=2&contact={}")
CARD_FRAMES: Final = (
    "card {} declined",
    "card_number={}",
    '{{"cardNumber": "{}", "amount": 5}}',
    "payment with {} failed",
    "level=info visa={} took=3ms",
    "{{'pan': '{}', 'tries': 3}}",
    "charged {}.",
    "credit card no. ({})",
)
_LOCALS: Final = (
    "bob",
    "anna.meier",
    "j-d_s",
    "x",
    "jürgen",
    "张伟",
    "info+tag",
    "a.b.c",
    "o_9",
    "élise+shop",
)
_HOSTS: Final = ("example", "mail.example", "a-b", "münchen", "例子", "xn--mnchen-3ya", "163", "sub.corp")
_ENDS: Final = ("com", "de", "co.uk", "museum", "рф", "xn--p1ai", "io")
_BASE64: Final = string.ascii_letters + string.digits + "-_"
_PHONES: Final = (
    ("49", 10),
    ("44", 10),
    ("33", 9),
    ("31", 9),
    ("91", 10),
    ("86", 11),
    ("55", 11),
    ("358", 9),
)
_MORE_PHONES: Final = (
    ("353", 9),
    ("420", 9),
    ("971", 9),
    ("61", 9),
    ("34", 9),
    ("45", 8),
    ("47", 8),
    ("65", 8),
)


def email(random: Random) -> str:
    """Return an address, some of them beyond ASCII, with tags, or escaped for a URL."""
    at = random.choice("@@@@").replace("@", random.choice(("@", "@", "@", "%40")))
    number = random.choice(("", str(random.randrange(1000))))
    return f"{random.choice(_LOCALS)}{number}{at}{random.choice(_HOSTS)}.{random.choice(_ENDS)}"


def iban(random: Random) -> str:
    """Return an account of any country with valid check digits, plain or in groups."""
    country = random.choice(sorted(IBAN_LENGTHS))
    body = _digits(random, IBAN_LENGTHS[country] - 4)
    if country in {"GB", "NL", "IE", "MT"}:
        body = "".join(random.choices(string.ascii_uppercase, k=4)) + body[4:]
    check = 98 - int("".join(str(int(each, 36)) for each in f"{body}{country}00")) % 97
    plain = f"{country}{check:02}{body}"
    return plain if random.random() < 0.5 else " ".join(_groups(plain, 4))


def jwt(random: Random) -> str:
    """Return a signed token."""
    head = _base64(json.dumps({"alg": random.choice(("HS256", "RS256", "EdDSA")), "typ": "JWT"}))
    claims = _base64(json.dumps({"sub": _digits(random, 8), "iat": random.randrange(2**31)}))
    return f"{head}.{claims}.{''.join(random.choices(_BASE64, k=43))}"


def phone(random: Random) -> str:
    """Return an international number, with separators or without."""
    if random.random() < 0.2:
        area, office, line = random.randrange(200, 990), random.randrange(200, 999), _digits(random, 4)
        return random.choice(
            ("+1{}{}{}", "+1 {} {} {}", "+1-{}-{}-{}", "+1 ({}) {}-{}", "+1.{}.{}.{}")
        ).format(area, office, line)
    code, size = random.choice((*_PHONES, *_MORE_PHONES))
    rest = str(random.randrange(1, 10)) + _digits(random, size - 1)
    separator = random.choice(("", "", " ", "-", "."))
    return f"+{code}{separator}{separator.join(_groups(rest, random.choice((2, 3, 4))))}"


def card(random: Random) -> str:
    """Return the number of a card of a scheme in use, in one piece."""
    low, high, lengths = random.choice(SCHEMES)
    front = str(random.randint(low, high))
    body = front + _digits(random, random.choice(sorted(lengths)) - len(front) - 1)
    values = [int(each) for each in reversed(body)]
    total = sum(values[1::2]) + sum(sum(divmod(2 * each, 10)) for each in values[::2])
    return f"{body}{-total % 10}"


def grouped_card(random: Random) -> str:
    """Return the number of a card as it is printed on it: in groups."""
    number = card(random)
    while len(number) not in {15, 16, 19}:
        number = card(random)
    separator = random.choice(" -")
    if len(number) == 15:
        return separator.join((number[:4], number[4:10], number[10:]))
    return separator.join(_groups(number, 4))


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices(string.digits, k=count))


def _groups(text: str, size: int) -> list[str]:
    return [text[begin : begin + size] for begin in range(0, len(text), size)]


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


PEOPLE: Final[Mapping[str, tuple[Callable[[Random], str], tuple[str, ...]]]] = {
    "email": (email, (*FRAMES, *URL_FRAMES)),
    "iban": (iban, FRAMES),
    "jwt": (jwt, (*FRAMES, *URL_FRAMES)),
    "phone": (phone, FRAMES),
    "card in groups": (grouped_card, FRAMES),
    "card in one piece": (card, CARD_FRAMES),
}
"""What is generated -> how, and what it stands in."""
