"""Numbers of people behind their names that have spaces: `phone=+49 30 1234567`, `dob=1 Jan 1990`.

A part of such a number is the rest of it to whoever knows the first one, and a pseudonym of a part is that
of many people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.redaction.checks import iban_length, is_card

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["end_of_spaced"]

# A group that is no date or time, and no first part of a word or a pair.
_GROUP: Final = re.compile(r" ?\(?(?![0-9]{4}-[0-9]{2}-)[0-9][0-9().\-/]{0,20}+(?<![.\-/])(?![\w:=%+])")
_FIRST: Final = re.compile(r"\+?\(?\+?[0-9][0-9().\-/]{0,31}+(?<![.\-/])(?![\w:=%+])")
# How many digits all groups have together, and from how many on the first one is a number by itself.
_SIZES: Final[Mapping[str, tuple[int, int, int]]] = {
    "phone": (6, 15, 9),
    "card": (12, 19, 12),
    "account": (6, 34, 8),
    "national_id": (6, 20, 9),
    "birth_date": (5, 8, 6),
}
_MOST_GROUPS: Final = 12
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}")
# Letters stand in the first group, where some countries have the name of the bank.
_IBAN_GROUP: Final = re.compile(r" ?(?:[A-Z0-9]{1,4}|(?=[a-z]{0,3}[0-9])[a-z0-9]{1,4})(?![A-Za-z0-9])")
_BANK: Final = re.compile(r" ?[A-Za-z]{4}(?= ?[0-9])")
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    "birth_date": re.compile(
        rf"(?i:[0-9]{{1,2}}(?:st|nd|rd|th|\.)? (?:of )?{_MONTH},? [0-9]{{4}}"
        rf"|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}})(?!\w)"
    ),
    "national_id": re.compile(r"[A-Za-z]{2}(?: ?[0-9]{2}){3} ?[A-Da-d](?!\w)"),
    "address": re.compile(
        r"[^\W\d_][\w'.\-]{0,40}(?: [^\W\d_a-z][\w'.\-]{0,40}){0,4} [0-9]{1,5}[A-Za-z]?(?![\w.\-=:])"
    ),
    "email": re.compile(
        r"[^\s,;&=<>\"'@:]{1,64}(?: [^\s,;&=<>\"'@:]{1,64}){0,3} <[^\s<>@]{1,64}@[^\s<>@]{1,255}>"
    ),
}


def end_of_spaced(text: str, begin: int, kind: str) -> int | None:
    """Return where a number of several groups ends that begins at `begin`; None where there is none.

    Args:
        text: what it stands in.
        begin: where its first group begins.
        kind: the class of its name.
    """
    words = _WORDS.get(kind)
    found = None if words is None else words.match(text, begin)
    if found is not None:
        return found.end()
    if kind in {"iban", "account"}:
        end = _end_of_iban(text, begin)
        if end is not None:
            return end
    return _end_of_groups(text, begin, kind) if kind in _SIZES else None


def _end_of_iban(text: str, begin: int) -> int | None:
    """Return the end of as many groups as an IBAN of the country has, whether its check digits fit or not."""
    country = _COUNTRY.match(text, begin)
    left = 0 if country is None else iban_length(country[0][:2].upper()) - country.end() + begin
    if country is None or left <= 0:
        return None
    end = country.end()
    bank = _BANK.match(text, end)
    if bank is not None:
        left -= len(bank[0].strip())
        end = bank.end()
    for _ in range(_MOST_GROUPS):
        group = _IBAN_GROUP.match(text, end)
        if group is None or left <= 0:
            break
        left -= len(group[0].strip())
        end = group.end()
    return end if left == 0 else None


def _end_of_groups(text: str, begin: int, kind: str) -> int | None:
    least, most, whole = _SIZES[kind]
    group = _FIRST.match(text, begin)
    digits, end, best = "", begin, None
    for _ in range(_MOST_GROUPS):
        if group is None:
            break
        digits += "".join(filter(str.isdigit, group[0]))
        if len(digits) > most:
            break
        end = group.end()
        best = end if len(digits) >= least else None
        if (group.start() == begin and len(digits) >= whole) or is_card(digits):
            break
        group = _GROUP.match(text, end)
    return best
