"""Whether digits that look like a number of some scheme are one: check digits, lengths, prefixes."""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["iban_length", "is_card", "is_iban", "is_phone"]

# Issuer identification numbers in use and the lengths of their cards (ISO/IEC 7812, the schemes' own
# pages): a range of leading digits -> lengths. Luhn alone takes one in ten of all long numbers for a card.
_SCHEMES: Final[tuple[tuple[int, int, frozenset[int]], ...]] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),  # American Express
    (300, 305, frozenset({14, 16, 19})),  # Diners Club
    (3095, 3095, frozenset({14, 16, 19})),  # Diners Club
    (36, 36, frozenset({14, 16, 19})),  # Diners Club
    (38, 39, frozenset({14, 16, 19})),  # Diners Club
    (6011, 6011, frozenset({16, 19})),  # Discover
    (644, 649, frozenset({16, 19})),  # Discover
    (65, 65, frozenset({16, 19})),  # Discover, RuPay
    (3528, 3589, frozenset({16, 19})),  # JCB
    (62, 62, frozenset({16, 17, 18, 19})),  # UnionPay
    (81, 82, frozenset({16})),  # RuPay, UnionPay
    (60, 60, frozenset({16})),  # RuPay
    (508, 508, frozenset({16})),  # RuPay
    (2200, 2204, frozenset({16, 17, 18, 19})),  # Mir
    (5018, 5018, frozenset(range(13, 20))),  # Maestro
    (5020, 5020, frozenset(range(13, 20))),  # Maestro
    (5038, 5038, frozenset(range(13, 20))),  # Maestro
    (5893, 5893, frozenset(range(13, 20))),  # Maestro
    (6304, 6304, frozenset(range(13, 20))),  # Maestro
    (6759, 6763, frozenset(range(13, 20))),  # Maestro
    (636, 639, frozenset({16, 17, 18, 19})),  # InstaPayment, Maestro
)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# ISO 13616 registry: characters of an IBAN by country.
_IBAN_LENGTHS: Final[Mapping[str, int]] = {
    country: int(length)
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_ALNUM: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
# ITU-T E.164, country codes of two digits; 1 and 7 stand alone, all others have three.
_TWO_DIGITS: Final = re.compile(
    r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]",
)
_THREE_DIGITS: Final = re.compile(
    r"2(?:1[1-368]|[2-6][0-9]|9[0157-9])|3(?:5[0-9]|7[0-8]|8[0-79])|42[0134]|50[0-9]|59[0-9]|67[02-9]"
    r"|68[0-35-9]|69[0-2]|8(?:00|08|5[02356]|7[08]|8[0-368])|9(?:6[0-8]|7[0-79]|9[2-689])"
)
# North America and Kazakhstan with Russia number all lines alike; 555 is for examples.
_NORTH_AMERICA: Final = re.compile(r"1(?:[2-9][0-9]{2}[2-9]|555[0-9])[0-9]{6}")
_RUSSIA: Final = re.compile(r"7[3-9][0-9]{9}")
# A number with its country code; what is shorter is nearly always a difference or an offset.
_LEAST_OF_TWO: Final = 10
_LEAST_OF_THREE: Final = 9
_MOST_DIGITS: Final = 15
_LAST: Final = 97


# ISO 13616: letters count from 10.
_VALUES: Final = {ord(letter): str(ord(letter) - 55) for letter in ascii_uppercase}


def is_card(digits: str) -> bool:
    """Tell whether digits are the number of a card: issuer prefix, length, Luhn check digit."""
    size = len(digits)
    for low, high, lengths in _SCHEMES:
        if size in lengths and low <= int(digits[: len(str(low))]) <= high:
            return _luhn(digits)
    return False


def iban_length(country: str) -> int:
    """Return how many characters an IBAN of a country has; 0 where there is none."""
    return _IBAN_LENGTHS.get(country, 0)


def is_iban(text: str) -> bool:
    """Tell whether text without spaces is an IBAN: country, length, and ISO 7064 MOD 97-10."""
    if len(text) != iban_length(text[:2]) or _ALNUM.fullmatch(text) is None:
        return False
    return int((text[4:] + text[:4]).translate(_VALUES)) % _LAST == 1


def is_phone(digits: str) -> bool:
    """Tell whether digits behind a plus can be a telephone number: country code and a length it has."""
    if digits[:1] == "1":
        return _NORTH_AMERICA.fullmatch(digits) is not None
    if digits[:1] == "7":
        return _RUSSIA.fullmatch(digits) is not None
    if _TWO_DIGITS.match(digits) is not None:
        return _LEAST_OF_TWO <= len(digits) <= _MOST_DIGITS
    return _LEAST_OF_THREE <= len(digits) <= _MOST_DIGITS and _THREE_DIGITS.match(digits) is not None


def _luhn(digits: str) -> bool:
    values = [ord(each) - 48 for each in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[each] for each in values[1::2])) % 10 == 0
